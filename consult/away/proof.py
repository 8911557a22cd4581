"""Whether the sender of an e-mail is who it says: what the shop's own mail server found out, as it noted it in the
mail (RFC 8601). Anybody can write such a note, so it is read strictly, and in doubt it proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_TOKEN = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<sign>[();=])|(?P<word>[^\s"();=]+)|\s+|(?P<other>.)', re.S)


def proves(notes: Iterable[str], server: str, domain: str) -> bool:
    """Whether the topmost of the mail's ``notes`` (its Authentication-Results, from above) that ``server`` signed says
    that ``domain`` vouches for the mail: DMARC passed, for the domain in From.

    A lower note of the same name may have come with the mail; so may one below a note that can't be read.
    """
    for note in notes:
        results = _results(note)
        if not results:
            return False
        if results[0][:1] == [server.lower()]:
            found = [result for result in results[1:] if result[:2] == ["dmarc", "="]]
            return len(found) == 1 and _passed(found[0], domain.lower())
    return False


def _passed(result: list[str], domain: str) -> bool:
    named = [result[at + 2] for at in range(len(result) - 2) if result[at : at + 2] == ["header.from", "="]]
    return result[2:3] == ["pass"] and named == [domain]


def _results(note: str) -> list[list[str]]:
    """The words between the semicolons, in lower case and without comments; [] if it isn't well-formed."""
    results: list[list[str]] = [[]]
    depth, at = 0, 0
    while at < len(note):
        if depth and note[at] not in "()":
            at += 2 if note[at] == "\\" else 1
            continue
        token = _TOKEN.match(note, at)
        if token is None or token["other"]:
            return []
        at = token.end()
        depth += {"(": 1, ")": -1}.get(token["sign"] or "", 0)
        if depth < 0:
            return []
        if depth or token["sign"] == ")":
            continue
        if token["sign"] == ";":
            results.append([])
        elif word := token["quoted"] or token["sign"] or token["word"]:
            results[-1].append(word.lower())
    return [] if depth else results
