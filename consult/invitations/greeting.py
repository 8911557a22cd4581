"""Variables in greetings: ``{name}``, or ``{name|there}`` with what is said where the name isn't known.

Browsers put the values in (``words`` in ``offer.js``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

VARIABLES = ("name", "region", "product", "page title", "greeting")
OFTEN_UNKNOWN = {"name", "region", "product"}

_VARIABLE = re.compile(r"\{([^{}|]*)(?:\|([^{}]*))?\}")


def check(text: str) -> None:
    """Raises ValidationError, with each remedy, where ``text`` could not be said to everybody."""
    if wrong := list(_faults(text)):
        raise ValidationError(wrong)


def variables(text: str) -> set[str]:
    """The names of the variables in ``text``."""
    return {found[1].strip() for found in _VARIABLE.finditer(text)}


def _faults(text: str) -> Iterator[ValidationError]:
    if re.search("[{}]", _VARIABLE.sub("", text)):
        yield ValidationError(
            _("A brace begins or ends a variable, as in {name|there}; it can't stand for itself."), code="brace"
        )
    for found in _VARIABLE.finditer(text):
        name, fallback = found[1].strip(), found[2]
        if name not in VARIABLES:
            yield _unknown(name)
        elif name in OFTEN_UNKNOWN and fallback is None:
            sentence = _("{%(name)s} isn't always known. Write what to say then, as in {%(name)s|…}.")
            yield ValidationError(sentence, code="fallback", params={"name": name})
    if "{" in text and not _at_least(text).strip():
        yield ValidationError(
            _("Where nothing is known nothing would be said. Give a variable a fallback."), code="empty"
        )


def _unknown(name: str) -> ValidationError:
    if nearest := get_close_matches(name.lower(), VARIABLES, n=1):
        sentence = _("There is no variable {%(name)s}. Did you mean {%(nearest)s}?")
        return ValidationError(sentence, code="unknown", params={"name": name, "nearest": nearest[0]})
    known = ", ".join(f"{{{one}}}" for one in VARIABLES)
    sentence = _("There is no variable {%(name)s}, only %(known)s.")
    return ValidationError(sentence, code="unknown", params={"name": name, "known": known})


def _at_least(text: str) -> str:
    """What is said where nothing is known but the time of day."""
    return _VARIABLE.sub(lambda found: found[2] or ("…" if found[1].strip() == "greeting" else ""), text)
