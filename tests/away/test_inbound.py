"""A reply by e-mail is said in its conversation if it is proven whose it is. Everything else waits for people."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import b64encode
from datetime import timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from anymail.inbound import AnymailInboundMessage
from django.apps import apps
from django.contrib.auth.models import User
from django.core.checks import Tags, run_checks
from django.db import connections
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from consult import signals
from consult.away import addresses, inbound, mail
from consult.away.models import Inbound, Letter
from consult.away.received import LONGEST, QUICK, read
from consult.chat import identity, log
from consult.chat.entry import Author, Entry, Refused
from consult.models import Message, Token, Visitor

Verdict = Inbound.Verdict

PAYLOADS = Path(__file__).with_name("payloads")
VERA = "vera@mail.example"
SERVER = "mx.lampwick.example"
PROOF = f"{SERVER}; spf=pass smtp.mailfrom={VERA}; dmarc=pass (p=none dis=none) header.from=mail.example"
QUOTE = (
    "On 11/22/26 10:00, Lampwick wrote:\n> =^^= Please write your answer above this line\n> Which room is it for?\n"
)
REPLY = f"For the kitchen.\n\n{QUOTE}"


@pytest.fixture(autouse=True)
def the_shop_reads_its_mail(settings: Any) -> None:
    settings.CONSULT = settings.CONSULT | {"REPLY_ADDRESS": "reply@in.lampwick.example", "REPLY_AUTHSERV": SERVER}


@pytest.fixture
def letter(visitor: Visitor, operator: User) -> Letter:
    """What Olga answered to Vera's letter."""
    Visitor.objects.filter(pk=visitor.pk).update(email=VERA)
    visitor.refresh_from_db()
    asked = log.say(Entry(visitor.author, uuid4(), "Is the brass lamp warm?", medium="mail", visitor=visitor.pk))
    answer = asked.conversation.say(author_of(operator), "Which room is it for?")
    return Letter.objects.create(
        conversation=answer.conversation,
        kind=Letter.Kind.ANSWER,
        recipient=VERA,
        first_seq=answer.seq,
        last_seq=answer.seq,
        state=Letter.State.SENT,
    )


def author_of(user: User) -> Author:
    return Author(f"u{user.pk}", user.first_name)


def reply(
    letter: Letter, text: str = REPLY, proof: str | None = PROOF, **headers: str | None
) -> AnymailInboundMessage:
    """Vera's reply as it arrives, the note of the shop's own server at the top. ``headers`` replace what is usual, or
    take it away.
    """
    usual = {"Authentication-Results": proof, "From": f"Vera <{VERA}>", "To": addresses.reply_to(letter)}
    usual |= {"Message-ID": f"<{uuid4().hex}@mail.example>", "Subject": "Re: Your question"}
    usual |= {"Content-Type": "text/plain; charset=utf-8"}
    named = usual | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in named.items() if value is not None]
    return arrived("\n".join([*lines, "", text]).encode())


def arrived(raw: bytes) -> AnymailInboundMessage:
    return AnymailInboundMessage.parse_raw_mime_bytes(raw)


def said(visitor: Visitor) -> list[str]:
    texts = Message.objects.filter(conversation__visitor=visitor, kind="text", author_key=visitor.author.key)
    return list(texts.order_by("pk").values_list("body", flat=True))


def test_a_reply_is_said_in_its_conversation(visitor: Visitor, letter: Letter) -> None:
    known = inbound.receive(reply(letter))
    assert known.verdict == Verdict.ACCEPTED
    assert (known.letter, known.sender, known.subject, known.text) == (letter, VERA, "Re: Your question", "")
    message = known.message
    assert message is not None
    assert (message.body, message.medium, message.author_kind) == ("For the kitchen.", "mail", "visitor")
    assert message.conversation == letter.conversation
    message.conversation.refresh_from_db()
    assert message.conversation.waiting_since is not None
    assert message.conversation.visitor_read == letter.last_seq


