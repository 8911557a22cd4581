"""How to reach a visitor: what they, or an operator for them, claim. The one place that judges it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from consult.chat import frames, live, text
from consult.chat.models import Conversation, Visitor
from consult.chat.patience import patience

FIELDS = ("name", "email", "phone")

# The validator lets more pass: letters beyond ASCII, which no mail server takes; other addresses, in quotes; and the
# machines around the mail server.
_IS_SENT_TO = re.compile(r'[!#-~]+@(?!localhost$)[^\["]+')
_PHONE = re.compile(r"\+?[0-9 ()./-]+")
_DIGITS = range(5, 21)  # from a village's own numbers to one abroad with everything before it


def clean(**claims: str) -> dict[str, str]:
    """Those of FIELDS that are given, as they may be stored. Raises ValidationError with the sentences by field."""
    cleaned, errors = {}, {}
    for field, typed in claims.items():
        line = text.line(typed)
        try:
            cleaned[field] = _judged(field, line) if line else ""
        except ValidationError as error:
            errors[field] = error
    if errors:
        raise ValidationError(errors)
    return cleaned


def keep(visitor: int, claims: Mapping[str, str]) -> None:
    """Make these, which ``clean`` gave, the claims of ``visitor`` (pk). Desks and the visitor's tabs see it.

    Raises Refused where somebody holds a row for too long.
    """
    with patience():
        changed = Visitor.objects.filter(pk=visitor).exclude(**claims).update(**claims)
        known = frames.encode({"type": "contact", **of(visitor)})
        event = live.Event((f"v{visitor}",), "contact", "", 0, known)
        transaction.on_commit(lambda: live.tell([event]), robust=True)
    if changed:  # apart, for the log locks conversations before visitors: we and it could wait for each other
        with patience():
            Conversation.objects.open().filter(visitor=visitor).changed()


def of(visitor: int) -> dict[str, str]:
    """What is known by now of ``visitor`` (pk)."""
    return Visitor.objects.filter(pk=visitor).values(*FIELDS).first() or dict.fromkeys(FIELDS, "")


def _judged(field: str, line: str) -> str:
    limit: int = getattr(Visitor, field).field.max_length
    if len(line) > limit:
        raise ValidationError(_("At most %(limit)d characters, please."), params={"limit": limit}, code="too_long")
    if field == "email":
        validate_email(line)
        if not _IS_SENT_TO.fullmatch(line):
            raise ValidationError(validate_email.message, code="invalid")
    if field == "phone" and not (_PHONE.fullmatch(line) and sum(map(str.isdigit, line)) in _DIGITS):
        raise ValidationError(_("Enter a phone number."), code="invalid")
    return line
