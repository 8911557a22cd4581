"""What visitors are told of whether somebody can answer. A room above judges it, and finds the words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.utils import translation

from consult.chat import frames

ONLINE, BUSY, AWAY = "online", "busy", "away"


@dataclass(frozen=True)
class Presence:
    """``state`` is one of the three above, ``reason`` says why for whoever explains it."""

    state: str
    reason: str = ""
    back_at: datetime | None = None  # where it is known when somebody can answer again
    in_days: int | None = None  # that is, by the shop's calendar: 1 is tomorrow
    minutes: int | None = None  # that waiting takes now, where that is known

    def text(self) -> str:
        """What a visitor reads of it, in the language that is active."""
        return _word(self)


def now() -> Presence:
    return _judge()


def judged_by(judge: Callable[[], Presence], word: Callable[[Presence], str]) -> None:
    """Let a room above judge, and word what it judged."""
    global _judge, _word
    _judge, _word = judge, word


@lru_cache(maxsize=64)
def frame(presence: Presence, language: str) -> str:
    """The frame that tells ``presence`` on a page in ``language``."""
    with translation.override(language):
        return frames.encode({"type": "availability", "state": presence.state, "text": presence.text()})


_judge: Callable[[], Presence]
_word: Callable[[Presence], str]
