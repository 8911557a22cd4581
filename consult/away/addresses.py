"""The names of one letter, made from its ``public_id``. By them an answer finds the way back to its conversation."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email.utils import parseaddr
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.encoding import punycode

from consult.away.models import Inbound, Letter
from consult.conf import conf

ANSWERED_FOR = timedelta(days=30)  # from when the letter was written
PROOF = 20  # hex digits: with the id's 32 and a name before them they have to fit the 64 of a local part
_REPLY = re.compile(rf"(?P<name>[^@]+)\+(?P<id>[0-9a-f]{{32}})(?P<proof>[0-9a-f]{{{PROOF}}})@(?P<domain>[^@]+)")
_OURS = re.compile(r"<?consult-[0-9a-f]{32}@[^@<>\s]+>?")


def message_id(letter: Letter) -> str:
    """The same at every try, so that a letter sent twice is one mail to its reader."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<consult-{letter.public_id.hex}@{punycode(domain)}>"


def is_ours(mail_id: str) -> bool:
    """Whether it looks like a Message-ID of one of our letters."""
    return _OURS.fullmatch(mail_id.strip().lower()) is not None


def reply_to(letter: Letter) -> str | None:
    """Where its reader answers it, or None: the shop reads no mail, or the letter is an operator's, who answers at the
    desk.
    """
    if not conf.REPLY_ADDRESS or letter.kind != Letter.Kind.ANSWER:
        return None
    name, _, domain = conf.REPLY_ADDRESS.lower().rpartition("@")
    return f"{name}+{letter.public_id.hex}{_proof(letter, settings.SECRET_KEY)}@{domain}"


def letter_of(address: str) -> Letter | Inbound.Verdict:
    """The letter that has this reply address, in whatever case a mail server wrote it, or why there is none."""
    found = _REPLY.fullmatch(address.strip().lower())
    if found is None or f"{found['name']}@{found['domain']}" != (conf.REPLY_ADDRESS or "").lower():
        return Inbound.Verdict.UNKNOWN
    letters = Letter.objects.filter(kind=Letter.Kind.ANSWER).select_related("conversation__visitor")
    letter = letters.filter(public_id=UUID(found["id"])).first()
    if letter is None:
        return Inbound.Verdict.UNKNOWN  # or erased
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not any(constant_time_compare(_proof(letter, key), found["proof"]) for key in keys):
        return Inbound.Verdict.FORGED
    return letter


def is_answerable(letter: Letter, now: datetime) -> bool:
    return letter.revoked_at is None and now < letter.made_at + ANSWERED_FOR


def _proof(letter: Letter, key: str | bytes) -> str:
    """That we gave this letter's address to its recipient."""
    value = f"{letter.public_id.hex} {letter.recipient.lower()}"
    return salted_hmac("consult.away.addresses", value, secret=key, algorithm="sha256").hexdigest()[:PROOF]
