"""A shop without a provider reads the replies from a mailbox."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError

from consult.away import imap, inbound
from consult.away.models import Inbound
from consult.chat.entry import Refused
from tests.away.mailbox import MailBox
from tests.faults.machines import free_port

pytestmark = pytest.mark.django_db(transaction=True)

SEEN, FLAGGED = r"\Seen", r"\Flagged"
Verdict = Inbound.Verdict


@pytest.fixture(scope="module")
def machine() -> Iterator[MailBox]:
    with MailBox() as machine:
        yield machine


@pytest.fixture
def mailbox(machine: MailBox, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailBox]:
    """The shop reads it, and trusts its certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(machine.certificate))
    settings.CONSULT = settings.CONSULT | {"IMAP": machine.settings}
    yield machine
    with machine.opened() as box:
        box.store("1:*", "+FLAGS.SILENT", r"(\Deleted)")
        box.expunge()


def mail(number: int, body: str = "Hello") -> bytes:
    return f"From: vera@mail.example\r\nMessage-ID: <{number}@mail.example>\r\n\r\n{body}\r\n".encode()


def received() -> list[tuple[str, str]]:
    return list(Inbound.objects.order_by("pk").values_list("mail_id", "verdict"))


def test_what_lies_there_is_received_and_marked_as_seen(mailbox: MailBox) -> None:
    mailbox.put(mail(1), mail(2))
    imap.fetch()
    assert received() == [("<1@mail.example>", Verdict.UNKNOWN), ("<2@mail.example>", Verdict.UNKNOWN)]
    assert mailbox.flags() == [SEEN, SEEN]
    imap.fetch()
    assert len(received()) == 2


def test_the_rest_is_received_by_the_next_round(mailbox: MailBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "AT_ONCE", 2)
    mailbox.put(mail(1), mail(2), mail(3))
    imap.fetch()
    assert mailbox.flags() == [SEEN, SEEN, ""]
    imap.fetch()
    assert mailbox.flags() == [SEEN, SEEN, SEEN]


def test_who_dies_before_the_mark_receives_it_once_nevertheless(
    mailbox: MailBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.put(mail(1))
    with monkeypatch.context() as dying:
        dying.setattr(imap, "_SEEN", "BROKEN")
        imap.fetch()
    assert (len(received()), mailbox.flags()) == (1, [""])
    imap.fetch()
    assert (len(received()), mailbox.flags()) == (1, [SEEN])


def test_a_mail_that_cannot_be_read_is_flagged_and_holds_up_nobody(
    mailbox: MailBox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    receive = inbound.receive

    def choke(message: Any, *, whole: bool = True) -> Inbound:
        if "poison" in message.get_payload():
            raise RecursionError
        return receive(message, whole=whole)

    monkeypatch.setattr(inbound, "receive", choke)
    mailbox.put(mail(1), mail(2, "poison"), mail(3))
    imap.fetch()
    imap.fetch()
    assert [mail_id for mail_id, _ in received()] == ["<1@mail.example>", "<3@mail.example>"]
    assert mailbox.flags() == [SEEN, FLAGGED, SEEN]
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.parametrize("trouble", [Refused("try_again"), OperationalError("the database is away")])
def test_what_is_not_the_mails_fault_is_tried_again(
    mailbox: MailBox, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    def fail(*_: Any, **_more: Any) -> Inbound:
        raise trouble

    mailbox.put(mail(1))
    with monkeypatch.context() as failing:
        failing.setattr(inbound, "receive", fail)
        if isinstance(trouble, Refused):
            imap.fetch()
        else:
            with pytest.raises(OperationalError):
                imap.fetch()
    assert mailbox.flags() == [""]
    imap.fetch()
    assert mailbox.flags() == [SEEN]


def test_of_a_huge_mail_the_head_alone_is_fetched(mailbox: MailBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "LARGEST", 1000)
    fetched: list[tuple[bool, str]] = []

    def receive(message: Any, *, whole: bool) -> None:
        fetched.append((whole, message.get_payload().strip()))

    monkeypatch.setattr(inbound, "receive", receive)
    mailbox.put(mail(1), mail(2, "word " * 1000))
    imap.fetch()
    assert fetched == [(True, "Hello"), (False, "")]
    assert mailbox.flags() == [SEEN, SEEN]


def test_a_mail_that_is_hard_to_take_apart_is_not(mailbox: MailBox) -> None:
    """Half a megabyte of empty parts cost a minute and half a gigabyte."""
    head = b"Message-ID: <bomb@mail.example>\nSubject: A bomb\nContent-Type: multipart/mixed; boundary=b\n\n"
    mailbox.put(head + b"--b\n\n" * 80_000, mail(2))
    began = time.process_time()
    imap.fetch()
    assert time.process_time() - began < 3
    assert [mail_id for mail_id, _ in received()] == ["<bomb@mail.example>", "<2@mail.example>"]
    assert mailbox.flags() == [SEEN, SEEN]


def test_a_server_without_a_certificate_we_trust_is_told_nothing(
    mailbox: MailBox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.put(mail(1))
    monkeypatch.delenv("SSL_CERT_FILE")
    imap.fetch()
    assert received() == []
    assert "certificate verify failed" in caplog.text


@pytest.mark.parametrize(
    "wrong", [{"password": "wrong"}, {"folder": "Elsewhere"}, {"port": 1}, {"host": "imap.invalid"}]
)
def test_a_mailbox_that_cannot_be_read_is_said_in_the_log(
    mailbox: MailBox, settings: Any, caplog: pytest.LogCaptureFixture, wrong: dict[str, Any]
) -> None:
    mailbox.put(mail(1))
    settings.CONSULT = settings.CONSULT | {"IMAP": mailbox.settings | wrong}
    imap.fetch()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "secret" not in caplog.text


def test_a_server_that_hangs_is_left_in_time(
    settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(imap, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", free_port())) as silent:
        box = {"host": "127.0.0.1", "port": silent.getsockname()[1], "user": "shop", "password": "x", "tls": False}
        settings.CONSULT = settings.CONSULT | {"IMAP": box}
        imap.fetch()
    assert "timed out" in caplog.text.lower()


def test_a_shop_without_a_mailbox_asks_nobody(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CONSULT = settings.CONSULT | {"IMAP": None}
    monkeypatch.setattr(imap, "IMAP4_SSL", None)  # who called it would fail
    imap.fetch()
