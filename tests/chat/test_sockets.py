from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

from consult.chat import beat, duty, live, log, rights, socket
from consult.chat.entry import Entry
from consult.models import Conversation, Duty, Message, Token, Visitor
from tests.chat.conftest import HOST, ORIGIN, Page, browser_of, session_of

pytestmark = pytest.mark.django_db(transaction=True)

Visit = Callable[..., Any]


async def test_a_visitor_asks_and_an_operator_answers(
    visit: Visit, sit_down: Visit, visitor: Visitor, operator: User
) -> None:
    page, desk = await visit(visitor), await sit_down(operator)
    client_id = await page.say("Which size?")
    welcome = await page.hear("welcome")
    asked = await page.hear("message")
    assert (asked["client_id"], asked["seq"], asked["conversation"]) == (client_id, 1, welcome["conversation"])
    row = (await desk.hear("row"))["row"]
    assert (row["last"]["body"], row["unread"], row["operator"]) == ("Which size?", 1, None)

    await desk.hello(conversation=row["conversation"])
    await desk.say("The large one.", conversation=row["conversation"])
    joined, answered = await page.hear("message"), await page.hear("message")
    assert (joined["kind"], joined["facts"]["name"]) == ("joined", "Olga")
    assert (answered["body"], answered["author"]) == ("The large one.", {"kind": "operator", "name": "Olga"})
    assert [(await desk.hear("message"))["seq"] for _ in range(2)] == [2, 3]


async def test_both_tabs_of_a_visitor_hear_all(visit: Visit, visitor: Visitor) -> None:
    one, other = await visit(visitor), await visit(visitor)
    await one.say("Which size?")
    assert (await other.hear("welcome"))["conversation"] == (await one.hear("welcome"))["conversation"]
    assert await other.hear("message") == await one.hear("message")


async def test_a_retry_is_acknowledged_again(visit: Visit, visitor: Visitor) -> None:
    page = await visit(visitor)
    client_id = await page.say("Which size?")
    first = await page.hear("message")
    await page.say("Which size?", client_id=client_id)
    assert await page.hear("message") == first
    await page.say("Which colour?", client_id=client_id)
    assert (await page.hear("refused"))["reason"] == "conflict"


async def test_a_page_that_comes_back_gets_what_it_missed(
    visit: Visit, conversation: Conversation, visitor: Visitor
) -> None:
    page = await visit(visitor)
    for body in ("Hello?", "Anybody?"):
        await sync_to_async(conversation.say)(visitor.author, body)
    assert page.welcome["last_seq"] == 1
    again = await visit(
        visitor, conversation=str(conversation.public_id), after=1, epoch=page.welcome["epoch"], page={}
    )
    assert [message["body"] for message in again.welcome["messages"]] == ["Hello?", "Anybody?"]


@pytest.mark.parametrize(("after", "epoch"), [(1, 7), (99, None)], ids=["another epoch", "beyond the end"])
async def test_a_page_from_another_time_starts_again(
    visit: Visit, conversation: Conversation, visitor: Visitor, after: int, epoch: int | None
) -> None:
    page = await visit(visitor)
    epoch = page.welcome["epoch"] if epoch is None else epoch
    await page.tell("hello", conversation=str(conversation.public_id), after=after, epoch=epoch)
    assert (await page.hear("reset"))["conversation"] == str(conversation.public_id)


async def test_older_messages_come_when_asked_for(visit: Visit, conversation: Conversation, visitor: Visitor) -> None:
    def talk() -> None:
        for number in range(2, 62):
            conversation.say(visitor.author, f"line {number}")

    await sync_to_async(talk)()
    page = await visit(visitor)
    shown = [message["seq"] for message in page.welcome["messages"]]
    assert (shown, page.welcome["more"]) == (list(range(12, 62)), True)
    await page.tell("more", before=12)
    older = await page.hear("messages")
    assert ([message["seq"] for message in older["messages"]], older["more"]) == (list(range(1, 12)), False)


async def test_typing_is_heard_by_the_others_only(
    visit: Visit, sit_down: Visit, conversation: Conversation, visitor: Visitor, operator: User
) -> None:
    page, desk = await visit(visitor), await sit_down(operator)
    await desk.hello(conversation=str(conversation.public_id))
    await page.tell("typing")
    assert (await desk.hear("typing"))["author"]["kind"] == "visitor"
    await desk.tell("typing", conversation=str(conversation.public_id))
    assert (await page.hear("typing"))["author"]["name"] == "Olga"
    assert await desk.socket.receive_nothing()


async def test_what_was_read_is_seen_by_the_other_side(
    visit: Visit, sit_down: Visit, conversation: Conversation, visitor: Visitor, operator: User
) -> None:
    page, desk = await visit(visitor), await sit_down(operator)
    await desk.hello(conversation=str(conversation.public_id))
    await desk.tell("read", conversation=str(conversation.public_id), seq=1)
    read = await page.hear("read")
    assert (read["by"], read["seq"]) == ("operators", 1)


