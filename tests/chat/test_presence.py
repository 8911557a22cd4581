"""Open panels hear whether somebody can answer: each in its own language, and only what has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.utils import timezone

from consult.chat import beat, duty
from consult.models import Duty, Override, Schedule, Visitor
from tests.chat.conftest import browser_of

pytestmark = pytest.mark.django_db(transaction=True)

Visit = Callable[..., Any]
SOON = 2  # seconds: less than between two beats, and enough on a busy machine


@pytest.fixture
async def page(visit: Visit, visitor: Visitor) -> Any:
    page = await visit(visitor)
    await asyncio.sleep(0)  # the beat begins to listen
    return page


async def told(page: Any) -> tuple[str, str]:
    async with asyncio.timeout(SOON):
        frame = await page.hear("availability")
    return frame["state"], frame["text"]


async def test_somebody_comes_and_goes(page: Any, operator: User, colleague: User) -> None:
    await sync_to_async(duty.begin)(operator)
    assert await told(page) == ("online", "Somebody is here to answer you now.")
    await sync_to_async(duty.begin)(colleague)
    await sync_to_async(duty.end)(operator)
    assert await page.socket.receive_nothing(timeout=1), "one is still there"
    await sync_to_async(duty.end)(colleague)
    assert (await told(page))[0] == "away"


async def test_each_page_reads_it_in_its_own_language(visit: Visit, visitor: Visitor, operator: User) -> None:
    pages = [await visit(visitor, language=language) for language in ("en", "ru")]
    await sync_to_async(duty.begin)(operator)
    said = {(await told(page))[1] for page in pages}
    assert len(said) == 2
    assert "Somebody is here to answer you now." in said


async def test_a_manager_closes_the_shop_and_opens_it(page: Any, operator: User) -> None:
    await sync_to_async(duty.begin)(operator)
    assert (await told(page))[0] == "online"
    schedule = await Schedule.objects.acreate()
    in_a_week = timezone.now() + timedelta(days=7)
    closed = await schedule.overrides.acreate(state=Override.State.CLOSED, ends_at=in_a_week)
    state, text = await told(page)
    assert (state, text[:14]) == ("away", "We are back on")
    await closed.adelete()
    assert (await told(page))[0] == "online"


async def test_what_another_process_did_and_nobody_rang_for(page: Any, operator: User) -> None:
    await Duty.objects.acreate(operator=operator)
    await beat._tell_visitors()
    assert (await told(page))[0] == "online"


async def test_a_page_that_comes_back_is_told_anew(page: Any) -> None:
    await page.hello()
    assert (await told(page))[0] == "away"


async def test_before_its_hello_a_page_is_told_nothing(
    open_page: Callable[..., Any], visit: Visit, visitor: Visitor, operator: User
) -> None:
    """Nobody knows its language yet."""
    silent = await open_page("/ws/consult/visitor/", await sync_to_async(browser_of)(visitor))
    await sync_to_async(duty.begin)(operator)
    await beat._tell_visitors()
    assert await silent.socket.receive_nothing()
