"""What is new in a reply by e-mail: the words, without the letter that they answer.

Mail programs introduce what they quote in dozens of ways and languages. What these have in common is looked for
instead: a day, a time and a colon at the end, or a name and an address; or the lines From, Sent, To. Where that leaves
doubt, words are kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MARK = "=^^="  # begins the line of our letters above which the answer is to be written

FIELDS = range(3, 9)  # lines that are believed to be a header
WRAPPED = 4  # lines that an introduction may be broken into
WIDTH = 70  # characters: a line was broken, and not ended, where the next word would have gone beyond
LONGEST = 500  # characters of a line that may introduce a quote
BLANK = 3  # lines between an introduction and its quote

_PREFIX = " \t\xa0>|*"  # what quoting and bold letters put before a line
_DAY = re.compile(r"\b20\d\d|\b\d{1,2}[./-]\d{1,2}[./-]\d\d\b")
_TIME = re.compile(r"\b\d{1,2}[:.]\d\d\b")
_ADDRESS = re.compile(r"<[^<>@\s]+@[^<>@\s]+>")
# -----Original Message-----, and the line that Outlook draws
_RULE = re.compile(r"[-_=–—]{5,}|-{3,}[^-]{3,60}-{3,}")
_FIELD = re.compile(r"([^\W\d_][^\W\d_ -]{0,20})\*?\s?[:\uff1a]\*?\s?\S")
_FROM = frozenset("from von от від de da van fra från od lähettäjä kimden feladó 发件人 差出人 보낸사람".split())


def new_words(text: str) -> str:
    """``text`` without what it quotes. Who answered below the quote, or between its lines, keeps what they wrote."""
    lines = [line.rstrip() for line in text.splitlines()]
    head = _head(lines)
    above, below = lines[: _end_of_words(lines, head)], lines[head:]
    return "\n".join([*above, "", *_unquoted(below)]).strip()


def _head(lines: Sequence[str]) -> int:
    """Where the quote begins: at our mark, or else at the first that introduces itself."""
    for number, line in enumerate(lines):
        if _bare(line).startswith(MARK):
            return number
    for number, line in enumerate(lines):
        begins = _is_quoted(line) and (number == 0 or not _is_quoted(lines[number - 1]))
        if begins and (_introduces(_bare(line)) or _introduction(lines, number) < number):
            return number
        if line and _is_header(lines, number):
            return number
    return len(lines)


def _end_of_words(lines: Sequence[str], head: int) -> int:
    """Where the words above the quote end. What introduces it isn't theirs."""
    if head == len(lines):
        return head
    headers = (start for start in range(max(head - FIELDS.stop, 0), head) if _is_header(lines[:head], start))
    end = next(headers, None)
    end = _above_blank(lines, _introduction(lines, head) if end is None else end)
    if end and _RULE.fullmatch(_bare(lines[end - 1])):
        end -= 1
    return end


def _introduction(lines: Sequence[str], end: int) -> int:
    """Where that begins which introduces a quote at ``end``; ``end`` if nothing does."""
    last = _above_blank(lines, end, BLANK) - 1
    whole, found = "", end
    for start in range(last, max(last - WRAPPED, -1), -1):
        line = _bare(lines[start])
        if not 0 < len(line) <= LONGEST or (whole and not _was_broken(line, whole)):
            break
        whole = f"{line} {whole}".strip()
        if _introduces(whole):
            found = start
            if _DAY.search(whole):
                break
    return found


def _introduces(line: str) -> bool:
    if len(line) > LONGEST * WRAPPED or not line.endswith((":", "\uff1a")):
        return False
    return bool((_DAY.search(line) and _TIME.search(line)) or _ADDRESS.search(line))


def _was_broken(line: str, rest: str) -> bool:
    """Whether ``line`` ended because the first word of ``rest`` had no room in it."""
    return len(line) + 1 + len(rest.split(maxsplit=1)[0]) > WIDTH


def _is_header(lines: Sequence[str], start: int) -> bool:
    """Whether From, Sent, To … begin here, one below the other, in the words of some language."""
    if not _is_from(lines[start]) or (start and _is_from(lines[start - 1])):
        return False
    fields = []
    for line in lines[start : start + FIELDS.stop]:
        if not _FIELD.match(_bare(line)):
            break
        fields.append(line[:LONGEST])
    return len(fields) >= FIELDS.start and any(map(_DAY.search, fields))


def _is_from(line: str) -> bool:
    field = _FIELD.match(_bare(line))
    return field is not None and field[1].lower() in _FROM


def _unquoted(below: Sequence[str]) -> list[str]:
    """What was written below the quote or between its lines. Nothing, if these can't be told from each other."""
    quoted = [number for number, line in enumerate(below) if _is_quoted(line)]
    return [line for line in below[quoted[0] :] if not _is_quoted(line)] if quoted else []


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith(">")


def _above_blank(lines: Sequence[str], end: int, most: int | None = None) -> int:
    """``end``, moved up over the blank lines before it."""
    top = 0 if most is None else max(end - most, 0)
    while end > top and not _bare(lines[end - 1]):
        end -= 1
    return end


def _bare(line: str) -> str:
    return line.lstrip(_PREFIX).rstrip(" \t\xa0*")
