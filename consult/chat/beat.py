"""The beat of a process with sockets: the poll floor under what is live, heartbeats, and rights asked again.

Nothing here is needed for an event that arrives; everything here is for the one that doesn't.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from datetime import timedelta
from typing import Any

from django.db.models import Q

from consult.chat import due, duty, live, pool, rights
from consult.chat.closing import GOING_AWAY
from consult.chat.desks import desks
from consult.chat.entry import Refused
from consult.chat.models import Conversation

logger = logging.getLogger("consult")

EVERY = 5.0  # seconds between polls; with the spread, what an event lost arrives within 6 s
SPREAD = 0.1
# A beat late by one poll still keeps the promises: heartbeats every 20 s, rights asked once a minute.
HEARTBEAT_EVERY = 14.0
RIGHTS_EVERY = 54.0
SILENT = 60.0  # seconds without a frame, then a socket is given up

_beating: asyncio.Task[None] | None = None


def start() -> None:
    """Let the beat run on this event loop. It may be running."""
    global _beating
    loop = asyncio.get_running_loop()
    if _beating is None or _beating.done() or _beating.get_loop() is not loop:
        _beating = loop.create_task(_beat())


async def _beat() -> None:
    heartbeat = asked = time.monotonic()
    while True:
        await asyncio.sleep(EVERY * random.uniform(1 - SPREAD, 1 + SPREAD))  # noqa: S311  not a secret
        try:
            await _floor()
            now = time.monotonic()
            if now - heartbeat >= HEARTBEAT_EVERY:
                heartbeat = now
                await _heartbeats(now)
            if now - asked >= RIGHTS_EVERY:
                asked = now
                await _ask_rights()
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
    await pool.run(_keep, silent)


def _keep(silent: dict[int, float]) -> None:
    for user, seconds in silent.items():
        duty.beat([user], timedelta(seconds=seconds))
    due.everything()


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
