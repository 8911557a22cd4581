from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from consult.chat import duty, log, presence
from consult.chat.entry import Author, Entry
from consult.models import Conversation, Duty, Take

pytestmark = pytest.mark.django_db(transaction=True)


def silence(seconds: int) -> None:
    """The desks were last heard ``seconds`` ago."""
    then = timezone.now() - timedelta(seconds=seconds)
    Duty.objects.update(seen_at=then)
    Take.objects.update(seen_at=then)


def test_somebody_on_duty_makes_the_shop_online(operator: User, colleague: User) -> None:
    assert presence.now().state == "away"
    duty.begin(operator)
    duty.begin(operator)
    duty.begin(colleague)
    assert presence.now().state == "online"
    assert Duty.objects.count() == 2
    duty.end(operator)
    assert presence.now().state == "online"
    duty.end(colleague)
    assert presence.now().state == "away"


def test_a_minute_without_a_beat_ends_the_duty_and_the_takes(operator: User, conversation: Conversation) -> None:
    duty.begin(operator)
    conversation.take(operator)
    silence(59)
    call_command("consult_tick")
    assert duty.is_on(operator)
    silence(61)
    assert presence.now().state == "away", "nobody need have noticed yet"
    call_command("consult_tick")
    call_command("consult_tick")
    conversation.refresh_from_db()
    assert not duty.is_on(operator)
    assert conversation.operator is None
    left = conversation.messages.get(kind="left")
    assert left.facts == {"name": "Olga", "why": "vanished"}
    assert conversation in Conversation.objects.waiting()


def test_a_beat_keeps_duty_and_takes(operator: User, conversation: Conversation) -> None:
    duty.begin(operator)
    conversation.take(operator)
    silence(61)
    duty.beat([operator.pk])
    duty.end_silent()
    conversation.refresh_from_db()
    assert conversation.operator == operator


def test_who_comes_back_begins_a_new_duty(operator: User) -> None:
    duty.begin(operator)
    silence(61)
    duty.begin(operator)
    first, second = Duty.objects.order_by("began_at")
    assert (first.ended_at is None, second.ended_at is None) == (False, True)


def test_a_question_answered_before_the_operator_vanished_waits_for_nothing(
    operator: User, conversation: Conversation
) -> None:
    log.say(Entry(Author(f"u{operator.pk}"), uuid4(), "The large one.", conversation=conversation.public_id))
    silence(61)
    duty.end_silent()
    conversation.refresh_from_db()
    assert conversation.waiting_since is None