def test_what_we_write_comes_back_without_itself(visitor: Visitor, letter: Letter) -> None:
    """Its own reply address, its own words below the visitor's."""
    written = mail.compose(letter)
    assert written is not None
    quoted = "".join(f"> {line}\n" for line in str(written.body).splitlines())
    (address,) = written.reply_to
    text = f"For the kitchen.\n\nOn 11/22/26 10:00, Lampwick wrote:\n\n{quoted}"
    known = inbound.receive(reply(letter, text, To=address))
    assert known.verdict == Verdict.ACCEPTED
    assert said(visitor)[1:] == ["For the kitchen."]


def test_the_operators_and_the_host_hear_of_it(letter: Letter, django_capture_on_commit_callbacks: Any) -> None:
    heard: list[Message] = []

    def hear(message: Message, **_more: Any) -> None:
        heard.append(message)

    signals.letter_received.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            message = inbound.receive(reply(letter)).message
    finally:
        signals.letter_received.disconnect(hear)
    assert heard == [message]
    assert message is not None
    (question,) = Letter.objects.filter(kind=Letter.Kind.QUESTION)
    assert (question.recipient, question.last_seq) == ("olga@shop.example", message.seq)


def test_the_same_mail_is_one_message_however_often_it_comes(visitor: Visitor, letter: Letter) -> None:
    mail = reply(letter)
    first = inbound.receive(mail)
    assert inbound.receive(mail) == inbound.receive(reply(letter, "Else", Message_ID=mail["Message-ID"])) == first
    assert said(visitor) == ["Is the brass lamp warm?", "For the kitchen."]


def test_without_a_message_id_the_whole_of_it_is_the_name(visitor: Visitor, letter: Letter) -> None:
    for text in ("One.", "One.", "Two."):
        assert inbound.receive(reply(letter, text, Message_ID=None)).verdict == Verdict.ACCEPTED
    assert said(visitor)[1:] == ["One.", "Two."]


