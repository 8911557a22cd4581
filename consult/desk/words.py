"""Why something can't be done at the desk, in sentences for operators."""

from __future__ import annotations

from django.utils.translation import gettext as _

from consult.away.wish import GONE
from consult.chat.models import MOST_TAGS
from consult.chat.text import MAX_LENGTH


def refusal(reason: str) -> str:
    """A reason of the wire as a sentence, if possible with the remedy in it."""
    sentences = {
        "taken": _("A colleague has this conversation."),
        "closed": _("This conversation is closed already."),
        "moved_on": _("The visitor has gone on in another conversation."),
        "not_yours": _("You do not have this conversation."),
        "no_colleague": _("This colleague cannot answer conversations. Choose another one."),
        "withdrawn": _("This conversation is no longer offered to you."),
        "unknown_tag": _("There is no such tag. Choose one of the known tags."),
        "too_many_tags": _("It has %(limit)s tags already. Take one off first.") % {"limit": MOST_TAGS},
        "call_open": _("There is a call to make. Make it or cancel it first."),
        "call_over": _("This call is over already."),
        "slot_taken": str(GONE),
        "slow_down": _("That was very fast. Wait a moment and send it again."),
        "empty": _("There is nothing in it. Write something first."),
        "too_long": _("It is longer than %(limit)s characters. Shorten it and send it again.") % {"limit": MAX_LENGTH},
        "conflict": _("Something else was sent under its name. Send it again."),
        "not_found": _("This conversation is not open to you. A colleague may have taken it."),
    }
    return sentences.get(reason, _("That did not work just now. Please try again."))


def unsent() -> dict[str, str]:
    """Why an answer was not accepted, by the reasons of the wire."""
    return {reason: refusal(reason) for reason in ("empty", "too_long", "conflict", "not_found", "other")}
