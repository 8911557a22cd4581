"""How a line that isn't text reads. The one place that words it, for the browser's templates and for whole pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consult.chat.models import Message

# What stands in braces is a fact of the message, or the name of its author.
LINES: Mapping[str, Promise] = {
    Message.Kind.JOINED.value: _("{name} joined the conversation"),
    Message.Kind.LEFT.value: _("{name} left the conversation"),
    Message.Kind.CLOSED.value: _("The conversation was closed"),
    Message.Kind.REOPENED.value: _("The conversation goes on"),
    Message.Kind.ORDER.value: _("Order {identifier} was placed"),
    Message.Kind.ERASED.value: _("This message was deleted"),
}


def words(message: Message) -> str:
    """What was said, or the line as a sentence in the reader's language."""
    if message.kind not in LINES:
        return message.body
    return str(LINES[message.kind]).format_map(defaultdict(str, {"name": message.author_name, **message.facts}))