@pytest.mark.django_db(transaction=True)
def test_of_two_processes_that_read_it_at_once_one_says_it(visitor: Visitor, letter: Letter) -> None:
    mail, together, outcomes = reply(letter), Barrier(2), []

    def receive() -> None:
        together.wait()
        try:
            outcomes.append(inbound.receive(mail).verdict)
        finally:
            connections.close_all()

    threads = [Thread(target=receive) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [Verdict.ACCEPTED] * 2
    assert said(visitor)[1:] == ["For the kitchen."]


def test_a_closed_conversation_is_continued_in_the_next(visitor: Visitor, operator: User, letter: Letter) -> None:
    letter.conversation.close(operator)
    message = inbound.receive(reply(letter)).message
    assert message is not None
    assert message.conversation != letter.conversation
    assert message.conversation.previous == letter.conversation


def test_who_has_signed_in_since_says_it_as_a_customer(visitor: Visitor, customer: User, letter: Letter) -> None:
    """Their browser's visitor became the one of their account."""
    account = Visitor.objects.create(customer=customer)
    token = Token.objects.create(visitor=visitor, digest="x", expires_at=timezone.now() + timedelta(days=1))
    identity._join(token, customer)
    assert not Visitor.objects.filter(pk=visitor.pk).exists()
    message = inbound.receive(reply(letter)).message
    assert message is not None
    assert (message.author_key, message.conversation.visitor) == (account.author.key, account)


def test_a_conversation_that_was_erased_gets_no_more_words(letter: Letter) -> None:
    mail = reply(letter)
    letter.conversation.visitor.delete()
    known = inbound.receive(mail)
    assert (known.verdict, known.letter) == (Verdict.UNKNOWN, None)
    assert not Message.objects.exists()


# What comes in, and what becomes of it.
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another sender": ({"From": "walter@mail.example"}, Verdict.STRANGER),
    "her name, another address": ({"From": f'"{VERA}" <walter@mail.example>'}, Verdict.STRANGER),
    "an address in disguise": ({"From": "=?utf-8?q?vera=40mail.example?="}, Verdict.STRANGER),
    "two senders": ({"From": f"{VERA}, walter@mail.example"}, Verdict.STRANGER),
    "no sender": ({"From": None}, Verdict.STRANGER),
    "no proof": ({"proof": None}, Verdict.UNPROVEN),
    "a proof by somebody else": ({"proof": PROOF.replace(SERVER, "mx.evil.example")}, Verdict.UNPROVEN),
    "of another domain": ({"proof": PROOF.replace("from=mail.example", "from=evil.example")}, Verdict.UNPROVEN),
    "of no domain": ({"proof": f"{SERVER}; dmarc=pass"}, Verdict.UNPROVEN),
    "failed": ({"proof": f"{SERVER}; dmarc=fail header.from=mail.example"}, Verdict.UNPROVEN),
    "nobody's policy": ({"proof": f"{SERVER}; dmarc=none header.from=mail.example"}, Verdict.UNPROVEN),
    "failed and passed": ({"proof": f"{SERVER}; dmarc=fail; dmarc=pass header.from=mail.example"}, Verdict.UNPROVEN),
    "passed and failed": ({"proof": f"{SERVER}; dmarc=pass header.from=mail.example; dmarc=fail"}, Verdict.UNPROVEN),
    "in a comment": ({"proof": f"{SERVER}; dmarc=fail (; dmarc=pass header.from=mail.example)"}, Verdict.UNPROVEN),
    "in quotes": ({"proof": f'{SERVER}; spf=pass helo="; dmarc=pass header.from=mail.example"'}, Verdict.UNPROVEN),
    "unclosed": ({"proof": f'{SERVER}; spf=fail smtp.helo="a; dmarc=pass header.from=mail.example'}, Verdict.UNPROVEN),
    "SPF alone": ({"proof": f"{SERVER}; spf=pass smtp.mailfrom={VERA}"}, Verdict.UNPROVEN),
    "nothing at all": ({"proof": f"{SERVER}; none"}, Verdict.UNPROVEN),
    "a holiday": ({"Auto_Submitted": "auto-replied (vacation)"}, Verdict.AUTOMATIC),
    "a holiday of old": ({"Precedence": "bulk"}, Verdict.AUTOMATIC),
    "a list": ({"Precedence": "LIST"}, Verdict.AUTOMATIC),
    "Outlook's holiday": ({"X_Auto_Response_Suppress": "All"}, Verdict.AUTOMATIC),
    "a bounce": ({"Return_Path": "<>"}, Verdict.AUTOMATIC),
    "a report": ({"Content_Type": "multipart/report; boundary=b"}, Verdict.AUTOMATIC),
    "a bounce by name": ({"From": "MAILER-DAEMON@mail.example"}, Verdict.AUTOMATIC),
    "our own mail": ({"Message_ID": f"<consult-{uuid4().hex}@lampwick.example>"}, Verdict.AUTOMATIC),
    "elsewhere": ({"To": "hello@lampwick.example"}, Verdict.UNKNOWN),
    "nowhere": ({"To": None}, Verdict.UNKNOWN),
    "nothing said": ({"text": " \n\n"}, Verdict.EMPTY),
    "a quote alone": ({"text": QUOTE}, Verdict.EMPTY),
    "a book": ({"text": "word " * 9000}, Verdict.TOO_LONG),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_hers_is_not_said(what: str, visitor: Visitor, letter: Letter) -> None:
    changed, verdict = REFUSED[what]
    known = inbound.receive(reply(letter, **changed))
    assert (known.verdict, known.message) == (verdict, None)
    assert said(visitor) == ["Is the brass lamp warm?"]
    assert Letter.objects.count() == 1  # nobody is answered, and nobody told
    assert inbound.receive(reply(letter)).verdict == Verdict.ACCEPTED


def test_what_is_not_said_is_kept_to_be_read(letter: Letter) -> None:
    known = inbound.receive(reply(letter, From="Vera <vera@work.example>", Subject="=?utf-8?q?Ant=C2=ADwort?="))
    assert (known.sender, known.subject) == ("vera@work.example", "Ant\xadwort")
    assert known.text == REPLY.strip()
    assert (known.letter, known.recipient) == (letter, addresses.reply_to(letter))


def test_a_letter_of_long_ago_is_not_answered(letter: Letter) -> None:
    with time_machine.travel(letter.made_at + timedelta(days=31)):
        assert inbound.receive(reply(letter)).verdict == Verdict.EXPIRED


def test_a_revoked_letter_is_not_answered(letter: Letter) -> None:
    Letter.objects.filter(pk=letter.pk).update(revoked_at=timezone.now())
    assert inbound.receive(reply(letter)).verdict == Verdict.EXPIRED


def test_a_forged_address_opens_nothing_even_beside_a_good_name(letter: Letter) -> None:
    address = addresses.reply_to(letter) or ""
    local, domain = address.split("@")
    forged = f"{local[:-1]}{'0' if local[-1] != '0' else '1'}@{domain}"
    known = inbound.receive(reply(letter, To=forged))
    assert (known.verdict, known.letter, known.recipient) == (Verdict.FORGED, None, forged)


def test_a_note_that_came_with_the_mail_proves_nothing(letter: Letter) -> None:
    """Our server's is the topmost; the forger's, lower, bears its name."""
    raw = reply(letter).as_bytes()
    honest = f"Authentication-Results: {SERVER}; dmarc=fail header.from=mail.example\n".encode()
    assert inbound.receive(arrived(honest + raw)).verdict == Verdict.UNPROVEN


def test_a_note_below_one_that_cannot_be_read_proves_nothing(letter: Letter) -> None:
    broken = f'Authentication-Results: {SERVER}; dmarc=fail reason="\n'.encode()
    assert inbound.receive(arrived(broken + reply(letter).as_bytes())).verdict == Verdict.UNPROVEN


def test_a_note_above_by_another_server_is_passed_over(letter: Letter) -> None:
    raw = reply(letter).as_bytes()
    assert (
        inbound.receive(arrived(b"Authentication-Results: gateway.example; none\n" + raw)).verdict == Verdict.ACCEPTED
    )


def test_encoded_words_do_not_become_a_proof(letter: Letter) -> None:
    trick = "=?utf-8?q?=3B_dmarc=3Dpass_header=2Efrom=3Dmail=2Eexample?="
    raw = f"Authentication-Results: {SERVER}; spf=pass smtp.mailfrom={trick}\n".encode()
    assert inbound.receive(arrived(raw + reply(letter, proof=None).as_bytes())).verdict == Verdict.UNPROVEN


def test_without_a_server_to_believe_nothing_is(letter: Letter, settings: Any) -> None:
    settings.CONSULT = settings.CONSULT | {"REPLY_AUTHSERV": None}
    assert inbound.receive(reply(letter)).verdict == Verdict.UNPROVEN
    assert inbound.receive(reply(letter, proof="; dmarc=pass header.from=mail.example")).verdict == Verdict.UNPROVEN


def test_the_address_is_found_wherever_servers_put_it(letter: Letter) -> None:
    address = addresses.reply_to(letter)
    elsewhere: dict[str, Any] = {"To": "hello@lampwick.example"}
    for header in ("Cc", "Delivered_To", "X_Original_To"):
        known = inbound.receive(reply(letter, **elsewhere | {header: address}))
        assert known.verdict == Verdict.ACCEPTED
    mail = reply(letter, To=None)
    mail.envelope_recipient = (address or "").upper()
    assert inbound.receive(mail).verdict == Verdict.ACCEPTED


def test_a_long_letter_becomes_several_messages(visitor: Visitor, letter: Letter) -> None:
    words = "\n\n".join(["word " * 500 + "end"] * 4)
    known = inbound.receive(reply(letter, f"{words}\n\n{QUOTE}"))
    assert known.verdict == Verdict.ACCEPTED
    assert [len(piece) for piece in said(visitor)[1:]] == [2503] * 4
    (question,) = Letter.objects.filter(kind=Letter.Kind.QUESTION)
    assert question.last_seq - question.first_seq == 3
    assert inbound.receive(reply(letter, "x" * 4001)).verdict == Verdict.ACCEPTED
    assert [len(piece) for piece in said(visitor)[5:]] == [4000, 1]


def test_files_are_refused_aloud(visitor: Visitor, letter: Letter) -> None:
    mail = EmailMessage()
    mail["Authentication-Results"] = PROOF
    mail["From"], mail["To"] = VERA, addresses.reply_to(letter)
    mail.set_content("<p>See <b>this</b>.</p><img src='cid:x'>", subtype="html")
    mail.add_related(b"GIF", "image", "gif", cid="<x>")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="plan.pdf")
    known = inbound.receive(arrived(mail.as_bytes()))
    assert known.verdict == Verdict.ACCEPTED
    assert said(visitor)[1:] == ["See this."]
    line = letter.conversation.messages.get(kind=Message.Kind.FILES)
    assert (line.author_kind, line.facts) == ("shop", {"count": 2})


