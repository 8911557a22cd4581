"""What the widget says that depends on a number or a reason. Everything else stands in its templates."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from consult.chat.text import MAX_LENGTH

# At least one number of every plural category of every language, so that the browser finds the form for any number:
# that of the first of these which Intl.PluralRules puts into the same category.
NUMBERS = (0, 1, 2, 3, 5, 11, 100)


def forms(form: Callable[[int], str]) -> dict[int, str]:
    """``form`` of each of NUMBERS, without repetitions."""
    found: dict[str, int] = {}
    for number in NUMBERS:
        found.setdefault(form(number), number)
    return {number: text for text, number in found.items()}


def unread() -> dict[int, str]:
    """How many answers wait, with ``{count}`` where the number goes."""
    return forms(lambda number: ngettext("{count} new answer", "{count} new answers", number))


def refusals() -> dict[str, str]:
    """Why a message was not accepted, by the reasons of the wire, as sentences with the remedy in them."""
    return {
        "empty": _("There is nothing in it. Write your question first."),
        "too_long": _("It is longer than %(limit)s characters. Shorten it and send it again.") % {"limit": MAX_LENGTH},
        "slow_down": _("That was very fast. Wait a moment and send it again."),
        "try_again": _("It could not be stored just now. Send it again in a moment."),
        "conflict": _("Something else was sent under its name. Send it again."),
        "not_found": _("This conversation can't be found any more. Reload the page and ask again."),
        "other": _("It was not accepted. Send it again, and if that does not help, reload the page."),
    }
