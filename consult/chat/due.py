"""Everything that is due, for whoever calls: cron by ``consult_tick``, or the beat of a process with sockets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import close_old_connections

from consult.chat import duty, identity

logger = logging.getLogger("consult")


@dataclass(eq=False)
class Deed:
    """Harmless to repeat, and to do in several processes at once. It finds by itself what is due."""

    do: Callable[[], object]
    every: float  # seconds between two in one process
    apart: bool  # it may wait for others, such as a mail server: it has a thread of its own meanwhile
    done_at: float = float("-inf")


_deeds = [Deed(duty.end_silent, 10, apart=False), Deed(identity.forget_expired, 600, apart=False)]


def also(do: Callable[[], object], *, every: float, apart: bool = False) -> None:
    """Let a room above have its deed done too."""
    _deeds.append(Deed(do, every, apart))


def everything() -> bool:
    """Do all, whenever it was done last. False if any of it failed."""
    return do(_deeds)


def ripe(now: float) -> list[Deed]:
    """Those whose time has come again ``now`` (s of a clock that never goes back). They count as done."""
    found = [deed for deed in _deeds if now - deed.done_at >= deed.every]
    for deed in found:
        deed.done_at = now
    return found


def do(deeds: Iterable[Deed]) -> bool:
    """One after another; what fails keeps the others from nothing. False if any did."""
    failed = [deed for deed in deeds if not _done(deed)]
    return not failed


def _done(deed: Deed) -> bool:
    try:
        deed.do()
    except Exception:  # whatever it is, the next deed is not to blame for it, and the next time may find it mended
        logger.exception("What was due failed: %r", deed.do)
        close_old_connections()  # if it was the connection: on this thread nobody else would
        return False
    return True
