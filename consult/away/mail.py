"""A letter as an e-mail: plain text from templates, in its reader's language.

No header holds a word that a visitor wrote, and none is read by a visitor but what an operator wrote them: a letter
may go to somebody who never asked anything.
"""

from __future__ import annotations

from email.policy import Policy, default
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlencode

import django
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import translation

from consult.away import addresses, links, quote
from consult.away.models import Inbound, Letter
from consult.chat.models import Conversation, Message
from consult.conf import conf

PARTS = ("subject", "body")
LONGEST_LINE = 998  # of bytes: RFC 5322, 2.1.1
REFERENCES = 20  # the latest that a mail names of its thread


class Mail(EmailMessage):
    """Its lines stay as long as SMTP takes them, so that a link can be followed from wherever the mail is read."""

    if django.VERSION >= (6, 0):  # before, Django saw to it

        def message(self, *, policy: Policy[Any] | None = None) -> Any:
            return super().message(policy=(policy or default).clone(max_line_length=LONGEST_LINE))


def compose(letter: Letter) -> EmailMessage | None:
    """``letter`` as it is sent now. None: there is nothing in it to be said any more.

    Raises ValidationError for a recipient that is none, and whatever the shop's own templates raise.
    """
    messages = list(_messages(letter))
    if not messages or letter.revoked_at:
        return None
    validate_email(letter.recipient)
    thread = _thread(letter)
    reply_to = addresses.reply_to(letter)
    with translation.override(letter.language or settings.LANGUAGE_CODE):
        context = {
            "messages": messages,
            "visitor": letter.conversation.visitor,
            "shop": parseaddr(settings.DEFAULT_FROM_EMAIL)[0],
            "link": _link(letter),
            "reply_to": reply_to,
            "mark": quote.MARK,
        }
        subject, body = (render_to_string(f"consult/mail/{letter.kind}_{part}.txt", context) for part in PARTS)
    return Mail(
        ("Re: " if thread else "") + " ".join(subject.split()),
        body.strip() + "\n",
        to=[letter.recipient],
        reply_to=[reply_to] if reply_to else None,
        headers=_headers(letter, thread),
    )


def send(composed: EmailMessage) -> None:
    """By the shop's own mail backend. Raises what that raises."""
    if conf.MAILER and django.VERSION >= (6, 1):
        composed.send(using=conf.MAILER)
    else:
        composed.send()


def language_of(conversation: Conversation, kind: Letter.Kind) -> str:
    """What the reader of a letter reads, as far as the shop speaks it."""
    if kind == Letter.Kind.ANSWER:
        try:
            return translation.get_supported_language_variant(conversation.visitor.language)
        except LookupError:
            pass
    return settings.LANGUAGE_CODE


def _messages(letter: Letter) -> QuerySet[Message]:
    """What the letter brings, as far as it is still to be told."""
    brought = letter.conversation.messages.filter(seq__range=(letter.first_seq, letter.last_seq)).order_by("seq")
    if letter.kind == Letter.Kind.QUESTION:
        return brought.asked()
    if letter.conversation.visitor_read >= letter.last_seq:
        return brought.none()
    return brought.answers() | brought.filter(kind=Message.Kind.FILES)


def _link(letter: Letter) -> str | None:
    """Where its reader goes on: a visitor into this one conversation, an operator to the desk."""
    if not conf.SITE_URL:
        return None
    if letter.kind == Letter.Kind.ANSWER:
        path = reverse("consult:resume", args=[links.token(letter)])
    else:
        try:
            path = reverse("admin:consult_desk_changelist")
        except NoReverseMatch:  # the shop's admin has another name
            return None
        path += f"?{urlencode({'conversation': letter.conversation.public_id})}"
    return conf.SITE_URL.rstrip("/") + path


def _headers(letter: Letter, thread: list[str]) -> dict[str, str]:
    headers = {"Message-ID": addresses.message_id(letter), "X-Auto-Response-Suppress": "All"}
    if letter.kind == Letter.Kind.QUESTION:
        headers["Auto-Submitted"] = "auto-generated"
    if thread:
        headers |= {"In-Reply-To": thread[-1], "References": " ".join(thread)}
    return headers


def _thread(letter: Letter) -> list[str]:
    """What passed between us and this reader before in the same conversation, by Message-IDs as time went."""
    ours = letter.conversation.letters.filter(kind=letter.kind, recipient__iexact=letter.recipient)
    passed = [(earlier.made_at, addresses.message_id(earlier)) for earlier in ours.filter(pk__lt=letter.pk)]
    if letter.kind == Letter.Kind.ANSWER:
        theirs = Inbound.objects.filter(message__conversation=letter.conversation, received_at__lt=letter.made_at)
        passed += theirs.exclude(mail_id="").values_list("received_at", "mail_id")
    return [mail_id for _, mail_id in sorted(passed)[-REFERENCES:]]
