"""How a line that isn't text reads. The one place that words it, for the browser's templates and for whole pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from consult.chat.models import Message

# What stands in braces is a fact of the message, or the name of its author.
LINES: Mapping[str, Promise] = {
    Message.Kind.JOINED.value: _("{name} joined the conversation"),
    Message.Kind.LEFT.value: _("{name} left the conversation"),
    Message.Kind.CLOSED.value: _("The conversation was closed"),
    Message.Kind.REOPENED.value: _("The conversation goes on"),
    Message.Kind.ORDER.value: _("Order {identifier} was placed"),
    Message.Kind.PROMISED.value: _("Thank you for contacting us. A consultant will answer in about {minutes}."),
    Message.Kind.RENEWED.value: _("It takes longer than we thought. A consultant will answer in about {minutes}."),
    Message.Kind.LETTER.value: _(
        "Nobody could answer in time. Your question is kept: the answer comes here, "
        "and by e-mail if we have your address."
    ),
    Message.Kind.FILES.value: _("Attachments can't be received yet. Please write what is in them."),
    Message.Kind.CALL_NOW.value: _("A call to {phone} was requested, as soon as possible"),
    Message.Kind.CALL_AT.value: _("A call to {phone} was requested for {at}"),
    Message.Kind.CALLED.value: _("{name} called"),
    Message.Kind.NO_ANSWER.value: _("{name} called, and nobody answered. The next try is at {at}."),
    Message.Kind.UNREACHED.value: _("{name} called, and nobody answered. Ask again when we can reach you."),
    Message.Kind.ERASED.value: _("This message was deleted"),
}


def words(message: Message) -> str:
    """What was said, or the line as a sentence in the reader's language."""
    if message.kind not in LINES:
        return message.body
    facts = {name: FACTS.get(name, str)(fact) for name, fact in message.facts.items()}
    return str(LINES[message.kind]).format_map(defaultdict(str, {"name": message.author_name} | facts))


def minutes(number: int) -> str:
    return ngettext("%(number)d minute", "%(number)d minutes", number) % {"number": number}


def moment(at: str) -> str:
    """``at`` as the wire writes it, in the time zone of the page."""
    return date_format(timezone.localtime(datetime.fromisoformat(at)), "DATETIME_FORMAT")


# Facts that are no words yet. The browser words them by its own means: see #fact in log.js.
FACTS: Mapping[str, Callable[[Any], str]] = {"minutes": minutes, "at": moment}
