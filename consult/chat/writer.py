"""Group commit: one thread that writes what sockets say.

While one transaction runs the next entries gather; then they go in together. There is no timer: a lone message goes at
once, and the busier it gets, the larger the batches.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from django.db import connection, transaction

from consult.chat import log, rights
from consult.chat.entry import Entry, Refused
from consult.chat.models import Message
from consult.chat.rights import Warrant

logger = logging.getLogger("consult")

BATCH = 200  # entries in one transaction
PATIENCE = 3.0  # seconds an entry waits for a row that somebody else has locked
LOCKED_PAUSE = 0.02  # seconds before looking again, when nothing else is to be written

Outcome = Message | Refused
Answer = Callable[[Outcome], None]


@dataclass(slots=True)
class Said:
    """An entry on its way, with the warrant its author must still have. ``answer`` is called on ``loop`` with what
    became of it, after the announcement of its batch.
    """

    entry: Entry
    warrant: Warrant
    loop: asyncio.AbstractEventLoop
    answer: Answer
    since: float = field(default_factory=time.monotonic)


_inbox: queue.SimpleQueue[Said | None] = queue.SimpleQueue()
_thread: threading.Thread | None = None
_starting = threading.Lock()


def submit(said: Said) -> None:
    """Write ``said`` with the next batch. In the order of submission."""
    global _thread
    if _thread is None or not _thread.is_alive():
        with _starting:
            if _thread is None or not _thread.is_alive():
                _thread = threading.Thread(target=_work, name="consult-writer", daemon=True)
                _thread.start()
    _inbox.put(said)


def stop() -> None:
    """Write what is waiting, then let the thread and its connection go."""
    if _thread is not None and _thread.is_alive():
        _inbox.put(None)
        _thread.join()


def _work() -> None:
    delayed: list[Said] = []
    while True:
        batch, going = _gather(delayed)
        if batch:
            delayed = _write(batch)
        if not going:
            connection.close()
            return


def _gather(delayed: list[Said]) -> tuple[list[Said], bool]:
    """What to write next, and whether to go on after it. Blocks while there is nothing."""
    batch = list(delayed)
    try:
        said = _inbox.get(timeout=LOCKED_PAUSE if batch else None)
        while said is not None:
            batch.append(said)
            if len(batch) >= BATCH:
                return batch, True
            said = _inbox.get_nowait()
    except queue.Empty:
        return batch, True
    return batch, False


def _write(batch: list[Said]) -> list[Said]:
    """Write ``batch`` and answer whoever needs one. Gives what has to wait for the next round."""
    try:
        outcomes = _append(batch)
    except Exception:  # noqa: BLE001  whatever it was: each by itself, so that one bad entry fails alone
        connection.close()
        outcomes = [_append_alone(said) for said in batch]
    delayed: list[Said] = []
    answers: dict[asyncio.AbstractEventLoop, list[tuple[Answer, Outcome]]] = {}
    for said, outcome in zip(batch, outcomes, strict=True):
        if isinstance(outcome, log.Locked) and time.monotonic() - said.since < PATIENCE:
            delayed.append(said)
        else:
            answers.setdefault(said.loop, []).append((said.answer, outcome))
    for loop, answered in answers.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_answer, answered)
    return delayed


def _answer(answered: list[tuple[Answer, Outcome]]) -> None:
    for answer, outcome in answered:
        answer(outcome)


def _append(batch: list[Said]) -> list[Outcome]:
    with transaction.atomic():
        allowed = rights.standing(said.warrant for said in batch)
        mine = [replace(said.entry, sees_all=allowed[said.warrant].sees_all) for said in batch]
        good = [entry for entry, said in zip(mine, batch, strict=True) if allowed[said.warrant].answers]
        written = iter(log.append(good, writer=True))
        return [next(written) if allowed[said.warrant].answers else _silenced(allowed[said.warrant]) for said in batch]


def _silenced(now: rights.Rights) -> Refused:
    """Who may only read finds nothing to answer; who may nothing is turned away."""
    return Refused("not_found") if now.sees_all else rights.turned_away(now)


def _append_alone(said: Said) -> Outcome:
    try:
        return _append([said])[0]
    except Exception:  # the thread must outlive any entry
        logger.exception("A message could not be stored; its sender tries again")
        connection.close()
        return Refused("try_again", retry_after=1)
