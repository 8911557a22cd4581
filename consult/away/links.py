"""The link in an answer's e-mail: whoever has it reads one conversation and goes on in it, for seven days."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.db.models import QuerySet
from django.utils import timezone

from consult.away.models import Letter
from consult.chat.entry import Refused

GOOD_FOR = timedelta(days=7)  # from when the letter was sent

_signer = TimestampSigner(salt="consult.away.links", sep=".")  # mail programs cut addresses at a colon


def token(letter: Letter) -> str:
    return _signer.sign(letter.public_id.hex)


def letter_of(token: str) -> Letter:
    """The letter whose link has this ``token``. Raises Refused: ``not_found``, ``expired`` or ``withdrawn``."""
    try:
        public_id = UUID(_signer.unsign(token, max_age=GOOD_FOR))
    except SignatureExpired as error:
        raise Refused("expired") from error
    except (BadSignature, ValueError) as error:
        raise Refused("not_found") from error
    answers = Letter.objects.filter(kind=Letter.Kind.ANSWER).select_related("conversation__visitor")
    letter = answers.filter(public_id=public_id).first()
    if letter is None:
        raise Refused("not_found")
    if letter.revoked_at:
        raise Refused("withdrawn")
    return letter


def withdraw(conversations: QuerySet[Letter, Any]) -> int:
    """From now on nothing that was mailed of these (pks) opens them, nor is let in as an answer."""
    mailed = Letter.objects.filter(conversation__in=conversations, kind=Letter.Kind.ANSWER, revoked_at=None)
    return mailed.update(revoked_at=timezone.now())
