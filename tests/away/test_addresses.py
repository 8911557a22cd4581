"""A letter's names lead back to it, and to nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from consult.away import addresses
from consult.away.models import Inbound, Letter
from consult.models import Conversation, Visitor

UNKNOWN, FORGED = Inbound.Verdict.UNKNOWN, Inbound.Verdict.FORGED


@pytest.fixture(autouse=True)
def the_shop_reads_its_mail(settings: Any) -> None:
    settings.CONSULT = settings.CONSULT | {"REPLY_ADDRESS": "Reply@in.lampwick.example"}


@pytest.fixture
def letter(visitor: Visitor) -> Letter:
    return write(visitor)


def write(visitor: Visitor, kind: Letter.Kind = Letter.Kind.ANSWER) -> Letter:
    conversation, _ = Conversation.objects.get_or_create(visitor=visitor)
    return Letter.objects.create(
        conversation=conversation, kind=kind, recipient=f"{visitor.name}@mail.example", first_seq=1, last_seq=1
    )


def address_of(letter: Letter) -> str:
    address = addresses.reply_to(letter)
    assert address is not None
    return address


def test_its_message_id_is_ours_and_always_the_same(letter: Letter) -> None:
    named = addresses.message_id(letter)
    assert named == addresses.message_id(letter) == f"<consult-{letter.public_id.hex}@lampwick.example>"
    assert addresses.is_ours(named)
    assert not addresses.is_ours("<CAFx@mail.example>")


def test_its_reply_address_leads_back_to_it_in_any_case(letter: Letter) -> None:
    address = address_of(letter)
    assert len(address.partition("@")[0]) <= 64
    assert address == address.lower()
    assert addresses.letter_of(address) == letter
    assert addresses.letter_of(f" {address.upper()}") == letter


def test_an_operators_letter_has_none(visitor: Visitor, letter: Letter) -> None:
    """They answer at the desk: nobody becomes an operator by writing a mail."""
    question = write(visitor, Letter.Kind.QUESTION)
    assert addresses.reply_to(question) is None
    question.kind = Letter.Kind.ANSWER  # as if somebody had guessed it
    assert addresses.letter_of(address_of(question)) == UNKNOWN
    assert addresses.letter_of(address_of(letter)) == letter


def test_a_shop_that_reads_no_mail_gives_none(letter: Letter, settings: Any) -> None:
    address = address_of(letter)
    settings.CONSULT = settings.CONSULT | {"REPLY_ADDRESS": None}
    assert addresses.reply_to(letter) is None
    assert addresses.letter_of(address) == UNKNOWN


def test_a_changed_address_is_forged(visitor: Visitor, other_visitor: Visitor, letter: Letter) -> None:
    local, domain = address_of(letter).split("@")
    last = "0" if local[-1] != "0" else "1"
    assert addresses.letter_of(f"{local[:-1]}{last}@{domain}") == FORGED
    theirs = address_of(write(other_visitor)).partition("@")[0]
    assert addresses.letter_of(f"{local[:-20]}{theirs[-20:]}@{domain}") == FORGED
    letter.recipient = "walter@mail.example"
    letter.save()
    assert addresses.letter_of(f"{local}@{domain}") == FORGED


def test_an_address_of_elsewhere_is_unknown(letter: Letter) -> None:
    local, domain = address_of(letter).split("@")
    assert addresses.letter_of(f"{local}@evil.example") == UNKNOWN
    assert addresses.letter_of(f"x{local}@{domain}") == UNKNOWN
    assert addresses.letter_of(f"{local}@{domain}@{domain}") == UNKNOWN
    assert addresses.letter_of(address_of(letter).replace(letter.public_id.hex, uuid4().hex)) == UNKNOWN


def test_a_letter_that_was_erased_is_unknown(letter: Letter) -> None:
    address = address_of(letter)
    letter.conversation.delete()
    assert addresses.letter_of(address) == UNKNOWN


def test_a_new_secret_key_leaves_the_letters_of_the_old_one_answerable(letter: Letter, settings: Any) -> None:
    address = address_of(letter)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert address_of(letter) != address
    assert addresses.letter_of(address) == letter
    settings.SECRET_KEY_FALLBACKS = []
    assert addresses.letter_of(address) == FORGED


def test_it_can_be_answered_for_a_month_unless_it_was_revoked(letter: Letter) -> None:
    assert addresses.is_answerable(letter, letter.made_at + timedelta(days=29))
    assert not addresses.is_answerable(letter, letter.made_at + timedelta(days=30))
    letter.revoked_at = timezone.now()
    assert not addresses.is_answerable(letter, letter.made_at)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text() | st.from_regex(r"reply\+[0-9a-f\x00\ud800]{52}@in\.lampwick\.example"))
def test_nothing_else_leads_anywhere(letter: Letter, address: str) -> None:
    assert addresses.letter_of(address) == UNKNOWN