def test_files_alone_are_refused_aloud_too(visitor: Visitor, letter: Letter) -> None:
    mail = EmailMessage()
    mail["Authentication-Results"] = PROOF
    mail["From"], mail["To"] = VERA, addresses.reply_to(letter)
    mail.set_content(b"GIF", maintype="image", subtype="gif")
    assert inbound.receive(arrived(mail.as_bytes())).verdict == Verdict.EMPTY
    assert letter.conversation.messages.get(kind=Message.Kind.FILES).facts == {"count": 1}


def test_a_busy_conversation_is_tried_again(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is remembered of the first try."""

    def say(entry: Entry) -> Message:
        raise Refused("try_again", 1)

    mail = reply(letter)
    with monkeypatch.context() as busy:
        busy.setattr(log, "say", say)
        with pytest.raises(Refused):
            inbound.receive(mail)
    assert not Inbound.objects.exists()
    assert inbound.receive(mail).verdict == Verdict.ACCEPTED


def test_what_is_not_said_is_erased_with_its_conversation(letter: Letter) -> None:
    inbound.receive(reply(letter, From="vera@work.example"))
    letter.conversation.delete()
    assert not Inbound.objects.exists()


def test_what_came_in_is_forgotten_in_the_end(letter: Letter) -> None:
    inbound.receive(reply(letter))
    inbound.forget()
    assert Inbound.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(days=181)):
        inbound.forget()
    assert not Inbound.objects.exists()


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({}, set()),
        ({"REPLY_AUTHSERV": None}, {"consult.W011"}),
        ({"IMAP": None}, {"consult.W012"}),
        ({"REPLY_ADDRESS": None, "REPLY_AUTHSERV": None, "IMAP": None}, set()),
    ],
)
def test_a_shop_hears_that_its_replies_would_be_lost(
    chosen: dict[str, Any], told: set[str], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "is_installed", lambda name: name != "anymail")
    settings.CONSULT = settings.CONSULT | {"IMAP": {"host": "imap.lampwick.example"}} | chosen
    found = {one.id for one in run_checks(tags=[Tags.compatibility])}
    assert found & {"consult.W011", "consult.W012"} == told


# By the webhooks of providers


@pytest.fixture
def provider(settings: Any) -> Client:
    settings.ANYMAIL = {"WEBHOOK_SECRET": "shop:secret", "MAILGUN_WEBHOOK_SIGNING_KEY": "key"}
    return Client(headers={"authorization": f"Basic {b64encode(b'shop:secret').decode()}"})


def payload(name: str, letter: Letter) -> str:
    address = addresses.reply_to(letter) or ""
    text = (PAYLOADS / name).read_text()
    return text.replace("__TO__", address).replace("__HASH__", address.partition("@")[0].partition("+")[2])


@pytest.mark.urls("tests.away.webhooks")
def test_by_postmark(provider: Client, visitor: Visitor, letter: Letter) -> None:
    for _again in range(2):
        sent = payload("postmark.json", letter)
        assert provider.post("/anymail/postmark/inbound/", sent, content_type="application/json").status_code == 200
    assert said(visitor)[1:] == ["For the kitchen."]
    assert letter.conversation.messages.get(kind=Message.Kind.FILES).facts == {"count": 1}


@pytest.mark.urls("tests.away.webhooks")
def test_by_mailgun(provider: Client, visitor: Visitor, letter: Letter) -> None:
    for _again in range(2):
        sent = json.loads(payload("mailgun.json", letter))
        sent["message-headers"] = json.dumps(sent["message-headers"])
        signed = f"{sent['timestamp']}{sent['token']}".encode()
        sent["signature"] = hmac.new(b"key", signed, hashlib.sha256).hexdigest()
        assert provider.post("/anymail/mailgun/inbound/", sent).status_code == 200
    assert said(visitor)[1:] == ["Для кухни."]


@pytest.mark.urls("tests.away.webhooks")
def test_not_without_the_providers_secret(provider: Client, letter: Letter) -> None:
    sent = payload("postmark.json", letter)
    answer = Client().post("/anymail/postmark/inbound/", sent, content_type="application/json")
    assert answer.status_code == 400
    assert not Inbound.objects.exists()


# Whatever comes

NAMES = ["From", "To", "Subject", "Message-ID", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition"]
NAMES += ["Authentication-Results", "Auto-Submitted", "Precedence", "Return-Path", "Delivered-To", "X"]
VALUES = [
    "text/plain; charset=",
    "multipart/mixed; boundary=b",
    "text/html",
    "base64",
    "quoted-printable",
    "punycode",
    '"',
]
VALUES += ["=?utf-8?q?=00?=", "<", "@", "attachment; filename*0*=", "message/rfc822", "=?x?b?////?=", "utf-8''%", ";"]
headers = st.tuples(
    st.sampled_from(NAMES), st.lists(st.sampled_from(VALUES) | st.text(max_size=9), max_size=4).map("".join)
)


def test_an_encoding_that_no_program_uses_costs_no_time() -> None:
    """Python's own decoder takes seconds for it."""
    raw = b"Content-Type: text/plain; charset=punycode\n\n-" + b"bcde9" * 40_000
    began = time.process_time()
    read(arrived(raw))
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "raw",
    [
        "Subject: " + "=?a?q?x" * 14_000 + "\n\n",
        "Subject: =?punycode?q?-" + "bcde9" * 40_000 + "?=\n\n",
        "Content-Type: text/plain" + "; a=b" * 20_000 + "\n\n",
        "Content-Type: " + "(" * 5000 + "\n\n",
        "Content-Disposition: " + "(" * 5000 + "\n\n",
        "Content-Transfer-Encoding: " + "(" * 5000 + "\n\n",
        "Content-Type: text/plain; charset*=a\0b''x\n\n",
        "Content-Disposition: attachment; filename*=a\0b''x\n\n",
        "Content-Disposition: attachment; filename*=undefined''%ff\n\n",
        "Content-Type: text/plain; charset=undefined\n\n\xff",
        "Content-Type: text/plain; charset=punycode\n\n\xff-" + "bcde9" * 40_000,
        "Content-Type: text/html\n\n&#" + "9" * 5000 + ";",
        "Content-Type: text/html\n\n" + "><b>" * 50_000,
        "Content-Type: multipart/mixed; boundary=b\n\n"
        + ("--b\nContent-Type: text/html\n\n" + "><b>" * 50_000 + "\n") * 20,
        "To: " + "".join(f"a{number}@b " for number in range(50_000)) + "\n\n",
    ],
)
def test_hostile_mail_is_read_at_once(raw: str) -> None:
    message: Any = BytesParser(AnymailInboundMessage, policy=QUICK).parsebytes(raw.encode("latin-1"))
    began = time.process_time()
    mail = read(message)
    assert time.process_time() - began < 2
    assert len(mail.words) <= LONGEST


def test_a_providers_message_is_read_whatever_its_headers_are(letter: Letter) -> None:
    """Anymail took it apart, by the grammar that ends in a RecursionError."""
    known = inbound.receive(reply(letter, Content_Disposition="(" * 5000))
    assert (known.verdict, known.text) == (Verdict.ACCEPTED, "")


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(headers, max_size=6), st.binary(max_size=60) | st.just(b"--b\n\n\n--b--"))
def test_anything_can_be_received(db: None, heads: list[tuple[str, str]], body: bytes) -> None:
    raw = "".join(f"{name}: {value}\n" for name, value in heads).encode(errors="surrogatepass") + b"\n" + body
    assert inbound.receive(arrived(raw)).pk
    Inbound.objects.all().delete()
