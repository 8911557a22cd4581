"""The words of an e-mail that was written as HTML. What it quotes is marked as in plain text, by ``>``.

Taken apart by hand: what tags a stranger leaves open costs html.parser the square of their number (measured: 90 s for
90 kB).
"""

from __future__ import annotations

import re
from html import unescape

LONGEST = 200_000  # characters that are looked at
DEEPEST = 20  # quotes in quotes

_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)(?![^\s/>])[^<>]*>", re.I)
_NO_SIGN = re.compile(r"&#\d{8,};?")  # beyond what Python takes for a number
_BLOCKS = frozenset("address article blockquote br div dl dt dd h1 h2 h3 h4 h5 h6 hr li ol p pre table tr ul".split())
_APART = frozenset("br p".split())  # these begin a line even where none was written
_UNSEEN = frozenset("script style title template noscript".split())


def words(html: str) -> str:
    lines, depth, unseen, holds_words = [""], 0, "", False
    pieces = _TAG.split(_without_comments(html[:LONGEST]))
    for spoken, closing, name in zip(pieces[::3], [*pieces[1::3], ""], [*pieces[2::3], ""], strict=True):
        tag = name.lower()
        if not unseen:
            said = unescape(_NO_SIGN.sub("\ufffd", re.sub(r"[ \t\r\n\f]+", " ", spoken)))
            lines[-1] += said if holds_words else said.lstrip(" ")
            holds_words = holds_words or bool(said.strip("> "))
        if tag in _UNSEEN and unseen in ("", tag):
            unseen = "" if closing else tag
        if tag == "blockquote":
            depth = min(max(depth + (-1 if closing else 1), 0), DEEPEST)
        if tag in _BLOCKS:
            if not holds_words and not (tag in _APART and not closing):
                lines.pop()
            lines.append("> " * depth)
            holds_words = False
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()


def _without_comments(html: str) -> str:
    """``html`` without what stands in comments, to its end if one isn't closed."""
    shown = []
    at = 0
    while (begin := html.find("<!--", at)) >= 0:
        shown.append(html[at:begin])
        end = html.find("-->", begin + 4)
        if end < 0:
            return "".join(shown)
        at = end + 3
    return "".join([*shown, html[at:]])