async def test_the_desk_sees_the_page_a_visitor_is_on(
    visit: Visit, sit_down: Visit, conversation: Conversation, visitor: Visitor, operator: User
) -> None:
    desk, page = await sit_down(operator), await visit(visitor)
    await page.tell("page", url="http://testserver/lamp/", title="A lamp")
    assert (await desk.hear("row"))["row"]["visitor"]["page"]["title"] == "A lamp"
    await page.tell("page", url="javascript:alert(1)", title="x")
    await page.say("Hello?")
    assert (await desk.hear("row"))["row"]["visitor"]["page"]["url"] == "http://testserver/lamp/"


async def test_a_hole_is_filled_from_the_log(visit: Visit, conversation: Conversation, visitor: Visitor) -> None:
    page = await visit(visitor)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "tell", lambda events: None)  # these events are lost
        await sync_to_async(conversation.say)(visitor.author, "lost")
    await sync_to_async(conversation.say)(visitor.author, "heard")
    assert [(await page.hear("message"))["body"] for _ in range(2)] == ["lost", "heard"]


async def test_the_floor_brings_what_nobody_announced(
    visit: Visit, sit_down: Visit, conversation: Conversation, visitor: Visitor, operator: User
) -> None:
    page, desk = await visit(visitor), await sit_down(operator)
    await desk.hello(conversation=str(conversation.public_id))
    await beat._floor()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "tell", lambda events: None)
        await sync_to_async(conversation.say)(visitor.author, "lost")
    await beat._floor()
    assert (await page.hear("message"))["body"] == "lost"
    assert (await desk.hear("message"))["body"] == "lost"
    assert (await desk.hear("row"))["row"]["last"]["body"] == "lost"


async def test_the_floor_brings_a_conversation_opened_elsewhere(visit: Visit, visitor: Visitor) -> None:
    page = await visit(visitor)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "tell", lambda events: None)
        await sync_to_async(log.say)(Entry(visitor.author, uuid4(), "lost", visitor=visitor.pk))
    await beat._floor()
    assert (await page.hear("welcome"))["conversation"]
    assert (await page.hear("message"))["body"] == "lost"


async def test_the_widget_hears_that_somebody_came_on_duty(visit: Visit, visitor: Visitor, operator: User) -> None:
    page = await visit(visitor)
    await sync_to_async(duty.begin)(operator)
    assert (await page.hear("availability"))["state"] == "online"
    await sync_to_async(duty.end)(operator)
    assert (await page.hear("availability"))["state"] == "away"


async def test_a_desk_that_falls_silent_is_on_duty_for_a_minute_and_no_longer(sit_down: Visit, operator: User) -> None:
    await sit_down(operator)
    await sync_to_async(duty.begin)(operator)
    await Duty.objects.aupdate(seen_at=timezone.now() - timedelta(seconds=59))
    (desk,) = live.listening("desk")
    desk.heard_at -= 50
    await beat._heartbeats(time.monotonic())
    seen = (await Duty.objects.aget()).seen_at
    assert 50 <= (timezone.now() - seen).total_seconds() < 59, "its beat is as old as what was heard of it"
    desk.heard_at -= 11
    await beat._heartbeats(time.monotonic())
    assert (await Duty.objects.aget()).seen_at <= timezone.now() - timedelta(seconds=50)


# What a desk may see


async def test_a_taken_conversation_leaves_the_colleagues_desk(
    sit_down: Visit, conversation: Conversation, operator: User, colleague: User
) -> None:
    desk, other = await sit_down(operator), await sit_down(colleague)
    await other.hello(conversation=str(conversation.public_id))
    await desk.say("The large one.", conversation=str(conversation.public_id))
    row = (await other.hear("row"))["row"]
    assert (row["gone"], row["operator"]["name"]) == (True, "Olga")
    await desk.say("Or the small one.", conversation=str(conversation.public_id))
    await desk.hear("message")
    await other.tell("more", conversation=str(conversation.public_id), before=9)
    assert (await other.hear("refused"))["reason"] == "not_found"


async def test_somebody_elses_conversation_is_as_none_at_all(
    sit_down: Visit, conversation: Conversation, operator: User, colleague: User
) -> None:
    await sync_to_async(conversation.take)(operator)
    desk = await sit_down(colleague)
    answers = []
    for named in (str(conversation.public_id), str(uuid4())):
        await desk.tell("hello", conversation=named)
        hello = await desk.hear("refused")
        await desk.say("Hello", conversation=named)
        said = await desk.hear("refused")
        answers.append([{k: v for k, v in a.items() if k not in ("conversation", "client_id")} for a in (hello, said)])
    assert answers[0] == answers[1]
    assert answers[0][0]["reason"] == "not_found"


