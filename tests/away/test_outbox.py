"""Letters leave by a real SMTP server, whatever it does: what it took has arrived, and the rest is tried again."""

from __future__ import annotations

import logging
import smtplib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused, AnymailRequestsAPIError
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.mail import EmailMessage
from django.db import connection, connections, transaction
from django.utils import timezone

from consult.away import mail, outbox
from consult.away.models import Letter
from consult.away.outbox import Trouble
from consult.models import Conversation, Visitor
from tests.away.post import ask, mail_through
from tests.faults.machines import MailServer, free_port

OLGA, CARL = "olga@shop.example", "carl@shop.example"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    with MailServer() as server:
        mail_through(settings, server.port)
        yield server


@pytest.fixture
def conversation(visitor: Visitor) -> Conversation:
    return ask(visitor)


def letters_to(conversation: Conversation, *recipients: str) -> list[Letter]:
    outbox.write(conversation, Letter.Kind.QUESTION, recipients, 1, 1)
    return [Letter.objects.get(conversation=conversation, recipient=recipient) for recipient in recipients]


def states(*letters: Letter) -> list[str]:
    return [Letter.objects.get(pk=letter.pk).state for letter in letters]


def round_at(now: datetime) -> None:
    with time_machine.travel(now):
        outbox.send_due()


def test_a_letter_arrives(conversation: Conversation, mail_server: MailServer) -> None:
    (letter,) = letters_to(conversation, OLGA)
    outbox.send_due()
    letter.refresh_from_db()
    assert (letter.state, letter.tries, letter.error, letter.leased_until) == (Letter.State.SENT, 1, "", None)
    (arrived,) = mail_server.taken
    assert (arrived["To"], arrived["Message-ID"]) == (OLGA, f"<consult-{letter.public_id.hex}@lampwick.example>")
    outbox.send_due()
    assert len(mail_server.taken) == 1


def test_a_letter_written_twice_is_one(conversation: Conversation) -> None:
    for recipients in ([OLGA], [OLGA, CARL]):
        outbox.write(conversation, Letter.Kind.QUESTION, recipients, 1, 1)
    assert Letter.objects.count() == 2


def test_what_was_not_kept_is_not_sent(conversation: Conversation, mail_server: MailServer) -> None:
    with transaction.atomic():
        letters_to(conversation, OLGA)
        transaction.set_rollback(True)
    outbox.send_due()
    assert mail_server.tries == 0


@pytest.mark.parametrize("trouble", ["421", "450", "451"])
def test_it_is_tried_again_when_the_server_says_later(
    trouble: str, conversation: Conversation, mail_server: MailServer
) -> None:
    mail_server.trouble = trouble
    (letter,) = letters_to(conversation, OLGA)
    round_at(now := timezone.now())
    letter.refresh_from_db()
    assert letter.state == Letter.State.PENDING
    assert letter.error.startswith(trouble)
    assert MINUTE <= letter.due_at - now < 1.2 * MINUTE
    mail_server.trouble = ""
    round_at(now + MINUTE / 2)
    assert mail_server.taken == []
    round_at(letter.due_at)
    assert len(mail_server.taken) == 1


