"""The mailbox that replies come to, for shops whose provider calls no webhook.

A mail is marked as seen once it is stored, so that what dies in between is read again, and found to be known. One that
can't be read is flagged, for people to look at, and not tried again.
"""

from __future__ import annotations

import logging
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from imaplib import IMAP4, IMAP4_SSL
from typing import Any

from django.db import InterfaceError, OperationalError

from consult.away import inbound
from consult.away.received import QUICK
from consult.chat.entry import Refused
from consult.conf import conf

logger = logging.getLogger("consult")

TIMEOUT = 30  # seconds for one answer of the server
ROUND = 120  # seconds after which a round begins no other mail
AT_ONCE = 100  # mails in one round; the next one goes on
LARGEST = 20 * 2**20  # bytes; of what is larger, the head alone is fetched
HARDEST = 10_000_000  # lines, times those that may part them: what costs more to take apart isn't (measured: 10 s)
_SEEN, _FLAGGED = r"+FLAGS.SILENT (\Seen)", r"+FLAGS.SILENT (\Flagged)"
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


def fetch() -> None:
    """Receive what came into the mailbox of the settings, if there is one. A server that is away is asked later."""
    if not conf.IMAP:
        return
    until = time.monotonic() + ROUND
    try:
        with _mailbox(**conf.IMAP) as box:
            for uid in _unseen(box):
                if time.monotonic() > until:
                    break
                _receive(box, uid)
    except (OSError, IMAP4.error) as error:
        logger.warning("The mailbox %s could not be read: %r", conf.IMAP.get("host"), error)


@contextmanager
def _mailbox(
    *, host: str, user: str, password: str, port: int | None = None, folder: str = "INBOX", tls: bool = True
) -> Iterator[IMAP4]:
    box = (
        IMAP4_SSL(host, port or 993, ssl_context=ssl.create_default_context(), timeout=TIMEOUT)
        if tls
        else IMAP4(host, port or 143, timeout=TIMEOUT)
    )
    with box:
        box.login(user, password)
        _answer(box.select('"{}"'.format(folder.replace("\\", r"\\").replace('"', r"\""))))
        yield box


def _unseen(box: IMAP4) -> list[str]:
    """The oldest that nobody has seen, and nobody has flagged."""
    (found,) = _answer(box.uid("SEARCH", "UNSEEN UNFLAGGED UNDELETED"))
    return [uid.decode() for uid in (found or b"").split()[:AT_ONCE]]


def _receive(box: IMAP4, uid: str) -> None:
    from anymail.inbound import AnymailInboundMessage  # here: it brings requests with it

    told = _answer(box.uid("FETCH", uid, "(RFC822.SIZE)"))
    size = next((int(found[1]) for line in told if isinstance(line, bytes) and (found := _SIZE.search(line))), None)
    if size is None:
        return  # somebody took it away meanwhile
    whole = size <= LARGEST
    parts = _answer(box.uid("FETCH", uid, "(BODY.PEEK[])" if whole else "(BODY.PEEK[HEADER])"))
    raw = next((part[1] for part in parts if isinstance(part, tuple)), b"")
    whole = whole and raw.count(b"\n") * (1 + raw.count(b"\n--")) <= HARDEST
    try:
        message = BytesParser(AnymailInboundMessage, policy=QUICK).parsebytes(raw, headersonly=not whole)
        inbound.receive(message, whole=whole)
    except Refused:
        return  # its conversation is busy: the mail is still unseen in a minute
    except (InterfaceError, OperationalError):
        raise  # the database's fault, and not the mail's
    except Exception:  # anybody can send anything, and the others are not to wait for it
        logger.exception("A received e-mail can't be read; it is flagged in the mailbox (UID %s)", uid)
        _answer(box.uid("STORE", uid, _FLAGGED))
    else:
        _answer(box.uid("STORE", uid, _SEEN))


def _answer(answered: tuple[str, list[Any]]) -> list[Any]:
    """Raises IMAP4.error where the server said no."""
    status, data = answered
    if status != "OK":
        raise IMAP4.error(f"{status} {data!r}")
    return data
