"""Phone numbers as they are typed, kept and read."""

from __future__ import annotations

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from consult.chat import text
from consult.conf import conf

LONGEST = 40  # code points of what is typed: a number, and the signs that people put into it
FEWEST = 5  # digits; shorter ones are called from within a country or a house


def e164(typed: str) -> str:
    """``typed`` as one number of the whole world. Raises ValidationError with the sentence for its field."""
    line = text.line(typed)
    if not line:
        raise ValidationError(_("Enter the number to call."), code="required")
    try:
        number = phonenumbers.parse(line[: LONGEST + 1], conf.PHONE_REGION)
    except NumberParseException as error:
        if error.error_type == error.INVALID_COUNTRY_CODE and not conf.PHONE_REGION and line[0].isdigit():
            sentence = _("Enter the number with its country code, such as +49 30 901820.")
            raise ValidationError(sentence, code="no_country") from error
        number = PhoneNumber()
    if len(line) > LONGEST or not _is_one(number, line):
        raise ValidationError(_("This is no phone number. It looks like +49 30 901820."), code="invalid")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def shown(number: str) -> str:
    """``number``, which e164 gave, as people read it."""
    return phonenumbers.format_number(phonenumbers.parse(number), PhoneNumberFormat.INTERNATIONAL)


def _is_one(number: PhoneNumber, line: str) -> bool:
    """Letters stand for digits on some telephones; here somebody has typed into the wrong field. And nobody lives at a
    number that its callers pay for.
    """
    if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        return False
    long_enough = number.national_number is not None and len(str(number.national_number)) >= FEWEST
    return long_enough and not any(map(str.isalpha, line)) and phonenumbers.is_possible_number(number)
