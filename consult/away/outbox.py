"""The outbox: letters are rows, written with what they are about, and sent by whoever leases them.

At least once: who dies between the mail server's yes and our own note of it has the letter sent again, under the same
Message-ID.
"""

from __future__ import annotations

import logging
import random
import smtplib
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import datetime, timedelta
from enum import Enum
from threading import Thread

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import DatabaseError, connections, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from consult.away import mail
from consult.away.models import Letter
from consult.chat import live, text
from consult.chat.models import Conversation

logger = logging.getLogger("consult")

DEADLINE = 60.0  # seconds for one letter, however slowly the mail server answers
LEASE = timedelta(seconds=90)  # outlives the deadline, or a second process would send what the first is still sending
LATER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 2 * 60, 6 * 60, 24 * 60))  # by how often it failed
AGAIN = timedelta(minutes=1)  # at first, where the mail server failed: the letter is not to blame
SLOWER = 30  # of its age a letter waits this part then, if that is longer: out within a minute after half an hour
SPREAD = 0.1
GIVEN_UP = timedelta(hours=72)  # after it was written
LONGEST_ERROR = 1000  # code points that are kept of it
OWN_TROUBLE = (421, 451, 452)  # what a mail server says of itself, to whatever it was asked: RFC 5321, 4.2.3
UNAUTHORIZED = (401, 403, 408, 429)  # what a provider says by HTTP of the shop, or of itself, and not of the letter


class Trouble(Enum):
    """What the failure of a try says."""

    REFUSED = "this letter is not taken, whenever it is tried"
    LATER = "this letter is not taken now"
    AWAY = "no letter is taken now"


def write(
    conversation: Conversation, kind: Letter.Kind, recipients: Iterable[str], first_seq: int, last_seq: int
) -> None:
    """A letter to each of ``recipients`` about these numbers, in the caller's transaction. Written again it is the
    same letter.
    """
    language = mail.language_of(conversation, kind)
    letters = [
        Letter(
            conversation=conversation,
            kind=kind,
            recipient=recipient,
            language=language,
            first_seq=first_seq,
            last_seq=last_seq,
        )
        for recipient in recipients
    ]
    Letter.objects.bulk_create(letters, ignore_conflicts=True)
    live.soon()


def try_again(letters: QuerySet[Letter]) -> int:
    """Those of ``letters`` that could not be sent are due again: once, if that was long after they were written."""
    with transaction.atomic():
        due = letters.filter(state=Letter.State.DEAD)
        count = due.update(state=Letter.State.PENDING, due_at=timezone.now(), tries=0)
        live.soon()
    return count


def send_due() -> None:
    """Send what is due, one letter after another, until none is left or the mail server turns out to be away: then one
    letter tries it at a time. Several processes never send the same.
    """
    while (letter := _leased()) and _sent(letter):
        pass


def trouble(error: BaseException) -> Trouble:
    from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused  # here: it brings requests with it

    match error:
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            code = max(code for code, _said in refused.values())  # the host's backend may add recipients of its own
            return Trouble.AWAY if code in OWN_TROUBLE else Trouble.REFUSED if code >= 500 else Trouble.LATER
        case smtplib.SMTPDataError(smtp_code=code) if code >= 500:
            return Trouble.REFUSED
        case AnymailRecipientsRefused() | ValidationError():
            return Trouble.REFUSED
        case AnymailAPIError(status_code=int(code)) if code < 500 and code not in UNAUTHORIZED:
            return Trouble.LATER
        case OSError() | AnymailAPIError() | ImproperlyConfigured():  # smtplib's other errors are OSErrors, too
            return Trouble.AWAY
    return Trouble.LATER


def next_try(error: BaseException, letter: Letter, now: datetime) -> datetime | None:
    """When ``letter``, which failed for the ``tries``-th time, is tried again. None: never."""
    last = letter.made_at + GIVEN_UP
    found = trouble(error)
    if found is Trouble.REFUSED or now >= last:
        return None
    if found is Trouble.AWAY:
        pause = max(AGAIN, (now - letter.made_at) / SLOWER)
    else:
        pause = LATER[min(letter.tries, len(LATER)) - 1]
    return min(now + pause * random.uniform(1, 1 + SPREAD), last)  # noqa: S311  not a secret


def _leased() -> Letter | None:
    """A letter that nobody else sends meanwhile. None if none is due."""
    now = timezone.now()
    due = Letter.objects.pending().filter(Q(leased_until=None) | Q(leased_until__lte=now), due_at__lte=now)
    if not due.exists():
        return None  # without a lock, which on SQLite would be everybody's
    with transaction.atomic():
        letter = due.select_for_update(skip_locked=True).order_by("due_at").first()
        if letter is not None:
            letter.leased_until = now + LEASE
            letter.tries += 1
            letter.save(update_fields=["leased_until", "tries"])
    return letter


def _sent(letter: Letter) -> bool:
    """Send it, and note what came of it. False if the mail server is away."""
    try:
        composed = mail.compose(letter)
        if composed is not None:
            _within(DEADLINE, lambda: mail.send(composed))
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001  of the shop's own template, or of whatever backend it sends by
        return _failed(letter, error)
    _note(letter, Letter.State.SENT if composed else Letter.State.VOID, error="")
    return True


def _failed(letter: Letter, error: Exception) -> bool:
    due_at = next_try(error, letter, timezone.now())
    away = trouble(error) is Trouble.AWAY
    if due_at is None:
        _note(letter, Letter.State.DEAD, error=_said(error))
        logger.error("Letter %s could not be sent, and is not tried again: %s", letter.pk, _said(error))
    else:
        _note(letter, Letter.State.PENDING, error=_said(error), due_at=due_at)
        logger.warning("Letter %s was not sent yet: %s", letter.pk, _said(error), exc_info=None if away else error)
    return not away


def _note(letter: Letter, state: Letter.State, **more: object) -> None:
    """What became of the try, if the letter is still ours."""
    ours = Letter.objects.pending().filter(pk=letter.pk, leased_until=letter.leased_until)
    sent_at = timezone.now() if state == Letter.State.SENT else None
    ours.update(state=state, sent_at=sent_at, leased_until=None, **more)


def _within(seconds: float, send: Callable[[], object]) -> None:
    """Raises what ``send`` raises. Raises TimeoutError if it takes longer: it is left to itself, for no backend of the
    shop's can be told to stop.
    """
    outcome: Future[object] = Future()

    def run() -> None:
        try:
            outcome.set_result(send())
        except BaseException as error:  # noqa: BLE001  raised again where it is waited for
            outcome.set_exception(error)
        finally:
            connections.close_all()

    Thread(target=run, name="consult-letter", daemon=True).start()
    outcome.result(seconds)


def _said(error: Exception) -> str:
    match error:
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            return ", ".join(_by_server(code, said) for code, said in refused.values())
        case smtplib.SMTPResponseException():
            return _by_server(error.smtp_code, error.smtp_error)
    return text.clean(": ".join(filter(None, (type(error).__name__, str(error)))), limit=LONGEST_ERROR)


def _by_server(code: int, said: bytes | str) -> str:
    return text.clean(
        f"{code} {said.decode(errors='replace') if isinstance(said, bytes) else said}", limit=LONGEST_ERROR
    )