def test_who_is_refused_for_ever_is_not_tried_again_and_somebody_hears_of_it(
    conversation: Conversation, mail_server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    mail_server.trouble = "550"
    (letter,) = letters_to(conversation, OLGA)
    outbox.send_due()
    letter.refresh_from_db()
    assert (letter.state, letter.error) == (Letter.State.DEAD, "550 4.3.0 not now, or never")
    assert [record.levelno for record in caplog.records if record.name == "consult"] == [logging.ERROR]
    assert OLGA not in caplog.text
    mail_server.trouble = ""
    assert outbox.try_again(Letter.objects.all()) == 1
    outbox.send_due()
    assert states(letter) == [Letter.State.SENT]


def test_a_mail_taken_without_an_answer_comes_again_under_the_same_name(
    conversation: Conversation, mail_server: MailServer
) -> None:
    mail_server.trouble = "vanish"
    (letter,) = letters_to(conversation, OLGA)
    outbox.send_due()
    assert states(letter) == [Letter.State.PENDING]
    mail_server.trouble = ""
    round_at(timezone.now() + 2 * MINUTE)
    first, again = (arrived["Message-ID"] for arrived in mail_server.taken)
    assert first == again


def test_one_letter_at_a_time_tries_a_server_that_is_away(
    visitor: Visitor, conversation: Conversation, settings: Any
) -> None:
    port = free_port()
    mail_through(settings, port)
    letters = letters_to(conversation, *(f"operator{number}@shop.example" for number in range(50)))
    for _ in range(3):
        outbox.send_due()
    assert Letter.objects.filter(tries=1).count() == 3
    assert Letter.objects.filter(tries=0).count() == 47
    with MailServer(port) as server:
        round_at(timezone.now() + 2 * MINUTE)  # however long it was away
        assert len(server.taken) == 50
    assert set(states(*letters)) == {Letter.State.SENT}


def test_a_server_that_hangs_is_left_hanging(
    conversation: Conversation, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "DEADLINE", 0.3)
    mail_server.trouble = "hang"
    olgas, carls = letters_to(conversation, OLGA, CARL)
    outbox.send_due()
    olgas.refresh_from_db()
    assert (olgas.state, olgas.error) == (Letter.State.PENDING, "TimeoutError")
    assert mail_server.tries == 1  # nobody waits for it twice in a round
    mail_server.trouble = ""
    outbox.send_due()
    assert states(olgas, carls) == [Letter.State.PENDING, Letter.State.SENT]


def test_a_poisonous_letter_holds_up_nobody(
    visitor: Visitor,
    other_visitor: Visitor,
    mail_server: MailServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    poison, good = ask(visitor), ask(other_visitor)
    compose = mail.compose

    def choking(letter: Letter) -> EmailMessage | None:
        if letter.conversation_id == poison.pk:
            raise ZeroDivisionError
        return compose(letter)

    monkeypatch.setattr(mail, "compose", choking)
    letters = [*letters_to(poison, OLGA), *letters_to(good, OLGA)]
    outbox.send_due()
    assert states(*letters) == [Letter.State.PENDING, Letter.State.SENT]
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("recipient", ["olga", "a@t.test, v@evil.test", "olga@shop.example\r\nBcc: v@evil.test"])
def test_a_recipient_that_is_none_gets_nothing(
    recipient: str, conversation: Conversation, mail_server: MailServer
) -> None:
    letters = letters_to(conversation, recipient, OLGA)
    outbox.send_due()
    assert states(*letters) == [Letter.State.DEAD, Letter.State.SENT]
    assert [arrived["To"] for arrived in mail_server.taken] == [OLGA]


def test_the_pauses_grow_and_after_three_days_it_is_given_up() -> None:
    letter, now = Letter(made_at=NOW, tries=1), NOW
    later = smtplib.SMTPRecipientsRefused({OLGA: (450, b"greylisted")})
    pauses = []
    while due_at := outbox.next_try(later, letter, now):
        pauses.append(due_at - now)
        letter.tries, now = letter.tries + 1, due_at
    assert all(least <= pause < 1.1 * least for pause, least in zip(pauses, outbox.LATER, strict=False))
    assert len(pauses) > len(outbox.LATER)
    assert now == NOW + outbox.GIVEN_UP


@pytest.mark.parametrize(("minutes", "pause"), [(0, 1), (30, 1), (60, 2), (24 * 60, 48)])
def test_a_letter_is_out_soon_after_its_server_is_back(minutes: int, pause: int) -> None:
    late = NOW + minutes * MINUTE
    due_at = outbox.next_try(ConnectionRefusedError(), Letter(made_at=NOW, tries=30), late)
    assert due_at is not None
    assert pause * MINUTE <= due_at - late < 1.1 * pause * MINUTE


REFUSED = {OLGA: (550, b"no such person")}
FAILURES = [
    (smtplib.SMTPRecipientsRefused(REFUSED), Trouble.REFUSED),
    (smtplib.SMTPRecipientsRefused({OLGA: (450, b"greylisted")}), Trouble.LATER),
    (smtplib.SMTPRecipientsRefused({OLGA: (421, b"closing")}), Trouble.AWAY),
    (smtplib.SMTPRecipientsRefused(REFUSED | {CARL: (450, b"a copy that the shop sends itself")}), Trouble.REFUSED),
    (smtplib.SMTPRecipientsRefused({OLGA: (451, b"no name server")}), Trouble.AWAY),
    (smtplib.SMTPDataError(554, b"spam"), Trouble.REFUSED),
    (smtplib.SMTPDataError(451, b"disk full"), Trouble.AWAY),
    (smtplib.SMTPSenderRefused(530, b"sign in first", "hello@lampwick.example"), Trouble.AWAY),
    (smtplib.SMTPAuthenticationError(535, b"wrong password"), Trouble.AWAY),
    (smtplib.SMTPServerDisconnected("please run connect() first"), Trouble.AWAY),
    (smtplib.SMTPConnectError(554, b"no service"), Trouble.AWAY),
    (ConnectionRefusedError(111, "Connection refused"), Trouble.AWAY),
    (TimeoutError(), Trouble.AWAY),
    (OSError(28, "No space left on device"), Trouble.AWAY),
    (ImproperlyConfigured("no such backend"), Trouble.AWAY),
    (AnymailRecipientsRefused("all"), Trouble.REFUSED),
    (AnymailAPIError("bad request", status_code=422), Trouble.LATER),
    (AnymailAPIError("slow down", status_code=429), Trouble.AWAY),
    (AnymailAPIError("wrong key", status_code=401), Trouble.AWAY),
    (AnymailAPIError("broken", status_code=503), Trouble.AWAY),
    (AnymailRequestsAPIError("no route to host"), Trouble.AWAY),
    (ValidationError("no address"), Trouble.REFUSED),
    (ValueError("a header with a line break"), Trouble.LATER),
]


@pytest.mark.parametrize(("error", "expected"), FAILURES, ids=lambda value: repr(value)[:48])
def test_what_a_failure_says(error: Exception, expected: Trouble) -> None:
    assert outbox.trouble(error) is expected


@pytest.mark.django_db(transaction=True)
def test_two_processes_send_no_letter_twice(conversation: Conversation, mail_server: MailServer) -> None:
    letters_to(conversation, *(f"operator{number}@shop.example" for number in range(20)))

    def send() -> None:
        outbox.send_due()
        connections.close_all()

    together = [threading.Thread(target=send) for _ in range(4)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert len(mail_server.taken) == 20
    assert len({arrived["Message-ID"] for arrived in mail_server.taken}) == 20


def test_what_a_dead_process_had_leased_is_sent_when_the_lease_is_over(
    conversation: Conversation, mail_server: MailServer
) -> None:
    (letter,) = letters_to(conversation, OLGA)
    Letter.objects.update(leased_until=timezone.now() + outbox.LEASE)
    outbox.send_due()
    assert mail_server.taken == []
    round_at(timezone.now() + outbox.LEASE)
    assert states(letter) == [Letter.State.SENT]
    assert outbox.LEASE.total_seconds() > outbox.DEADLINE


def test_an_empty_outbox_costs_one_query(conversation: Conversation, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1, connection=connection):
        outbox.send_due()
