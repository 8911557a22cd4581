"""The beat of a process with sockets: the poll floor under what is live, heartbeats, and rights asked again.

Nothing here is needed for an event that arrives; everything here is for the one that doesn't.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIRequest
from django.db import connections
from django.db.models import Q

from consult.chat import due, duty, live, pool, presence, queue, rights, visits
from consult.chat.closing import GOING_AWAY
from consult.chat.desks import desks
from consult.chat.entry import Refused
from consult.chat.models import Conversation

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger("consult")

EVERY = 4.4  # seconds between polls; with the spread, what an event lost arrives within 5 s
SPREAD = 0.1
GATHER = 0.25  # seconds: who is called several times at once comes once
# A beat late by one poll still keeps the promises: heartbeats every 20 s, rights asked once a minute.
HEARTBEAT_EVERY = 14.0
RIGHTS_EVERY = 54.0
SILENT = 60.0  # seconds without a frame, then a socket is given up
HERE = 30.0  # seconds without a frame, and a visitor still counts as here

_beating: asyncio.Task[None] | None = None
_apart = ThreadPoolExecutor(thread_name_prefix="consult-apart")
_under_way: set[due.Deed] = set()  # of those that went apart


class Bell:
    """Wakes the beat before its time."""

    def __init__(self) -> None:
        self.rung = asyncio.Event()

    def hear(self, event: live.Event) -> None:
        self.rung.set()

    async def wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.rung.wait(), seconds)
            await asyncio.sleep(GATHER)
        self.rung.clear()


def start() -> None:
    """Let the beat run on this event loop. It may be running."""
    global _beating
    loop = asyncio.get_running_loop()
    if _beating is None or _beating.done() or _beating.get_loop() is not loop:
        _beating = loop.create_task(_beat())


def attend(request: HttpRequest) -> None:
    """Let the beat run on the event loop that serves ``request``, if one does: what is due is done without cron."""
    if isinstance(request, ASGIRequest) and not _beats():
        async_to_sync(_started)()


def rest() -> None:
    """Wait until what went its own way has come back."""
    global _apart
    gone, _apart = _apart, ThreadPoolExecutor(thread_name_prefix="consult-apart")
    gone.shutdown(wait=True)


def _beats() -> bool:
    """A beat whose loop was closed under it is never done."""
    return _beating is not None and not _beating.done() and not _beating.get_loop().is_closed()


async def _started() -> None:
    start()


async def _beat() -> None:
    heartbeat = asked = time.monotonic()
    doing: asyncio.Task[None] | None = None
    bell = Bell()
    live.join(bell, "beat")
    while True:
        await bell.wait(EVERY * random.uniform(1 - SPREAD, 1 + SPREAD))  # noqa: S311  not a secret
        try:
            await _floor()
            now = time.monotonic()
            await _tell_visitors()
            if now - heartbeat >= HEARTBEAT_EVERY:
                heartbeat = now
                await _heartbeats(now)
            if now - asked >= RIGHTS_EVERY:
                asked = now
                await _ask_rights()
            if (doing is None or doing.done()) and (ripe := due.ripe(now)):
                doing = asyncio.create_task(_do(ripe))  # it may take its time, and nothing above waits for it
        except Exception:  # the database may be away; the next beat finds it again
            logger.exception("A beat was missed")


def _sockets() -> tuple[list[Any], list[Any]]:
    return live.listening("visitors"), live.listening("desk")


async def _floor() -> None:
    """One query for everything that the sockets of this process have open."""
    visitors, at_desks = _sockets()
    if not at_desks:
        desks.forget()
    if not visitors and not at_desks:
        return
    people = {socket.visitor for socket in visitors if socket.greeted}
    followed = {socket.conversation for socket in (*visitors, *at_desks) if socket.conversation}
    found = await pool.run(_read_floor, people, followed, bool(at_desks))
    by_id = {public_id: last_seq for public_id, _, last_seq, *_ in found}
    newest = {visitor: public_id for public_id, visitor, _, is_open, *_ in found if is_open}
    for socket in (*visitors, *at_desks):
        if by_id.get(socket.conversation, 0) > socket.seq and socket.greeted:
            socket.catch_up()
    for socket in visitors:
        if socket.greeted and newest.get(socket.visitor, socket.conversation) != socket.conversation:
            socket.catch_up()
    if at_desks:
        now = {pk: revision for _, _, _, is_open, pk, revision in found if is_open}
        known = now if desks.revisions is None else desks.revisions
        desks.refresh({pk for pk in now.keys() | known.keys() if now.get(pk) != known.get(pk)})


def _read_floor(visitors: set[int], followed: set[str], every: bool) -> list[tuple[str, int, int, bool, int, int]]:  # noqa: FBT001
    concerned = Q(visitor__in=visitors, closed_at=None) | Q(public_id__in=followed)
    if every:
        concerned |= Q(closed_at=None)
    rows = Conversation.objects.filter(concerned)
    return [
        (str(public_id), visitor, last_seq, closed_at is None, pk, revision)
        for public_id, visitor, last_seq, closed_at, pk, revision in rows.values_list(
            "public_id", "visitor", "last_seq", "closed_at", "pk", "revision"
        )
    ]


async def _heartbeats(now: float) -> None:
    visitors, at_desks = _sockets()
    for socket in (*visitors, *at_desks):
        if now - socket.heard_at > SILENT:
            socket.close(GOING_AWAY)
        else:
            where = {"conversation": socket.conversation, "last_seq": socket.seq} if socket.conversation else {}
            socket.tell({"type": "heartbeat"} | where)
    silent: dict[int, float] = {}  # seconds since any desk of this operator was heard
    for desk in at_desks:
        silent[desk.user] = min(now - desk.heard_at, silent.get(desk.user, SILENT))
    there = {socket.visitor for socket in visitors if now - socket.heard_at < HERE}
    await pool.run(_keep, silent, there)


def _keep(silent: dict[int, float], there: set[int]) -> None:
    for user, seconds in silent.items():
        duty.beat([user], timedelta(seconds=seconds))
    visits.heard(there)


async def _do(deeds: list[due.Deed]) -> None:
    """What waits for others goes its own way; it is not begun again before it has ended."""
    for deed in deeds:
        if deed.apart and deed not in _under_way:
            _under_way.add(deed)
            _apart.submit(_do_apart, deed)
    try:
        await pool.run(due.do, [deed for deed in deeds if not deed.apart])
        await _tell_visitors()  # what was done may have changed it
    except Exception:  # as of a beat
        logger.exception("Visitors were not told what changed")


def _do_apart(deed: due.Deed) -> None:
    try:
        due.do([deed])
    finally:
        connections.close_all()
        _under_way.discard(deed)


async def _tell_visitors() -> None:
    """Whether somebody can answer, and their place in the queue, to those who were told otherwise before."""
    visitors, _ = _sockets()
    if visitors:
        now, places = await pool.run(_read_queue)
        for socket in visitors:
            socket.learn(now, places)


def _read_queue() -> tuple[presence.Presence, dict[str, int]]:
    return presence.now(), queue.places()


async def _ask_rights() -> None:
    """Close the sockets whose token or session was withdrawn; let a desk see what it may see now."""
    visitors, at_desks = _sockets()
    good = await pool.run(rights.standing, {socket.warrant for socket in (*visitors, *at_desks)})
    for socket in (*visitors, *at_desks):
        allowed = good.get(socket.warrant, rights.Rights(answers=True))
        try:
            socket.may(allowed)
        except Refused as refusal:
            socket.refuse(refusal)
