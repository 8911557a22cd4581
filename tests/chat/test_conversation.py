from __future__ import annotations

import threading

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, connection, connections, transaction

from consult.chat.entry import Refused
from consult.models import Conversation, Take, Visitor

pytestmark = pytest.mark.django_db(transaction=True)


def sees(user: User | AnonymousUser, conversation: Conversation) -> bool:
    return Conversation.objects.visible_to(user).filter(pk=conversation.pk).exists()


def test_who_sees_what_waits(
    conversation: Conversation, operator: User, colleague: User, manager: User, former_operator: User, staff: User
) -> None:
    assert [sees(user, conversation) for user in (operator, colleague, manager)] == [True, True, True]
    assert [sees(user, conversation) for user in (former_operator, staff, AnonymousUser())] == [False, False, False]


def test_who_sees_what_is_taken(conversation: Conversation, operator: User, colleague: User, manager: User) -> None:
    conversation.take(operator)
    assert [sees(user, conversation) for user in (operator, colleague, manager)] == [True, False, True]


def test_who_sees_what_is_over(conversation: Conversation, operator: User, colleague: User, manager: User) -> None:
    conversation.take(operator)
    conversation.close(operator)
    assert [sees(user, conversation) for user in (operator, colleague, manager)] == [True, False, True]


def test_a_colleague_cannot_take_what_is_taken(conversation: Conversation, operator: User, colleague: User) -> None:
    conversation.take(operator)
    with pytest.raises(Refused, match="taken"):
        conversation.take(colleague)
    with pytest.raises(Refused, match="taken"):
        conversation.close(colleague)
    conversation.release(colleague)
    conversation.refresh_from_db()
    assert conversation.operator == operator


def test_a_manager_takes_over(conversation: Conversation, operator: User, manager: User) -> None:
    conversation.take(operator)
    conversation.take(manager)
    takes = Take.objects.order_by("pk")
    assert [(take.operator, take.ended_at is None) for take in takes] == [(operator, False), (manager, True)]
    assert list(conversation.messages.order_by("seq").values_list("kind", flat=True)) == [
        "text", "joined", "left", "joined",
    ]  # fmt: skip


def test_who_has_it_is_who_took_it_last(conversation: Conversation, operator: User, manager: User) -> None:
    for verb, who in (
        ("take", operator),
        ("take", manager),
        ("release", manager),
        ("take", operator),
        ("close", operator),
    ):
        getattr(conversation, verb)(who)
        conversation.refresh_from_db()
        open_take = Take.objects.filter(conversation=conversation, ended_at=None).first()
        assert (open_take and open_take.operator) == conversation.operator


def test_who_closes_what_nobody_had_may_read_it(conversation: Conversation, operator: User, colleague: User) -> None:
    conversation.close(operator)
    assert [sees(operator, conversation), sees(colleague, conversation)] == [True, False]
    assert list(conversation.messages.order_by("seq").values_list("kind", flat=True)) == ["text", "closed"]
    assert not Take.objects.filter(ended_at=None).exists()


def test_closing_twice_is_closing_once(conversation: Conversation, operator: User) -> None:
    conversation.close(operator)
    conversation.close(operator)
    assert conversation.messages.filter(kind="closed").count() == 1


def test_a_closed_conversation_cannot_be_taken(conversation: Conversation, operator: User) -> None:
    conversation.close(operator)
    with pytest.raises(Refused, match="closed"):
        conversation.take(operator)


def test_a_visitor_has_one_open_conversation(conversation: Conversation, visitor: Visitor) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Conversation.objects.create(visitor=visitor)


def test_what_was_read_only_rises(conversation: Conversation, visitor: Visitor) -> None:
    conversation.say(visitor.author, "Hello?")
    assert [conversation.read_by("operators", seq) for seq in (2, 1, 2, 3)] == [True, False, False, False]
    conversation.refresh_from_db()
    assert conversation.operators_read == 2


def test_a_visitor_without_a_name_is_called_a_visitor() -> None:
    assert str(Visitor()) == "Visitor"


def test_a_deleted_account_leaves_its_name_and_what_it_had(
    conversation: Conversation, operator: User, colleague: User
) -> None:
    conversation.take(operator)
    operator.delete()
    assert Take.objects.get().operator_name == "Olga"
    conversation.refresh_from_db()
    assert conversation in Conversation.objects.waiting()
    conversation.take(colleague)
    assert [take.ended_at is None for take in Take.objects.order_by("pk")] == [False, True]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no row locks; runs on PostgreSQL")
@pytest.mark.parametrize("verb", ["take", "close"])
def test_whoever_meets_a_locked_row_is_asked_to_try_again(
    conversation: Conversation, operator: User, verb: str
) -> None:
    locked, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(Conversation.objects.select_for_update().filter(pk=conversation.pk))
            locked.set()
            let_go.wait(20)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(20)
    try:
        with transaction.atomic():
            with pytest.raises(Refused, match="try_again"):
                getattr(conversation, verb)(operator)
            with connection.cursor() as cursor:
                cursor.execute("SHOW lock_timeout")
                assert cursor.fetchone() == ("0",), "the host's own transaction goes on as it was"
    finally:
        let_go.set()
        holder.join()
