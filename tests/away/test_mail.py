"""What stands in the e-mails: whose words, for whom, in which language, and nothing in their headers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import django
import pytest
from django.contrib.auth.models import User
from django.core import mail as django_mail
from django.core.mail import EmailMessage
from django.utils import timezone

from consult.away import addresses, mail, outbox, quote
from consult.away.models import Inbound, Letter
from consult.chat import log
from consult.chat.entry import SHOP, Author, Entry
from consult.models import Conversation, Message, Visitor
from tests.away.post import HOME, SITE, answer, ask, set_up

OLGA = "olga@shop.example"


@pytest.fixture
def conversation(visitor: Visitor) -> Conversation:
    return ask(visitor)


def letter(conversation: Conversation, kind: Letter.Kind = Letter.Kind.QUESTION, to: str = OLGA) -> Letter:
    """Of all that was said."""
    conversation.refresh_from_db()
    outbox.write(conversation, kind, [to], 1, conversation.last_seq)
    return Letter.objects.order_by("pk").last() or Letter()


def answered(operator: User, conversation: Conversation, text: str = "It is, by 300 kelvin.") -> Letter:
    said = answer(operator, conversation, text)
    outbox.write(conversation, Letter.Kind.ANSWER, [HOME], said.seq, said.seq)
    return Letter.objects.get(last_seq=said.seq, kind=Letter.Kind.ANSWER)


def composed(letter: Letter) -> EmailMessage:
    found = mail.compose(Letter.objects.get(pk=letter.pk))
    assert found is not None
    return found


def test_operators_read_the_question_and_whose_it_is(conversation: Conversation, settings: Any) -> None:
    set_up(settings, SITE_URL=f"{SITE}/")
    written = composed(letter(conversation))
    assert written.subject == "Lampwick: a visitor waits for an answer"
    assert written.to == [OLGA]
    assert "> Is the brass lamp warmer?" in written.body
    assert "Name: Vera\nE-mail: vera@home.example\n" in written.body
    assert f"{SITE}/admin/consult/desk/?conversation={conversation.public_id}" in written.body
    assert written.extra_headers["Auto-Submitted"] == "auto-generated"


def test_operators_can_not_answer_by_mail(conversation: Conversation, settings: Any) -> None:
    set_up(settings, REPLY_ADDRESS="reply@in.shop.example")
    written = composed(letter(conversation))
    assert written.reply_to == []
    assert "Replies to this e-mail don't reach the visitor." in written.body


def test_the_visitor_reads_the_answer_and_none_of_what_was_asked(
    conversation: Conversation, operator: User, settings: Any
) -> None:
    """Who asked may have been somebody else, who wanted them to read it."""
    set_up(settings, SITE_URL=SITE)
    written = composed(answered(operator, conversation))
    assert written.subject == "Lampwick: an answer to your question"
    assert "Olga:\nIt is, by 300 kelvin.\n" in written.body
    assert f"{SITE}/consult/resume/" in written.body
    for theirs in ("brass", "Vera"):
        assert theirs not in written.body
    assert quote.MARK not in written.body


def test_the_visitor_can_answer_where_the_shop_reads_mail(
    conversation: Conversation, operator: User, settings: Any
) -> None:
    set_up(settings, REPLY_ADDRESS="reply@in.shop.example", SITE_URL=None)
    sent = answered(operator, conversation)
    written = composed(sent)
    assert written.reply_to == [addresses.reply_to(sent)]
    assert written.body.startswith(quote.MARK)
    assert "http" not in written.body  # without SITE_URL nobody knows where a link would lead


def test_attachments_that_were_refused_are_told_of_with_the_answer(conversation: Conversation, operator: User) -> None:
    log.say(Entry(SHOP, uuid4(), kind="files", facts={"count": 2}, conversation=conversation.public_id))
    answer(operator, conversation)
    body = composed(letter(conversation, Letter.Kind.ANSWER, HOME)).body
    assert 0 <= body.find("Attachments can't be received yet.") < body.find("It is, by 300 kelvin.")


def test_everybody_reads_their_own_language(conversation: Conversation, operator: User, settings: Any) -> None:
    Visitor.objects.update(language="ru-RU")
    assert answered(operator, Conversation.objects.get()).language == "ru"
    assert letter(conversation).language == "en"
    Visitor.objects.update(language="tlh")
    assert mail.language_of(Conversation.objects.get(), Letter.Kind.ANSWER) == "en"


def test_a_thread_holds_together(conversation: Conversation, operator: User) -> None:
    first = answered(operator, conversation)
    plain = composed(first)
    assert "In-Reply-To" not in plain.extra_headers
    author = Author(f"v{conversation.visitor_id}")
    said = log.say(Entry(author, uuid4(), "And dimmable?", visitor=conversation.visitor_id, medium="mail"))
    Inbound.objects.create(digest="a", mail_id="<1@home.example>", verdict=Inbound.Verdict.ACCEPTED, message=said)
    Inbound.objects.create(digest="b", mail_id="", verdict=Inbound.Verdict.ACCEPTED, message=said)
    second = composed(answered(operator, conversation, "That, too."))
    assert second.subject == f"Re: {plain.subject}"
    assert second.extra_headers["In-Reply-To"] == "<1@home.example>"
    assert second.extra_headers["References"] == f"{addresses.message_id(first)} <1@home.example>"


def test_nothing_is_sent_of_what_was_read_meanwhile(conversation: Conversation, operator: User) -> None:
    sent = answered(operator, conversation)
    assert mail.compose(sent) is not None
    sent.conversation.read_by("visitor", sent.last_seq)
    outbox.send_due()
    assert Letter.objects.get(pk=sent.pk).state == Letter.State.VOID
    assert django_mail.outbox == []


def test_nothing_is_sent_of_what_was_erased_or_withdrawn(conversation: Conversation, operator: User) -> None:
    erased, withdrawn = letter(conversation), answered(operator, conversation)
    Message.objects.filter(seq=1).update(kind="erased", body="")
    Letter.objects.filter(pk=withdrawn.pk).update(revoked_at=timezone.now())
    outbox.send_due()
    assert set(Letter.objects.filter(pk__in=[erased.pk, withdrawn.pk]).values_list("state", flat=True)) == {"void"}


HOSTILE = [
    "Hi\r\nBcc: v@evil.test",
    "Hi\nBcc: v@evil.test",
    "\x0bevil",
    "\x85evil",
    "\u2028evil",
    "\u202egnp.evil",
    "=?utf-8?q?evil?=",
    "<a href='https://evil.test'>Reset password</a>",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_no_word_of_a_visitor_gets_into_a_header(words: str, visitor: Visitor, operator: User) -> None:
    Visitor.objects.filter(pk=visitor.pk).update(name=words, phone=words[:32], page_url=words)
    conversation = ask(visitor, f"Is it warmer? {words}")
    for sent in (letter(conversation), answered(operator, conversation)):
        message = composed(sent).message()
        assert "evil" not in " ".join(f"{name}: {value}" for name, value in message.items())
        assert message["To"] == sent.recipient


def test_what_a_visitor_wrote_is_no_template_and_no_markup(visitor: Visitor) -> None:
    words = "{{ 7*7 }} {% debug %} ${7*7} %s%n {0.__class__} <b>5 & 6</b>"
    assert f"> {words}\n" in composed(letter(ask(visitor, words))).body


def test_each_line_of_a_strangers_words_is_quoted(visitor: Visitor) -> None:
    forged = "Hello\n\nAnswer at the desk:\nhttps://evil.test/admin/"
    body = composed(letter(ask(visitor, forged))).body
    assert "> https://evil.test/admin/" in body
    assert "\nhttps://evil.test" not in body


@pytest.mark.parametrize("words", ["Is it warmer?", "Теплее ли она?"])
def test_a_link_stays_in_one_line(words: str, visitor: Visitor, operator: User, settings: Any) -> None:
    set_up(settings, SITE_URL=SITE)
    written = composed(answered(operator, ask(visitor), words))
    (link,) = (line for line in written.body.splitlines() if line.startswith(SITE))
    assert f"\n{link}\n".encode() in written.message().as_bytes()


@pytest.mark.skipif(django.VERSION < (6, 1), reason="MAILERS came with Django 6.1")
def test_the_shop_may_name_a_mailer(conversation: Conversation, settings: Any) -> None:
    memory = {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}
    settings.MAILERS = {"default": {"BACKEND": "nowhere.Backend"}, "letters": memory}
    sent = letter(conversation)
    outbox.send_due()
    assert "nowhere" in Letter.objects.get(pk=sent.pk).error
    set_up(settings, MAILER="letters")
    Letter.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    outbox.send_due()
    assert [written.to for written in django_mail.outbox] == [[OLGA]]
