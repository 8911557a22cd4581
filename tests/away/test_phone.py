"""Phone numbers: what people type, what is kept, and what they read."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from django.core.exceptions import ValidationError
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from consult.away import phone

ABROAD = "Enter the number with its country code, such as +49 30 901820."
NONE = "This is no phone number. It looks like +49 30 901820."


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("030 901820", "+4930901820"),
        ("+49 (30) 90-18-20", "+4930901820"),
        ("0049 30 901820", "+4930901820"),
        ("\u202a+49 30 901820\u202c", "+4930901820"),  # as it is copied from a page that is read from right to left
        ("+7 (495) 123-45-67", "+74951234567"),
        ("٠٣٠ ٩٠١٨٢٠", "+4930901820"),
    ],
)
def test_a_number_is_kept_as_one_of_the_whole_world(typed: str, kept: str) -> None:
    with override_settings(CONSULT={"PHONE_REGION": "DE"}):
        assert phone.e164(typed) == kept


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter the number to call."),
        ("\u202e\u2800", "Enter the number to call."),
        ("call me", NONE),
        ("0800 FLOWERS", NONE),
        ("12", NONE),
        ("+49 30 901820 ext. 5", NONE),
        ("+999 1234567", NONE),
        ("030 901820, 030 901821", NONE),
        ("030 901820\r\nBcc: all@shop.example", NONE),
        ("1" * 1_000_000, NONE),
        ("+" + "1" * 39, NONE),
        ("+49 900 1234567", NONE),  # the shop would pay whoever it calls there
    ],
)
def test_what_is_no_number_is_refused_in_a_sentence(typed: str, sentence: str) -> None:
    with override_settings(CONSULT={"PHONE_REGION": "DE"}), pytest.raises(ValidationError) as refused:
        phone.e164(typed)
    assert refused.value.messages == [sentence]


def test_a_shop_of_no_region_asks_for_the_country() -> None:
    with override_settings(CONSULT={}):
        assert phone.e164("+49 30 901820") == "+4930901820"
        with pytest.raises(ValidationError) as refused:
            phone.e164("030 901820")
    assert refused.value.messages == [ABROAD]


def test_people_read_it_in_groups() -> None:
    assert phone.shown("+4930901820") == "+49 30 901820"


@given(st.text(max_size=60) | st.from_regex(r"\+?[0-9 ()/-]{1,30}", fullmatch=True))
def test_whatever_is_typed_is_a_number_or_refused(typed: str) -> None:
    with override_settings(CONSULT={"PHONE_REGION": "DE"}), suppress(ValidationError):
        assert re.fullmatch(r"\+[0-9]{6,19}", phone.e164(typed), re.ASCII)
