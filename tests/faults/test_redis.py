"""Redis is a courtesy: without it everything arrives, only later. Visitor and operator are on two processes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

import pytest

from tests.faults.checker import violations
from tests.faults.client import Person
from tests.faults.conftest import OpenShop
from tests.faults.machines import Redis
from tests.faults.shop import Shop

AT_LAST = 6.0  # seconds until a message arrives without Redis
SOON = 1.0  # seconds until a message is acknowledged, always; and until it arrives, with Redis
RECOVERY = 30.0  # seconds after which messages arrive soon again
MESSAGES = 3

FAULTS: dict[str, tuple[Callable[[Redis], None], Callable[[Redis], None]]] = {
    "killed": (Redis.kill, Redis.start),
    "frozen": (Redis.freeze, Redis.thaw),
}


@pytest.mark.parametrize(("break_it", "mend_it"), FAULTS.values(), ids=FAULTS.keys())
async def test_messages_arrive_without_redis(
    open_shop: OpenShop, redis_server: Redis, break_it: Callable[[Redis], None], mend_it: Callable[[Redis], None]
) -> None:
    shop = open_shop("postgres", processes=2, redis=redis_server)
    async with two_people_on_two_processes(shop) as (visitor, operator):
        await until_they_hear_one_another_soon(visitor, operator)

        break_it(redis_server)
        for _ in range(MESSAGES):
            for speaker, listener in ((visitor, operator), (operator, visitor)):
                acknowledged, arrived = await say_across(speaker, listener)
                assert acknowledged < SOON
                assert arrived < AT_LAST

        await asyncio.to_thread(mend_it, redis_server)
        await until_they_hear_one_another_soon(visitor, operator)
        assert (visitor.connections, operator.connections) == (1, 1)
    assert violations(shop.history) == []


@contextlib.asynccontextmanager
async def two_people_on_two_processes(shop: Shop) -> AsyncIterator[tuple[Person, Person]]:
    async with shop.visitor(process=0) as visitor:
        await visitor.say("Is anybody there?")
        await visitor.until_all_is_said()
        async with shop.operator(visitor.conversation, process=1) as operator:
            yield visitor, operator


async def say_across(speaker: Person, listener: Person) -> tuple[float, float]:
    """In how many seconds it was acknowledged, and had arrived on the other side."""
    began = time.monotonic()
    await speaker.say("Is this one dimmable?")
    await speaker.until_all_is_said()
    acknowledged = time.monotonic() - began
    await listener.until(lambda: listener.after >= speaker.after)
    return acknowledged, time.monotonic() - began


async def until_they_hear_one_another_soon(visitor: Person, operator: Person) -> None:
    """Twice each way: the poll floor alone may be quick by chance."""
    async with asyncio.timeout(RECOVERY):
        quick = 0
        while quick < 4:
            pair = (visitor, operator) if quick % 2 else (operator, visitor)
            _, arrived = await say_across(*pair)
            quick = quick + 1 if arrived < SOON else 0
