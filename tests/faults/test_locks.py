"""Somebody else holds a lock in the database. Whoever talks doesn't notice."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator

import psycopg
import pytest

from tests.faults.checker import violations
from tests.faults.client import Person
from tests.faults.conftest import OpenShop
from tests.faults.shop import SQLITE_FILE, Shop

SOON = 1.0  # seconds until a message has to be acknowledged
MESSAGES = 5
HELD = 2.0  # seconds for which the lock of SQLite is held: the fault itself

CHECKOUT = "CREATE TABLE checkout (conversation bigint REFERENCES consult_conversation)"
LOCKS = {
    "an order being inserted": "INSERT INTO checkout SELECT id FROM consult_conversation WHERE public_id = %s",
    "an order being checked": "SELECT 1 FROM consult_conversation WHERE public_id = %s FOR KEY SHARE",
}


@pytest.mark.parametrize("statement", LOCKS.values(), ids=LOCKS.keys())
async def test_an_open_checkout_stalls_nobody(open_shop: OpenShop, statement: str) -> None:
    shop = open_shop("postgres")
    async with conversation(shop, "first") as (visitor, operator), conversation(shop, "second") as (other, _):
        with postgres(shop) as checkout:
            checkout.execute(CHECKOUT)
            checkout.commit()
            checkout.execute(statement, [visitor.conversation])
            for _ in range(MESSAGES):
                for person in (visitor, operator, other):
                    assert await seconds_until_acknowledged(person) < SOON
            checkout.rollback()
    assert violations(shop.history) == []


async def test_a_locked_conversation_stalls_no_other(open_shop: OpenShop) -> None:
    shop = open_shop("postgres")
    async with conversation(shop, "first") as (visitor, _), conversation(shop, "second") as (other, operator):
        with postgres(shop) as somebody:
            somebody.execute(
                "SELECT 1 FROM consult_conversation WHERE public_id = %s FOR UPDATE", [visitor.conversation]
            )
            await visitor.say("I'll have to wait")
            for _ in range(MESSAGES):
                for person in (other, operator):
                    assert await seconds_until_acknowledged(person) < SOON
            assert visitor.outbox  # it was locked indeed
            somebody.rollback()
        await visitor.until_all_is_said()
    assert violations(shop.history) == []


async def test_nobody_hears_that_sqlite_is_locked(open_shop: OpenShop) -> None:
    shop = open_shop("sqlite")
    async with conversation(shop, "first") as (visitor, operator), conversation(shop, "second") as (other, _):
        people = (visitor, operator, other)
        with contextlib.closing(sqlite3.connect(shop.home / SQLITE_FILE, isolation_level=None)) as somebody:
            somebody.execute("BEGIN IMMEDIATE")
            for person in people:
                await person.say("while the file is locked")
            await asyncio.sleep(HELD)
            assert all(person.outbox for person in people)  # it was locked indeed
            somebody.execute("ROLLBACK")
        for person in people:
            await person.until_all_is_said()
            assert person.refusals == []
            assert person.connections == 1
    assert "database is locked" not in shop.said_by_servers()
    assert violations(shop.history) == []


@contextlib.asynccontextmanager
async def conversation(shop: Shop, name: str) -> AsyncIterator[tuple[Person, Person]]:
    """A visitor and an operator who have exchanged a word, and who leave when both have heard all."""
    async with shop.visitor(f"{name} visitor") as visitor:
        await seconds_until_acknowledged(visitor)
        async with shop.operator(visitor.conversation, f"{name} operator") as operator:
            await seconds_until_acknowledged(operator)
            await both_have_all(visitor, operator)
            yield visitor, operator
            await both_have_all(visitor, operator)


async def both_have_all(visitor: Person, operator: Person) -> None:
    await visitor.until(lambda: visitor.after >= operator.after)
    await operator.until(lambda: operator.after >= visitor.after)


async def seconds_until_acknowledged(person: Person) -> float:
    began = time.monotonic()
    await person.say("Is this one dimmable?")
    await person.until_all_is_said()
    return time.monotonic() - began


def postgres(shop: Shop) -> psycopg.Connection[tuple[object, ...]]:
    assert shop.stage.postgres is not None
    connection = shop.stage.postgres.connect(shop.database)
    connection.autocommit = False
    return connection
