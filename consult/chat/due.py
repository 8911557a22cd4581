"""Everything that is due, for whoever calls: cron by ``consult_tick``, or the beat of a process with sockets."""

from __future__ import annotations

from consult.chat import duty, identity


def everything() -> None:
    """Harmless to repeat and to run in several processes at once."""
    duty.end_silent()
    identity.forget_expired()
