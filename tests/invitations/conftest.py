"""Rules that invite, and the browsers they invite."""

from __future__ import annotations

import pytest

from consult.models import Rule
from tests.invitations.browsers import Browser


@pytest.fixture
def lamps(db: None) -> Rule:
    """Invites whoever looks at a lamp."""
    rule = Rule.objects.create(name="Lamps", page_kinds=["product"], held_percent=10)
    rule.greetings.create(text="Shall we look at it together?")
    return rule


@pytest.fixture
def delivery(db: None) -> Rule:
    rule = Rule.objects.create(name="Delivery", page_kinds=["delivery"], position=1)
    rule.greetings.create(text="When do you need it?")
    return rule


@pytest.fixture
def laptop() -> Browser:
    return Browser()


@pytest.fixture
def phone() -> Browser:
    return Browser()