async def test_a_visitor_cannot_speak_in_anothers_conversation(
    visit: Visit, conversation: Conversation, other_visitor: Visitor
) -> None:
    page = await visit(other_visitor)
    for named in (str(conversation.public_id), str(uuid4())):
        await page.say("Hello", conversation=named)
        assert (await page.hear("refused"))["reason"] == "not_found"
    await page.tell("hello", conversation=str(conversation.public_id), after=0, epoch=conversation.epoch)
    assert "messages" not in await page.hear("reset")


@pytest.mark.parametrize("role", ["former_operator", "staff", "customer"])
async def test_the_desk_is_for_operators(pages: list[Page], role: str, request: pytest.FixtureRequest) -> None:
    cookies = await sync_to_async(lambda: session_of(request.getfixturevalue(role)))()
    page = Page("/ws/consult/desk/", cookies)
    pages.append(page)
    assert await page.open()
    assert await page.closing() == 4401


async def test_a_stranger_is_not_let_in(pages: list[Page]) -> None:
    from http.cookies import SimpleCookie

    for path in ("/ws/consult/visitor/", "/ws/consult/desk/"):
        page = Page(path, SimpleCookie("consult=invented; sessionid=invented"))
        pages.append(page)
        assert await page.open()
        assert await page.closing() == 4401


# Rights are asked again


async def test_an_operator_without_the_permission_is_refused_at_once(
    sit_down: Visit, conversation: Conversation, operator: User
) -> None:
    desk = await sit_down(operator)
    await sync_to_async(operator.user_permissions.clear)()
    await desk.say("Hello", conversation=str(conversation.public_id))
    assert await desk.closing() == 4401
    assert await Message.objects.acount() == 1


async def test_what_was_asked_at_the_handshake_holds_for_the_first_frame(open_page: Visit, operator: User) -> None:
    with patch.object(rights, "of", wraps=rights.of) as asked:
        desk = await open_page("/ws/consult/desk/", await sync_to_async(session_of)(operator))
        for times in (0, 1, 2):
            await desk.tell("hello", view={"list": "waiting"})
            await desk.hear("rows")
            assert asked.call_count == times


async def test_and_for_no_longer_than_a_second(
    open_page: Visit, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "FRESH", 0.0)  # the second is over
    desk = await open_page("/ws/consult/desk/", await sync_to_async(session_of)(operator))
    await sync_to_async(operator.user_permissions.clear)()
    await desk.tell("hello", view={"list": "waiting"})
    assert await desk.closing() == 4401


async def test_an_operator_who_signed_out_is_refused_at_once(
    sit_down: Visit, conversation: Conversation, operator: User
) -> None:
    desk = await sit_down(operator)
    await Session.objects.all().adelete()
    await desk.say("Hello", conversation=str(conversation.public_id))
    assert await desk.closing() == 4401


async def test_a_new_password_ends_the_desks(sit_down: Visit, conversation: Conversation, operator: User) -> None:
    desk = await sit_down(operator)
    operator.set_password("another")
    await operator.asave()
    await desk.say("Hello", conversation=str(conversation.public_id))
    assert await desk.closing() == 4401


async def test_a_withdrawn_token_speaks_no_more(visit: Visit, visitor: Visitor) -> None:
    page = await visit(visitor)
    await Token.objects.all().adelete()
    await page.say("Hello")
    assert await page.closing() == 4401
    assert await Message.objects.acount() == 0


async def test_rights_end_for_those_who_only_listen(
    visit: Visit, sit_down: Visit, visitor: Visitor, operator: User
) -> None:
    page, desk = await visit(visitor), await sit_down(operator)
    await beat._ask_rights()
    await page.tell("heartbeat")
    await Token.objects.all().adelete()
    operator.is_active = False
    await operator.asave()
    await beat._ask_rights()
    assert [await page.closing(), await desk.closing()] == [4401, 4401]


# Bad input


MALFORMED = [
    " ", "no", "[]", "1", "null", '"say"', "{}", '{"type":1}', '{"type":"unknown"}', '{"type":"__class__"}',
    '{"type":"say"}', '{"type":"say","client_id":"x","body":"y"}', '{"type":"say","client_id":1,"body":"y"}',
    json.dumps({"type": "say", "client_id": str(uuid4()), "body": {"$ne": None}}),
    '{"type":"read","seq":"1"}', '{"type":"read","seq":-1}', '{"type":"read","seq":1e999}',
    '{"type":"read","seq":true}', '{"type":"more","before":NaN}', '{"type":"say","type":"say"}',
    '{"type":"message","seq":1,"body":"I am the server"}',
    '{"type":"welcome"}', '{"type":"refused"}', '{"type":"row"}', "[" * 30_000, '{"a":' * 5_000,
    '{"type":"more","before":' + "9" * 5_000 + "}",
    '{"type":"hello","page":' + '{"a":' * 9 + "1" + "}" * 10,
]  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: text[:40].strip() or "blank")
async def test_nonsense_is_refused_and_three_times_closes(
    visit: Visit, visitor: Visitor, conversation: Conversation, other_visitor: Visitor, text: str
) -> None:
    page, bystander = await visit(visitor), await visit(other_visitor)
    for _ in range(3):
        await page.socket.send_to(text_data=text)
        assert (await page.hear("refused"))["reason"] == "malformed"
    assert await page.closing() == 1008
    await bystander.say("Still here")
    assert (await bystander.hear("message"))["body"] == "Still here"


