"""The one place that validates what somebody typed."""

from __future__ import annotations

import re
import unicodedata

from consult.chat.entry import Refused

MAX_LENGTH = 4000  # code points of a message

# Postgres refuses NUL and no encoder takes a lone surrogate; the other control characters only ever do harm in logs
# and terminals. Tab and newline stay.
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# A letter wears a few marks in any script; a hundred of them paint over the neighbours' lines.
_PILED_MARKS = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]{8})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]+"
)
# These turn the line around that they stand in: a name has no use for that.
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and signs that are drawn as nothing


def clean(text: str, *, limit: int | None = None) -> str:
    """``text`` as it may be stored and shown anywhere; cut to ``limit`` code points if one is given."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _SURROGATE.sub("\ufffd", _UNWRITABLE.sub("", text)).strip()
    return _PILED_MARKS.sub(r"\1", text)[:limit]


def line(text: str) -> str:
    """``text`` as one line, such as a name; "" if there is nothing in it to see."""
    text = " ".join(_DIRECTIONS.sub("", clean(text)).split())
    return text if any(map(_is_drawn, text)) else ""


def body(text: str) -> str:
    """``text`` as the body of a message. Raises Refused: ``empty`` or ``too_long``."""
    text = clean(text)
    if not text:
        raise Refused("empty")
    if len(text) > MAX_LENGTH:
        raise Refused("too_long")
    return text


def _is_drawn(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "LNPS" and sign not in _BLANK
