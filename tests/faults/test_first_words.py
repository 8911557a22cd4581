"""The first message of all, whose retry must not open a second conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4

import pytest

from tests.faults.checker import violations
from tests.faults.client import Person
from tests.faults.conftest import OpenShop
from tests.faults.machines import Redis
from tests.faults.proxy import Proxy
from tests.faults.shop import Shop

AT_ONCE = 50
POLL = 0.02  # seconds between two looks into the database


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_first_words_cut_before_their_ack_are_said_once(open_shop: OpenShop, engine: str) -> None:
    shop = open_shop(engine)
    async with (
        Proxy(shop.servers[0].port) as proxy,
        shop.visitor(origin=proxy.origin) as visitor,
    ):
        await say_unheard(shop, visitor, proxy)
        proxy.swallows_answers = False
        proxy.cut()
        await visitor.until_all_is_said()
    assert_one_conversation_with_one_message(shop)


async def test_first_words_are_said_once_when_retried_on_another_process(
    open_shop: OpenShop, redis_server: Redis
) -> None:
    shop = open_shop("postgres", processes=2, redis=redis_server)
    async with (
        Proxy(shop.servers[0].port) as proxy,
        shop.visitor(origin=proxy.origin) as visitor,
    ):
        await say_unheard(shop, visitor, proxy)
        visitor.origin = shop.origin(1)
        proxy.cut()
        await visitor.until_all_is_said()
    assert_one_conversation_with_one_message(shop)


async def test_fifty_first_words_at_once_are_one_message(open_shop: OpenShop, redis_server: Redis) -> None:
    shop = open_shop("postgres", processes=2, redis=redis_server)
    client_id = str(uuid4())
    async with shop.visitor() as visitor:
        tabs = [
            Person(f"tab {number}", "visitor", shop.origin(number % 2), visitor.cookies, [])
            for number in range(AT_ONCE)
        ]
        living = [asyncio.ensure_future(tab.live()) for tab in tabs]
        try:
            await asyncio.gather(*(tab.until_ready() for tab in tabs))
            await asyncio.gather(*(tab.say("Is this one dimmable?", client_id) for tab in tabs))
            await asyncio.gather(*(tab.until_all_is_said() for tab in tabs))
            await asyncio.gather(*(tab.until(lambda tab=tab: tab.conversation is not None) for tab in tabs))  # type: ignore[misc]
        finally:
            for task in living:
                task.cancel()
            await asyncio.gather(*living, return_exceptions=True)
        assert {(tab.conversation, tab.after) for tab in tabs} == {(visitor.conversation, 1)}
    assert shop.count("consult_conversation") == 1
    assert shop.count("consult_message") == 1


async def say_unheard(shop: Shop, visitor: Person, proxy: Proxy) -> None:
    """The server has it, and its answer goes nowhere."""
    proxy.swallows_answers = True
    await visitor.say("Is this one dimmable?")
    await until(lambda: shop.count("consult_message") == 1)
    assert visitor.outbox


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110  a database sets no event
            await asyncio.sleep(POLL)


def assert_one_conversation_with_one_message(shop: Shop) -> None:
    assert shop.count("consult_conversation") == 1
    assert shop.count("consult_message") == 1
    assert violations(shop.history) == []