async def test_a_frame_before_hello_is_nonsense(open_page: Visit, visitor: Visitor) -> None:
    page = await open_page("/ws/consult/visitor/", await sync_to_async(browser_of)(visitor))
    await page.say("Hello")
    assert (await page.hear("refused"))["reason"] == "malformed"


async def test_too_large_and_binary_frames_close(visit: Visit, visitor: Visitor) -> None:
    page = await visit(visitor)
    await page.socket.send_to(text_data="я" * 20_000)
    assert await page.closing() == 1009
    page = await visit(visitor)
    await page.socket.send_to(bytes_data=b"{}")
    assert await page.closing() == 1003


@pytest.mark.parametrize(
    ("body", "reason"),
    [("", "empty"), (" \n\t ", "empty"), ("\x00\x07", "empty"), ("x" * 4001, "too_long")],
    ids=["nothing", "blanks", "control characters", "4,001 characters"],
)
async def test_what_cannot_be_a_message_is_refused_by_name(
    visit: Visit, visitor: Visitor, body: str, reason: str
) -> None:
    page = await visit(visitor)
    client_id = await page.say(body)
    refused = await page.hear("refused")
    assert (refused["reason"], refused["client_id"]) == (reason, client_id)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("a\x00b", "ab"),
        ("a\ud800b", "a\ufffdb"),
        ("\U0001f600", "\U0001f600"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("\x1b[31mred", "[31mred"),
        ("x" * 4000, "x" * 4000),
        ("<script>alert(1)</script>{{7*7}}", "<script>alert(1)</script>{{7*7}}"),
        ("Z" + "\u0301" * 500, "Z" + "\u0301" * 8),
    ],
    ids=["NUL", "lone surrogate", "emoji", "newlines", "escape", "4,000", "markup", "piled marks"],
)
async def test_text_is_text(visit: Visit, visitor: Visitor, typed: str, stored: str) -> None:
    page = await visit(visitor)
    await page.say(typed)
    assert (await page.hear("message"))["body"] == stored
    assert (await Message.objects.aget()).body == stored


async def test_extra_keys_are_ignored_and_never_stored(visit: Visit, visitor: Visitor) -> None:
    page = await visit(visitor)
    await page.say("Hello", author="operator", seq=9, kind="joined", facts={"name": "Boss"}, sent_at="2000", pk=1)
    message = await page.hear("message")
    assert (message["kind"], message["seq"], message["facts"], message["author"]["kind"]) == ("text", 1, {}, "visitor")


async def test_who_speaks_too_fast_is_asked_to_slow_down(visit: Visit, visitor: Visitor, settings: Any) -> None:
    settings.CONSULT = settings.CONSULT | {"SAY_BURST": 2, "SAY_PER_SECOND": 0.5}
    page = await visit(visitor)
    for body in ("one", "two", "three"):
        await page.say(body)
    refused = await page.hear("refused")
    assert refused["reason"] == "slow_down"
    assert 0 < refused["retry_after"] <= 2


@pytest.mark.parametrize(
    "headers",
    [
        (HOST,),
        (ORIGIN, (b"origin", b"http://testserver")),
        *[((b"origin", origin),) for origin in (
            b"null", b"https://testserver", b"http://testserver:8081", b"http://testserver.evil.test", b"http://[",
            b"http://evil.test/testserver", b"ftp://testserver", b"http://testserver:99999999", b"", b"\xff",
        )],
    ],
    ids=str,
)  # fmt: skip
async def test_a_foreign_page_gets_no_socket_and_asks_no_database(
    headers: Any, django_assert_num_queries: Any, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def asked(*_: object) -> None:
        raise AssertionError("the database was asked")

    cookies = await sync_to_async(browser_of)(visitor)
    monkeypatch.setattr("consult.chat.pool.run", asked)
    assert not await Page("/ws/consult/visitor/", cookies, *headers).open()


async def test_another_path_is_nobodys(visitor: Visitor) -> None:
    assert not await Page("/ws/consult/other/", await sync_to_async(browser_of)(visitor)).open()
