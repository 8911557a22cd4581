"""The beat of a process: what is due is done by it, soon when somebody rings, and whatever takes long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient, Client

from consult.chat import beat, due, live

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("tasks_end_with_their_test")]

BOOT = "/consult/boot/en/"
SOON = 2  # seconds: less than between two beats, and enough on a busy machine


class Deed:
    """Counts how often it was done."""

    def __init__(self, work: Callable[[], object] = lambda: None) -> None:
        self.times = 0
        self._work = work
        self._turns = threading.Semaphore(0)

    def __call__(self) -> None:
        self.times += 1
        self._turns.release()
        self._work()

    async def done(self) -> None:
        """Once more."""
        assert await asyncio.to_thread(self._turns.acquire, timeout=SOON)


@pytest.fixture(autouse=True)
def nothing_else_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due, "_deeds", [])


async def ring() -> None:
    await sync_to_async(live.soon)()


async def test_the_first_request_under_asgi_lets_it_run() -> None:
    deed = Deed()
    due.also(deed, every=0)
    await sync_to_async(Client().get)(BOOT)  # by WSGI: no loop would outlive the request
    await ring()
    assert deed.times == 0
    await AsyncClient().get(BOOT)
    await AsyncClient().get(BOOT)
    await ring()
    await deed.done()


async def test_it_runs_again_after_its_loop_was_closed_under_it(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = asyncio.new_event_loop()
    gone.close()
    monkeypatch.setattr(beat, "_beating", SimpleNamespace(done=lambda: False, get_loop=lambda: gone))
    deed = Deed()
    due.also(deed, every=0)
    await AsyncClient().get(BOOT)
    await ring()
    await deed.done()


async def test_who_rings_is_not_kept_waiting_for_the_next_beat() -> None:
    often, seldom = Deed(), Deed()
    due.also(often, every=0)
    due.also(seldom, every=600)
    beat.start()
    for _ in range(2):
        await asyncio.sleep(0)
        await ring()
        await often.done()
    assert seldom.times == 1


async def test_many_who_ring_at_once_are_one() -> None:
    deed = Deed()
    due.also(deed, every=0)
    beat.start()
    await asyncio.sleep(0)
    for _ in range(20):
        await ring()
    await deed.done()
    await asyncio.sleep(2 * beat.GATHER)
    assert deed.times <= 2


async def test_what_fails_is_tried_again() -> None:
    def fail() -> None:
        raise ValueError("a mail server's mood")

    deed, failing = Deed(), Deed(fail)
    due.also(failing, every=0)
    due.also(deed, every=0)
    beat.start()
    for times in (1, 2):
        await asyncio.sleep(0)
        await ring()
        await deed.done()
        assert failing.times == times


async def test_what_waits_for_others_holds_up_nobody_and_is_not_begun_twice() -> None:
    answered = threading.Event()
    mail, deed = Deed(lambda: answered.wait(SOON)), Deed()
    due.also(mail, every=0, apart=True)
    due.also(deed, every=0)
    beat.start()
    for _ in range(2):
        await asyncio.sleep(0)
        await ring()
        await deed.done()
    await mail.done()
    assert mail.times == 1
    answered.set()
    await asyncio.to_thread(beat.rest)
    await ring()
    await mail.done()


def test_an_event_that_is_lost_is_made_good_within_five_seconds() -> None:
    assert beat.EVERY * (1 + beat.SPREAD) < 5
