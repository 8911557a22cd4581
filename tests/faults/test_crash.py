"""The server is killed while both sides are writing, and started again. Nobody reloads anything."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.faults.checker import Said, violations
from tests.faults.client import Person
from tests.faults.conftest import OpenShop
from tests.faults.machines import Redis
from tests.faults.shop import Shop

KILLS = 3
SAID_BETWEEN_KILLS = (5, 40)  # messages
AT_A_TIME = 3  # more than one waits in the outbox when the server dies


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_was_acknowledged_survives_on_sqlite(open_shop: OpenShop, seed: int) -> None:
    await a_conversation_survives(open_shop("sqlite"), random.Random(seed))


@pytest.mark.parametrize("seed", [3, 4])
async def test_what_was_acknowledged_survives_on_postgres_between_two_processes(
    open_shop: OpenShop, redis_server: Redis, seed: int
) -> None:
    await a_conversation_survives(open_shop("postgres", processes=2, redis=redis_server), random.Random(seed))


async def a_conversation_survives(shop: Shop, chance: random.Random) -> None:
    async with shop.visitor() as visitor:
        await visitor.say("Is anybody there?")
        await visitor.until_all_is_said()
        async with shop.operator(visitor.conversation, process=len(shop.servers) - 1) as operator:
            both = (visitor, operator)
            talking = [asyncio.ensure_future(talk(person)) for person in both]
            for _ in range(KILLS):
                await both_have_said_more(both, chance.randint(*SAID_BETWEEN_KILLS))
                await kill_and_restart(shop, chance)
            await both_have_said_more(both, SAID_BETWEEN_KILLS[0])
            for task in talking:
                task.cancel()
            for person in both:
                await person.until_all_is_said()
            await operator.until(lambda: operator.after >= visitor.after)
            await visitor.until(lambda: visitor.after >= operator.after)
            assert min(person.connections for person in both) > 1
            assert sum(person.resets for person in both) == 0
    assert violations(shop.history) == []
    said = sum(isinstance(event, Said) for event in shop.history)
    with_the_line_that_the_operator_joined = said + 1
    assert shop.count("consult_message") == with_the_line_that_the_operator_joined


async def talk(person: Person) -> None:
    """As fast as one is answered, with some always on their way."""
    for number in range(1_000_000):
        await person.say(f"{person.name}'s words, {number}")
        await person.until(lambda: len(person.outbox) < AT_A_TIME)


async def both_have_said_more(people: tuple[Person, Person], count: int) -> None:
    for person in people:
        goal = person.after + count
        await person.until(lambda person=person, goal=goal: person.after >= goal)  # type: ignore[misc]


async def kill_and_restart(shop: Shop, chance: random.Random) -> None:
    server = chance.choice(shop.servers)
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
