"""Everything that is due, for whoever calls: cron by ``consult_tick``, or the beat of a process with sockets."""

from __future__ import annotations

from collections.abc import Callable

from consult.chat import duty, identity

_deeds: list[Callable[[], object]] = [duty.end_silent, identity.forget_expired]


def also(deed: Callable[[], object]) -> None:
    """Let ``deed``, of a room above, be done too. It has to be harmless to repeat."""
    _deeds.append(deed)


def everything() -> None:
    """Harmless to repeat and to run in several processes at once."""
    for deed in _deeds:
        deed()
