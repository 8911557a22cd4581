from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction

from consult import signals
from consult.chat import log
from consult.chat.entry import SHOP, Author, Entry, Refused
from consult.chat.models import name_of
from consult.models import Conversation, Message, Take, Visitor

pytestmark = pytest.mark.django_db(transaction=True)


def asks(visitor: Visitor, body: str = "Which size?", client_id: UUID | None = None) -> Entry:
    return Entry(visitor.author, client_id or uuid4(), body, visitor=visitor.pk)


def answers(operator: User, conversation: Conversation, body: str = "The large one.", **more: Any) -> Entry:
    author = Author(f"u{operator.pk}", name_of(operator))
    return Entry(author, uuid4(), body, conversation=conversation.public_id, **more)


def append(*entries: Entry) -> list[Any]:
    with transaction.atomic():
        return list(log.append(entries))


def at_once(count: int, deed: Callable[[int], Any]) -> list[Any]:
    """What ``deed`` gives or raises on ``count`` threads that start together."""
    gate = threading.Barrier(count)
    results: list[Any] = [None] * count

    def run(number: int) -> None:
        gate.wait()
        try:
            results[number] = deed(number)
        except Exception as error:  # noqa: BLE001  it is the result
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_the_first_question_opens_a_conversation(visitor: Visitor) -> None:
    message = log.say(asks(visitor))
    assert (message.seq, message.conversation.visitor_id) == (1, visitor.pk)
    assert message.conversation.previous is None


def test_numbers_have_no_holes(visitor: Visitor, other_visitor: Visitor) -> None:
    said = append(asks(visitor), asks(other_visitor), asks(visitor), asks(visitor))
    assert [message.seq for message in said] == [1, 1, 2, 3]
    assert Conversation.objects.get(visitor=visitor).last_seq == 3


def test_a_number_given_back_is_given_again(visitor: Visitor) -> None:
    log.say(asks(visitor))
    with transaction.atomic():
        log.append([asks(visitor)])
        transaction.set_rollback(True)
    assert log.say(asks(visitor)).seq == 2


def test_many_at_once_get_numbers_without_holes(visitor: Visitor, conversation: Conversation) -> None:
    said = at_once(8, lambda _: [log.say(asks(visitor)).seq for _ in range(10)])
    assert sorted(seq for seqs in said for seq in seqs) == list(range(2, 82))
    conversation.refresh_from_db()
    assert conversation.last_seq == 81


def test_a_retry_gets_the_first_answer(visitor: Visitor) -> None:
    once = asks(visitor)
    first, again = log.say(once), log.say(once)
    assert (first.pk, first.repeated, again.repeated) == (again.pk, False, True)
    assert Message.objects.count() == 1


def test_twice_in_one_batch_is_once(visitor: Visitor) -> None:
    once = asks(visitor)
    first, again = append(once, once)
    assert first is again


def test_a_retry_after_the_conversation_was_closed_opens_no_other(visitor: Visitor, operator: User) -> None:
    once = asks(visitor)
    conversation = log.say(once).conversation
    conversation.close(operator)
    assert log.say(once).conversation == conversation
    assert Conversation.objects.count() == 1


def test_the_same_first_message_from_all_sides_makes_one_conversation(visitor: Visitor) -> None:
    once = asks(visitor)
    said = at_once(8, lambda _: log.say(once).pk)
    assert len(set(said)) == 1, said
    assert (Conversation.objects.count(), Message.objects.count()) == (1, 1)


def test_first_messages_from_all_sides_share_one_conversation(visitor: Visitor) -> None:
    said = at_once(8, lambda _: log.say(asks(visitor)).seq)
    assert sorted(said) == list(range(1, 9))
    assert Conversation.objects.count() == 1


def test_the_same_id_with_other_words_is_a_conflict(visitor: Visitor) -> None:
    once = log.say(asks(visitor, "Red?"))
    with pytest.raises(Refused, match="conflict"):
        log.say(asks(visitor, "Blue?", once.client_id))


