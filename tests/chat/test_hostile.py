"""Hostile visitors, careless operators, and a database that comes and goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission, User
from django.db import OperationalError
from django.test import Client, override_settings
from django.urls import reverse

from consult.chat import beat, desk_socket, desks, identity, live, log, pool, rate, reading, socket, visitor_socket
from consult.chat.closing import RESTART
from consult.chat.entry import Entry
from consult.models import Conversation, Message, Token, Visitor
from tests.chat.conftest import Page, browser_of, session_of
from tests.chat.test_exchange import HELLO, Browser, say

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("tasks_end_with_their_test")]

Open = Callable[..., Any]


def sign_in(cookies: Any, customer: User) -> None:
    """The browser with these cookies signs in to the shop, and asks for its next page."""
    client = Client()
    client.cookies.update(cookies)
    client.force_login(customer)
    assert client.get(reverse("consult:me")).json()["visitor"]


def allow(user: User, codename: str) -> None:
    user.user_permissions.add(Permission.objects.get(codename=codename))


# Signing in and out


@pytest.mark.parametrize("known", ["", "known"], ids=["a new customer", "a known one"])
@pytest.mark.parametrize("announced", ["", "announced"], ids=["unheard", "announced"])
async def test_a_page_from_before_signing_in_starts_again(
    open_page: Open, visitor: Visitor, customer: User, known: str, announced: str
) -> None:
    if known:
        await Visitor.objects.acreate(customer=customer)
    cookies = await sync_to_async(browser_of)(visitor)
    page = await open_page("/ws/consult/visitor/", cookies)
    await page.hello()
    with patch.object(live, "tell") if not announced else nullcontext():
        await sync_to_async(sign_in)(cookies, customer)
    if not announced:
        await page.say("Which size?")
    assert await page.closing() == 1012
    assert not await Message.objects.aexists()


async def test_the_beat_finds_the_pages_that_signed_in_elsewhere(
    open_page: Open, visitor: Visitor, customer: User
) -> None:
    cookies = await sync_to_async(browser_of)(visitor)
    page = await open_page("/ws/consult/visitor/", cookies)
    await page.hello()
    with patch.object(live, "tell"):
        await sync_to_async(sign_in)(cookies, customer)
    await beat._ask_rights()
    assert await page.closing() == 1012


def test_one_id_on_both_sides_of_signing_in_joins_all_the_same(
    visitor: Visitor, other_visitor: Visitor, customer: User
) -> None:
    Visitor.objects.filter(pk=other_visitor.pk).update(customer=customer)
    client_id = uuid4()
    for person in (visitor, other_visitor):
        log.say(Entry(person.author, client_id, f"I am {person.name}", visitor=person.pk))
    sign_in(browser_of(visitor), customer)
    said = Message.objects.filter(conversation__visitor=other_visitor, kind="text")
    assert {message.body for message in said} == {"I am Vera", "I am Walter"}


# Words that break what carries them


async def test_a_lone_surrogate_is_echoed_to_nobody(visitor: Visitor) -> None:
    blocked = Browser("visitor", await sync_to_async(browser_of)(visitor))
    for frame in ('{"type":"\\ud800"}', '{"type":"hello","conversation":"\\ud800"}'):
        assert (await blocked.post(frame)).status_code == 200


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
async def test_a_line_separator_does_not_end_a_frame(visitor: Visitor, separator: str) -> None:
    blocked = Browser("visitor", await sync_to_async(browser_of)(visitor))
    frame = json.dumps(say(f"one{separator}two"), ensure_ascii=False)
    response = await blocked.post(json.dumps(HELLO), frame)
    assert response.status_code == 200
    assert "one" in (await Message.objects.aget()).body


async def test_an_address_that_is_none_does_not_hide_the_visitor(
    visit: Open, visitor: Visitor, conversation: Conversation, operator: User
) -> None:
    page = await visit(visitor)
    await page.tell("page", url="http://[", title="A lamp")
    await page.tell("more", before=1)
    await page.hear("messages")
    client = Client()
    await sync_to_async(client.force_login)(operator)
    aside = reverse("admin:consult_desk_aside", args=[conversation.public_id])
    assert (await sync_to_async(client.get)(aside)).status_code == 200


def test_a_long_name_can_answer(conversation: Conversation, operator: User) -> None:
    operator.first_name, operator.last_name = "O" * 150, "L" * 150
    operator.save()
    conversation.take(operator)
    conversation.close(operator)
    assert conversation.messages.count() == 3


# A database that comes and goes


async def test_a_database_that_fails_restarts_the_socket(visit: Open, visitor: Visitor) -> None:
    page = await visit(visitor)
    with patch.object(reading, "current", side_effect=OperationalError("gone")):
        await page.tell("hello")
        assert await page.closing() == 1012


async def test_a_database_that_fails_at_the_door(visitor: Visitor, pages: list[Page]) -> None:
    page = Page("/ws/consult/visitor/", await sync_to_async(browser_of)(visitor))
    pages.append(page)
    with patch.object(visitor_socket, "token_of", side_effect=OperationalError("gone")):
        assert await page.open()
        assert await page.closing() == 1012


async def test_an_exchange_without_a_database_is_to_be_repeated(visitor: Visitor) -> None:
    blocked = Browser("visitor", await sync_to_async(browser_of)(visitor))
    with patch.object(reading, "current", side_effect=OperationalError("gone")):
        assert (await blocked.post(json.dumps(HELLO))).status_code == 503


def test_signing_in_survives_a_deadlock(visitor: Visitor, customer: User) -> None:
    Visitor.objects.create(customer=customer)
    join, fails = identity._join, iter([OperationalError("deadlock detected")])

    def once_more(*args: Any) -> Token:
        for error in fails:
            raise error
        return join(*args)

    with patch.object(identity, "_join", once_more):
        sign_in(browser_of(visitor), customer)


@pytest.mark.parametrize("verb", ["take", "release", "close"])
def test_a_verb_that_waits_too_long_can_be_repeated(conversation: Conversation, operator: User, verb: str) -> None:
    client = Client()
    client.force_login(operator)
    with patch.object(Conversation, verb, side_effect=OperationalError("lock timeout")):
        answer = client.post(reverse(f"admin:consult_desk_{verb}", args=[conversation.public_id]))
    assert (answer.status_code, answer.json()["reason"]) == (409, "try_again")


def test_a_question_that_waits_too_long_is_kept_in_its_form(visitor: Visitor) -> None:
    client = Client()
    client.cookies = browser_of(visitor)
    with patch.object(log, "append", side_effect=OperationalError("lock timeout")):
        answer = client.post(reverse("consult:contact"), {"question": "Which size?"})
    assert answer.status_code == 422
    assert "Which size?" in answer.content.decode()


# A crowd


async def test_a_desk_that_sits_down_before_a_crowd_stays(sit_down: Open, operator: User) -> None:
    def crowd() -> None:
        people = Visitor.objects.bulk_create(Visitor(name=f"v{n}") for n in range(2_500))
        Conversation.objects.bulk_create(Conversation(visitor=one) for one in people)

    await sync_to_async(crowd)()
    desk = await sit_down(operator)
    await beat._floor()
    if desks.desks._refreshing:
        await desks.desks._refreshing
    await desk.tell("hello", view={"list": "mine", "page": 1})
    assert (await desk.hear("rows"))["list"] == "mine"


# Hearing what one may not


async def test_nobody_follows_a_conversation_before_it_is_known_that_they_may(
    sit_down: Open, conversation: Conversation, operator: User, colleague: User
) -> None:
    """Who follows hears at once: what was refused must not have been joined meanwhile."""
    await sync_to_async(conversation.take)(colleague)
    named = str(conversation.public_id)
    theirs, others = await sit_down(colleague), await sit_down(operator)
    with patch.object(live, "join", wraps=live.join) as join:
        await theirs.hello(conversation=named)
        assert [call.args[1] for call in join.call_args_list] == [f"c{named}"]
        join.reset_mock()
        await others.tell("hello", v=1, conversation=named)
        assert (await others.hear("refused"))["reason"] == "not_found"
        join.assert_not_called()


async def test_a_manager_no_longer_starts_again_with_what_they_may_see(
    sit_down: Open, conversation: Conversation, operator: User, manager: User
) -> None:
    await sync_to_async(conversation.take)(operator)
    desk = await sit_down(manager)
    await desk.hello(conversation=str(conversation.public_id))
    permission = await sync_to_async(Permission.objects.get)(codename="view_all_conversations")
    await sync_to_async(manager.user_permissions.remove)(permission)
    await beat._ask_rights()
    assert await desk.closing() == RESTART


# Asking for too much


async def test_who_asks_for_much_waits_for_their_turn(
    visit: Open, visitor: Visitor, conversation: Conversation
) -> None:
    page = await visit(visitor)
    clock = asyncio.get_running_loop().time
    began = clock()
    with patch.multiple(socket, ASKS=1, ASK_EVERY=0.1):
        for _ in range(4):
            await page.tell("more", before=9)
        for _ in range(4):
            assert (await page.hear("messages"))["messages"]
    assert clock() - began >= 0.3


async def test_who_does_not_listen_is_told_no_more(visitor: Visitor, conversation: Conversation) -> None:
    deaf, inbox = asyncio.Event(), asyncio.Queue[dict[str, Any]]()
    page = Page("/ws/consult/visitor/", await sync_to_async(browser_of)(visitor))

    async def send(event: dict[str, Any]) -> None:
        if event["type"] == "websocket.send":
            deaf.set()
            await asyncio.Event().wait()

    inbox.put_nowait({"type": "websocket.connect"})
    for frame in ({"type": "hello"}, *[{"type": "more", "before": 9}] * 9):
        inbox.put_nowait({"type": "websocket.receive", "text": json.dumps(frame)})
    scope: Any = page.socket.scope
    serving = asyncio.create_task(visitor_socket.VisitorSocket.serve(scope, inbox.get, send))
    await deaf.wait()
    for _ in range(50):
        await pool.run(Token.objects.count)
    assert inbox.qsize() == 8  # the next question was taken, and waits
    serving.cancel()
    await asyncio.wait([serving])


def test_the_form_has_the_same_rate_as_the_socket(visitor: Visitor) -> None:
    client = Client()
    client.cookies = browser_of(visitor)
    with override_settings(CONSULT={"SAY_BURST": 2}):
        rate._buckets.clear()
        status = [client.post(reverse("consult:contact"), {"question": "Hello?"}).status_code for _ in range(3)]
    assert status == [302, 302, 422]
    assert Message.objects.count() == 2


async def test_an_exchange_has_an_end(visitor: Visitor) -> None:
    blocked = Browser("visitor", await sync_to_async(browser_of)(visitor))
    assert (await blocked.post(*[json.dumps(HELLO)] * 101)).status_code == 413


# Colleagues


async def test_who_may_only_read_does_not_lose_the_desk_by_speaking(
    sit_down: Open, conversation: Conversation, staff: User
) -> None:
    await sync_to_async(allow)(staff, "view_all_conversations")
    desk = await sit_down(staff, "all")
    await desk.say("Hello", conversation=str(conversation.public_id))
    assert (await desk.hear("refused"))["reason"] == "not_found"


async def test_an_operator_without_the_permission_sees_no_other_list(sit_down: Open, operator: User) -> None:
    desk = await sit_down(operator)
    await sync_to_async(operator.user_permissions.clear)()
    await desk.tell("hello", view={"list": "mine"})
    assert await desk.closing() == 4401


async def test_the_beat_runs_where_all_sockets_are_blocked(operator: User) -> None:
    desk = Browser("desk", await sync_to_async(session_of)(operator))
    with patch.object(beat, "start") as start:
        await desk.exchange(HELLO | {"view": {"list": "waiting"}})
    start.assert_called()


async def test_a_conversation_taken_while_it_opens_is_not_followed(
    sit_down: Open, conversation: Conversation, operator: User, colleague: User
) -> None:
    desk = await sit_down(operator)
    (socket,) = live.listening("desk")
    look, told = desk_socket.DeskSocket.look, asyncio.Event()
    loop = asyncio.get_running_loop()

    def slowly(self: desk_socket.DeskSocket, frame: dict[str, Any]) -> dict[str, Any]:
        found = look(self, frame)
        conversation.take(colleague)
        asyncio.run_coroutine_threadsafe(told.wait(), loop).result(timeout=5)
        return found

    with patch.object(desk_socket.DeskSocket, "look", slowly):
        await desk.tell("hello", conversation=str(conversation.public_id))
        assert (await desk.hear("row"))["row"]["gone"]
        told.set()
        assert (await desk.hear("refused"))["reason"] == "not_found"
    assert socket not in live.listening(f"c{conversation.public_id}")
