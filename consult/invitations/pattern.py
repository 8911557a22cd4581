"""Patterns of paths, as managers write them; browsers judge by them (``matches`` in ``trigger.js``).

``/lamps/*`` means the whole path, with anything for ``*``. What begins with ``^`` is a regular expression, in the part
of the syntax that Python and JavaScript, with its ``u`` flag or without, read alike.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LENGTH = 200  # of one pattern, in code points
MOST_VARYING = 3  # what may be long or short in one expression: each multiplies the ways to try it

_SIGNS = r"/^$\\.*+?()\[\]{}|"
# A doubled sign in a class: Python keeps it for sets of sets.
_IN_CLASS = rf"(?!--|&&|~~|\|\|)(?:\\[dDwWsS{_SIGNS}-]|[^\\\[\]])"
_TOKEN = re.compile(
    rf"(?P<one>\\[dDwWsSbB{_SIGNS}]|\[\^?+(?:{_IN_CLASS})+\]|[^{_SIGNS}]|[/.^$])"
    r"|(?P<exactly>\{[0-9]{1,3}\}(?![+?]))"
    r"|(?P<perhaps>\?\??(?!\+))"
    r"|(?P<often>(?:[*+]|\{[0-9]{1,3},[0-9]{0,3}\})\??(?!\+))"
    r"|(?P<open>\((?:\?:|(?!\?)))|(?P<close>\))|(?P<or>\|)|(?P<alien>.)",
    re.DOTALL,
)
# What is left of an expression when one asks only what repeats what: "v" is a group that may be long or short.
_SHAPES = {"one": "a", "exactly": "=", "perhaps": "?", "often": "*", "open": "(", "close": ")", "or": "|"}
_INNERMOST = re.compile(r"\(([^()]*)\)")


def check(pattern: str) -> None:
    """Raises ValidationError, with the remedy, where browsers could not read ``pattern``, or might never finish."""
    if len(pattern) > LENGTH:
        raise _wrong(_("“%(pattern)s” is longer than %(limit)d characters."), pattern, limit=LENGTH)
    if pattern.startswith("^"):
        _check_expression(pattern)
    elif not pattern.startswith(("/", "*")):
        path = urlsplit(pattern).path if "://" in pattern else f"/{pattern}"
        raise _wrong(_("“%(pattern)s” is no path. Write “%(path)s”."), pattern, path=path or "/")
    elif cut := re.match("(.+?)[?#]", pattern):
        sentence = _("“%(pattern)s” never fits, for a path ends before ? and #. Write “%(path)s”.")
        raise _wrong(sentence, pattern, path=cut[1])


def covers(wide: str, narrow: str) -> bool:
    """Whether each path that fits ``narrow`` fits ``wide`` too, as far as one can tell."""
    if wide.startswith("^") or narrow.startswith("^"):
        return wide == narrow
    # Only a star takes a star, so what takes narrow's own signs takes whatever may stand for its stars. Each takes as
    # little as it can, for good: many that tried all they could take would never finish.
    begins, *parts = map(re.escape, wide.split("*"))
    expression = begins + "".join(f"(?>.*?{part})" for part in parts[:-1]) + "".join(f".*{end}" for end in parts[-1:])
    return re.fullmatch(expression, narrow) is not None


def _check_expression(pattern: str) -> None:
    tokens = [(found.lastgroup or "", found.start()) for found in _TOKEN.finditer(pattern)]
    for kind, at in tokens:
        if kind == "alien":
            sentence = _(
                "Browsers may not understand “%(part)s” in “%(pattern)s”. Put a \\ before a sign that means itself; "
                "apart from such use only ^ $ . | ( ) [ ] * + ? {2} {2,5} \\d \\w \\s \\b."
            )
            raise _wrong(sentence, pattern, part=pattern[at : at + 5])
    try:
        re.compile(pattern)
    except re.error as error:
        sentence = _("“%(pattern)s” is no regular expression: %(error)s.")
        raise _wrong(sentence, pattern, error=str(error)) from error
    if _may_never_finish("".join(_SHAPES[kind] for kind, _at in tokens)):
        sentence = _(
            "“%(pattern)s” repeats what can be long or short itself: a browser may try that for ever. "
            "Repeat less, or write several patterns."
        )
        raise _wrong(sentence, pattern)


def _may_never_finish(shape: str) -> bool:
    varying = sum(map(shape.count, "*?"))
    while not re.search("v[=*]", shape):
        inner = _INNERMOST.search(shape)
        if inner is None:
            return varying > MOST_VARYING
        varying += "|" in inner[1]
        shape = shape[: inner.start()] + ("v" if re.search("[?*|v]", inner[1]) else "a") + shape[inner.end() :]
    return True


def _wrong(sentence: str, pattern: str, **more: object) -> ValidationError:
    return ValidationError(sentence, code="pattern", params={"pattern": pattern, **more})