def test_two_authors_may_choose_the_same_id(visitor: Visitor, other_visitor: Visitor) -> None:
    mine = log.say(asks(visitor, "Red?"))
    theirs = log.say(asks(other_visitor, "Blue?", mine.client_id))
    assert theirs.body == "Blue?"


def test_one_refused_entry_takes_no_other_with_it(visitor: Visitor, operator: User) -> None:
    nowhere = Conversation(public_id=uuid4())
    first, refused, second = append(asks(visitor), answers(operator, nowhere), asks(visitor))
    assert (first.seq, refused.reason, second.seq) == (1, "not_found", 2)


def test_what_is_said_after_the_end_opens_the_next(visitor: Visitor, operator: User) -> None:
    first = log.say(asks(visitor)).conversation
    first.close(operator)
    then = log.say(asks(visitor)).conversation
    assert (then.previous, then.closed_at) == (first, None)


def test_an_operator_who_writes_into_a_closed_one_opens_the_next(visitor: Visitor, operator: User) -> None:
    first = log.say(asks(visitor)).conversation
    log.say(answers(operator, first))
    first.close(operator)
    then = log.say(answers(operator, first, "One more thing.")).conversation
    assert (then.previous, then.visitor) == (first, visitor)


def test_answering_takes(conversation: Conversation, operator: User) -> None:
    log.say(answers(operator, conversation))
    conversation.refresh_from_db()
    assert conversation.operator == operator
    assert Take.objects.get(conversation=conversation).operator == operator
    assert list(conversation.messages.order_by("seq").values_list("kind", flat=True)) == ["text", "joined", "text"]


def test_a_colleague_finds_nothing_to_answer(conversation: Conversation, operator: User, colleague: User) -> None:
    log.say(answers(operator, conversation))
    with pytest.raises(Refused, match="not_found"):
        log.say(answers(colleague, conversation))
    assert log.say(answers(colleague, conversation, sees_all=True)).seq == 4


def test_a_question_waits_until_a_human_answers(visitor: Visitor, operator: User) -> None:
    asked = log.say(asks(visitor))
    conversation = asked.conversation
    log.say(asks(visitor, "Hello?"))
    conversation.refresh_from_db()
    assert conversation.waiting_since == asked.sent_at
    conversation.take(operator)
    conversation.refresh_from_db()
    assert conversation.waiting_since == asked.sent_at, "taking is not answering"
    log.say(answers(operator, conversation))
    conversation.refresh_from_db()
    assert conversation.waiting_since is None


def test_automatic_lines_cannot_double(conversation: Conversation, operator: User) -> None:
    conversation.take(operator)
    conversation.take(operator)
    assert conversation.messages.filter(kind="joined").count() == 1


def test_every_message_raises_the_revision(visitor: Visitor, conversation: Conversation) -> None:
    before = Conversation.objects.get().revision
    log.say(asks(visitor))
    assert Conversation.objects.get().revision > before


def test_nothing_is_announced_before_it_is_committed(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr("consult.chat.live.tell", told.extend)
    with transaction.atomic():
        log.append([asks(visitor)])
        assert not told
    assert [event.kind for event in told] == ["soon", "welcome", "message", "changed"]


def test_the_host_hears_after_commit_and_may_fail(visitor: Visitor, operator: User) -> None:
    heard: list[object] = []

    def fails(**_: object) -> None:
        raise ZeroDivisionError

    def listens(message: Message, **_: object) -> None:
        heard.append(message.body)

    signals.message_said.connect(fails)
    signals.message_said.connect(listens)
    try:
        log.say(asks(visitor))
    finally:
        signals.message_said.disconnect(fails)
        signals.message_said.disconnect(listens)
    assert heard == ["Which size?"]


def test_a_line_of_the_shop_asks_for_no_answer(conversation: Conversation, operator: User) -> None:
    log.say(answers(operator, conversation))
    log.say(Entry(SHOP, uuid4(), kind="order", conversation=conversation.public_id, facts={"identifier": "C-1"}))
    conversation.refresh_from_db()
    assert conversation.waiting_since is None
