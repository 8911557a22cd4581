"""What an e-mail says that came in. Anybody can send one, made of anything: reading it raises nothing and takes no
longer than its size asks for.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import Compat32
from email.utils import getaddresses
from itertools import islice
from typing import Any

from consult.away import plain
from consult.chat import text

LONGEST = 200_000  # bytes of its words that are read
LONGEST_HEADER = 10_000  # characters that are read of one ...
LONGEST_LINE = 1000  # ... and of what is decoded of it: that takes the square of its length
MOST_ADDRESSES = 50  # of those it was sent to

# Where the address stands that it was sent to, the most reliable first.
_TO = ("delivered-to", "x-original-to", "envelope-to", "to", "cc")
_MACHINES = ("x-auto-response-suppress", "x-autoreply", "x-autorespond")
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_POST_OFFICE = frozenset({"mailer-daemon", "postmaster"})
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
_SLOW = frozenset({"punycode", "idna", "unicode_escape", "raw_unicode_escape"})  # encodings of no mail program
_ADDRESS = re.compile(r"[!-?A-~]+@[!-?A-~]+")  # of ASCII that can be seen
_MAIL_ID = re.compile(r"<[!-;=?-~]{1,253}>")


class Quick(Compat32):
    """Takes headers for what they begin with. By their grammar, as Python's other policies read them, one of 100 kB
    costs 48 s, and brackets in brackets end in a RecursionError.
    """

    def header_fetch_parse(self, name: str, value: str) -> Any:
        return super().header_fetch_parse(name, value[:LONGEST_HEADER].replace("\0", ""))


QUICK = Quick()


@dataclass(frozen=True, slots=True)
class Received:
    """An e-mail, in plain words that may be stored and shown."""

    digest: str
    mail_id: str  # as it may stand in References, or ""
    sender: str  # the address in From, or "" if there isn't exactly one
    claimed: str  # what stands there
    recipients: tuple[str, ...]
    subject: str
    words: str
    files: int
    notes: tuple[str, ...]  # its Authentication-Results, from above
    automatic: bool


def read(message: EmailMessage, *, sender: str | None = None, recipient: str | None = None) -> Received:
    """``sender`` and ``recipient`` are those of the envelope, as far as they are known."""
    headers = _headers(message)
    mail_id = headers.get("message-id", [""])[0].strip()
    parts = list(_parts(message))
    words = _words(parts)
    said = mail_id or f"{sorted(headers.items())} {words}"
    return Received(
        digest=hashlib.sha256(said.encode(errors="surrogatepass")).hexdigest(),
        mail_id=mail_id if _MAIL_ID.fullmatch(mail_id) else "",
        sender=_sender(headers),
        claimed=_line(", ".join(headers.get("from", []))),
        recipients=_recipients(headers, recipient),
        subject=_line(" ".join(headers.get("subject", []))),
        words=words,
        files=sum(map(_is_file, parts)),
        notes=tuple(headers.get("authentication-results", ())),
        automatic=_is_automatic(headers, sender),
    )


def _headers(message: EmailMessage) -> dict[str, list[str]]:
    """As they came: read by their rules they may raise, and encoded words in them would turn into syntax."""
    headers: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        headers.setdefault(name.lower(), []).append("".join(str(value)[:LONGEST_HEADER].splitlines()))
    return headers


def _sender(headers: dict[str, list[str]]) -> str:
    """To the letter: it is compared, and another spelling may be another person."""
    froms = headers.get("from", [])
    found = [address for _, address in getaddresses(froms)]
    return found[0] if len(froms) == len(found) == 1 and _ADDRESS.fullmatch(found[0]) else ""


def _recipients(headers: dict[str, list[str]], recipient: str | None) -> tuple[str, ...]:
    values = [recipient or "", *(value for name in _TO for value in headers.get(name, ()))]
    words = (word for value in values for word in re.split(r'[\s<>()\[\],;:"]+', value) if "@" in word)
    return tuple(_line(word) for word in islice(dict.fromkeys(words), MOST_ADDRESSES))


def _is_automatic(headers: dict[str, list[str]], sender: str | None) -> bool:
    """Whether nobody wrote it: what answered it would be answered again, by a machine."""

    def first_words(name: str) -> set[str]:
        return {value.partition(";")[0].strip().lower() for value in headers.get(name, ())}

    senders = (
        {sender.strip("<> ")}
        if sender is not None
        else {value.strip("<> ") for value in headers.get("return-path", ())}
    )
    return (
        bool(first_words("auto-submitted") - {"no"})
        or bool(first_words("precedence") & _BULK)
        or any(name in headers for name in _MACHINES)
        or "" in senders
        or _sender(headers).lower().partition("@")[0] in _POST_OFFICE
        or "multipart/report" in first_words("content-type")
    )


def _parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """What isn't made of parts itself. A mail within the mail is one part."""
    waiting: list[Any] = [message]
    while waiting:
        part = waiting.pop()
        part.policy = QUICK
        if part.get_content_maintype() == "multipart":
            inner = part.get_payload()
            waiting.extend(reversed(inner if isinstance(inner, list) else []))
        else:
            yield part


def _words(parts: list[EmailMessage]) -> str:
    """All that is plain text; without any, what is HTML."""
    for kind, worded in (("text/plain", str), ("text/html", plain.words)):
        found, left = [], LONGEST
        for part in parts:
            if part.get_content_type() == kind and not _is_file(part):
                written = _text(part)[:left]
                found.append(worded(written))
                left -= len(written)
        if words := text.clean("\n\n".join(found)):
            return words
    return ""


def _text(part: EmailMessage) -> str:
    charset = part.get_content_charset("utf-8")
    part.del_param("charset")  # or it would be decoded by whatever that is already here
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        if codecs.lookup(charset).name in _SLOW:
            charset = "utf-8"
        return content[:LONGEST].decode(charset, "replace")
    except (LookupError, ValueError):
        return content[:LONGEST].decode(errors="replace")


def _is_file(part: EmailMessage) -> bool:
    kind = part.get_content_type()
    if part.get_content_disposition() == "attachment" or _has_name(part):
        return kind not in _SIGNATURES
    return not kind.startswith("text/") and kind not in _SIGNATURES


def _has_name(part: EmailMessage) -> bool:
    """As written: to decode it may raise."""
    return bool(part.get_param("filename", header="content-disposition") or part.get_param("name"))


def _line(value: str) -> str:
    value = value[:LONGEST_LINE]
    try:
        value = str(make_header(decode_header(value)))
    except (LookupError, ValueError, MessageError):
        pass
    return text.line(value)
