from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.test import AsyncClient
from django.urls import reverse

from consult.chat import log
from consult.chat.entry import Entry
from consult.models import Conversation, Message, Visitor
from tests.chat.conftest import browser_of, session_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("tasks_end_with_their_test")]

HELLO = {"type": "hello", "v": 1}


class Browser:
    """A browser whose sockets are blocked."""

    def __init__(self, side: str, cookies: Any) -> None:
        self.client = AsyncClient()
        self.client.cookies = cookies
        self.url = reverse(f"consult:exchange_{side}")

    async def post(self, *frames: dict[str, Any] | str, wait: float = 0, **headers: str) -> Any:
        lines = "\n".join(frame if isinstance(frame, str) else json.dumps(frame) for frame in frames)
        headers = headers or {"origin": "http://testserver"}
        return await self.client.post(f"{self.url}?wait={wait}", lines, content_type="text/plain", headers=headers)

    async def exchange(self, *frames: dict[str, Any], wait: float = 0) -> list[dict[str, Any]]:
        response = await self.post(*frames, wait=wait)
        assert response.status_code == 200
        return [json.loads(line) for line in response.content.decode().splitlines()]


def say(body: str, client_id: str = "") -> dict[str, Any]:
    return {"type": "say", "client_id": client_id or str(uuid4()), "body": body}


@pytest.fixture
def blocked(visitor: Visitor) -> Browser:
    return Browser("visitor", browser_of(visitor))


async def test_a_question_is_asked_and_answered(blocked: Browser, operator: User) -> None:
    frames = await blocked.exchange(HELLO, say("Which size?"))
    assert [frame["type"] for frame in frames] == ["welcome", "availability", "welcome", "message"]
    named = frames[-1]["conversation"]
    desk = Browser("desk", await sync_to_async(session_of)(operator))
    frames = await desk.exchange(HELLO | {"conversation": named}, say("The large one.") | {"conversation": named})
    assert [frame["type"] for frame in frames] == ["welcome", "message", "message"]
    assert (await Message.objects.alatest("seq")).body == "The large one."


async def test_a_retry_by_another_way_is_the_same_message(blocked: Browser, visitor: Visitor) -> None:
    entry = Entry(visitor.author, uuid4(), "Which size?", visitor=visitor.pk)
    first = await sync_to_async(log.say)(entry)
    frames = await blocked.exchange(HELLO, say("Which size?", str(entry.client_id)))
    assert frames[-1]["seq"] == first.seq
    assert await Message.objects.acount() == 1


async def test_it_waits_for_news(blocked: Browser, visitor: Visitor, conversation: Conversation) -> None:
    position = {"conversation": str(conversation.public_id), "after": 1, "epoch": conversation.epoch}
    waiting = asyncio.create_task(blocked.exchange(HELLO | position, wait=20))
    while not _listens(visitor):  # noqa: ASYNC110  it becomes true in another task, which has no event for it
        await asyncio.sleep(0.01)
    await sync_to_async(conversation.say)(visitor.author, "Hello?")
    async with asyncio.timeout(5):
        said = [frame["body"] for frame in await waiting if frame["type"] == "message"]
    assert said == ["Hello?"]


async def test_without_news_it_ends_when_asked_to(blocked: Browser) -> None:
    async with asyncio.timeout(5):
        assert [frame["type"] for frame in await blocked.exchange(HELLO, wait=0.1)] == ["welcome", "availability"]


async def test_what_it_says_of_nonsense(blocked: Browser) -> None:
    assert (await blocked.post("no", "[]", "{}")).status_code == 400
    assert (await blocked.post("x" * 40_000)).status_code == 413
    assert (await blocked.post("x" * 200_000)).status_code == 413


@pytest.mark.parametrize("side", ["visitor", "desk"])
async def test_a_stranger_is_not_served(side: str) -> None:
    from http.cookies import SimpleCookie

    assert (await Browser(side, SimpleCookie()).post(HELLO)).status_code == 401


@pytest.mark.parametrize("origin", ["", "null", "https://evil.test", "http://testserver:8081"])
async def test_a_foreign_page_is_not_served(blocked: Browser, origin: str) -> None:
    assert (await blocked.post(HELLO, origin=origin)).status_code == 403


async def test_a_page_without_origin_is_not_served(blocked: Browser) -> None:
    response = await blocked.client.post(blocked.url, json.dumps(HELLO), content_type="text/plain")
    assert response.status_code == 403


def _listens(visitor: Visitor) -> bool:
    from consult.chat import live

    return any(socket.greeted for socket in live.listening(f"v{visitor.pk}"))
