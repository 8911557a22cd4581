"""Finding: by what was said and with whom, for those who may read it."""

from __future__ import annotations

import io
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, models
from django.test import Client

from consult.chat import words
from consult.chat.entry import Author, Entry
from consult.chat.words import Words
from consult.desk import find
from consult.models import Conversation, Message, Tag, Visitor
from example_shop.models import Order
from tests.desk.conftest import ask, at

FIND = "/admin/consult/desk/find/"


ODD = [
    *("'; DROP TABLE consult_message; --", '"', "'", "a'b\"c", "*", "NEAR(a b)", "a AND", "OR", "a:b", "x:*", "& |"),
    *("()", "!a", "<->", "\\", "%", "_", "a\x00b", "\x00", "😀", "\u202edesrever", "\u0301\u0301", "ß", "x", "İ"),
    *("灯", "दीपक", "٣٤", "e" + "\u0301" * 500, "9" * 400, "1e5", "-5", "a/b/c", "http://x.example/?q=1&b"),
    *("a\u20ddb", "word " * 5000),
]


def answer(user: User, query: str = "", **more: str) -> Any:
    return at(user).get(FIND, {"q": query, **more})


def found(user: User, query: str = "", **more: str) -> list[str]:
    """The conversations (public ids) that were found, in their order."""
    return [row["conversation"] for row in answer(user, query, **more).json()["rows"]]


def names(*conversations: Conversation) -> list[str]:
    return [str(conversation.public_id) for conversation in conversations]


@pytest.fixture(params=["read", "asked"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to an answer: reading what is new, and asking the index."""
    if request.param == "asked":
        monkeypatch.setattr(find, "READ_AT_MOST", 0)
    return str(request.param)


@pytest.mark.parametrize("page", [FIND, f"{FIND}filters/"])
def test_who_may_look(who_reads: tuple[Client, int], page: str) -> None:
    browser, status = who_reads
    assert browser.get(page).status_code == status


def test_it_is_found(way: str, visitor: Visitor, other_visitor: Visitor, manager: User) -> None:
    Visitor.objects.filter(pk=visitor.pk).update(email="vera@home.example", phone="+49 30 1234567")
    wanted = ask(visitor, "Is the brass lamp <b>dimmable</b>/warm? Heron-Café, ist die Lampe: Größe?")
    ask(other_visitor, "Do you deliver to Leipzig?")
    by_word = ["brass", "BRASS lamp", "lamp bra", "dimmable", "heron", "café", "Ist die Lampe?", "größe"]
    by_name = ["vera", "vera home.ex", "VERA@home.example"]
    by_phone = ["30 1234567", "0049 30 1234", "030-1234567", "4567", "(30) 1234567"]
    for query in by_word + by_name + by_phone:
        assert (query, found(manager, query)) == (query, names(wanted))


def test_it_is_not_found(way: str, conversation: Conversation, manager: User) -> None:
    assert found(manager, "brass") == names(conversation)
    for query in ["rass", "brass trombone", "vera trombone", "99", "!!!", "😀", "-", "B-99999"]:
        assert (query, found(manager, query)) == (query, [])


def test_any_question_has_an_answer(way: str, conversation: Conversation, manager: User) -> None:
    browser = at(manager)
    for query in ODD:
        assert (query, browser.get(FIND, {"q": query}).status_code) == (query, 200)
    assert found(manager, "brass") == names(conversation)


def test_a_megabyte_is_a_question_like_another(conversation: Conversation) -> None:
    for text in ("brass " * 200_000, "brass \ud800"):
        assert list(find.found(Conversation.objects.all(), find.Question.of(text), 10)) == [conversation.pk]


def test_a_conversation_is_found_once_with_its_latest_line_that_fits(
    way: str, conversation: Conversation, operator: User, manager: User
) -> None:
    author = Author(f"u{operator.pk}", "Olga")
    conversation.say(author, f"{'Yes. ' * 100}The <b>brass</b> one is dimmable. {'And so on. ' * 100}")
    conversation.say(author, "Anything else?")
    (row,) = answer(manager, "brass").json()["rows"]
    line = row["found"]
    assert (line["kind"], line["seq"], line["author"]) == ("message", 3, {"kind": "operator", "name": "Olga"})
    ((begin, end),) = line["marks"]
    assert line["body"][begin:end] == "brass"
    assert len(line["body"]) < 200


def test_a_note_is_found(way: str, conversation: Conversation, operator: User, manager: User) -> None:
    conversation.note(operator, uuid4(), "Wants a discount")
    (row,) = answer(manager, "discount").json()["rows"]
    assert (row["found"]["kind"], row["found"]["body"]) == ("note", "Wants a discount")


def test_an_order_leads_to_its_conversation(way: str, conversation: Conversation, manager: User) -> None:
    order = Order.objects.create(consultation=conversation, source="chat", name="Vera", email="v@home.example")
    for query in (order.identifier, f"b-{order.pk}", f" {order.pk} "):
        assert found(manager, query) == names(conversation)


def test_the_newest_come_first_and_the_rest_on_the_next_page(
    way: str, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "PAGE", 2)
    asked = [ask(Visitor.objects.create(), "Is the brass lamp warmer?") for _ in range(5)]
    pages = [answer(manager, "brass", page=str(number)).json() for number in (1, 2, 3)]
    there = [row["conversation"] for page in pages for row in page["rows"]]
    assert there == names(*reversed(asked))
    assert [page["more"] for page in pages] == [True, True, False]


def test_an_operator_finds_what_they_may_read(
    way: str, conversation: Conversation, other_visitor: Visitor, operator: User, colleague: User, reader: User
) -> None:
    theirs = ask(other_visitor, "Is the brass lamp brighter?")
    assert found(operator, "brass") == names(theirs, conversation)
    theirs.take(colleague)
    Order.objects.create(consultation=theirs, source="chat", name="Vera", email="v@home.example")
    assert found(operator, "brass") == names(conversation)
    assert found(operator, "walter") == []
    assert found(operator, str(Order.objects.get().pk)) == []
    assert found(colleague, "brass") == names(theirs, conversation)
    assert found(reader, "brass") == names(theirs, conversation)


def test_closed_ones_are_found_as_rows_like_any(conversation: Conversation, operator: User) -> None:
    conversation.take(operator)
    conversation.close(operator)
    (row,) = answer(operator, "brass").json()["rows"]
    assert row["closed"]
    assert row["visitor"]["name"] == "Vera"


def test_tag_operator_and_day_narrow_it(
    visitor: Visitor, other_visitor: Visitor, operator: User, manager: User
) -> None:
    with time_machine.travel("2026-03-09 23:30:00+00:00", tick=False):  # the 10th in the shop, if that is in Berlin
        first = ask(visitor, "Is the brass lamp warmer?")
    with time_machine.travel("2026-03-12 12:00:00+00:00", tick=False):
        second = ask(other_visitor, "Is the brass lamp brighter?")
    first.tags.add(Tag.objects.create(name="dimming"))
    second.take(operator)
    assert found(manager, "brass") == names(second, first)
    assert found(manager, "brass", tag="dimming") == names(first)
    assert found(manager, tag="dimming") == names(first)
    assert found(manager, operator=str(operator.pk)) == names(second)
    assert found(manager, "warmer", operator=str(operator.pk)) == []
    assert found(manager, **{"from": "2026-03-11"}) == names(second)
    assert found(manager, "brass", until="2026-03-11") == names(first)


def test_a_day_is_the_shops(settings: Any, visitor: Visitor, manager: User) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    with time_machine.travel("2026-03-09 23:30:00+00:00", tick=False):
        asked = ask(visitor, "Is the brass lamp warmer?")
    assert found(manager, **{"from": "2026-03-10", "until": "2026-03-10"}) == names(asked)
    assert found(manager, until="2026-03-09") == []


def test_a_wrong_filter_is_told(manager: User) -> None:
    wrong = [
        ({"from": "yesterday"}, "from"),
        ({"from": "0001-01-01"}, "from"),
        ({"until": "9999-12-31"}, "until"),
        ({"from": "2026-03-02", "until": "2026-03-01"}, "until"),
        ({"tag": "nonsense"}, "tag"),
        ({"tag": "\x00"}, "tag"),
        ({"operator": "x"}, "operator"),
        ({"operator": "9" * 40}, "operator"),
        ({"page": "0"}, "page"),
        ({"page": "9" * 40}, "page"),
    ]
    browser = at(manager)
    for asked, named in wrong:
        told = browser.get(FIND, {"q": "brass", **asked})
        assert (asked, told.status_code, list(told.json()["errors"])) == (asked, 422, [named])


# The index


def held(question: str) -> int:
    return Message.objects.filter(Words(question).among(Message, "default")).count()


def test_the_index_follows_what_is_written(conversation: Conversation) -> None:
    assert held("brass") == 1
    Message.objects.update(body="Something else")
    assert (held("brass"), held("something")) == (0, 1)
    Message.objects.all().delete()
    assert held("something") == 0


def test_the_index_survives_a_table_made_anew(conversation: Conversation, transactional_db: None) -> None:
    """As SQLite has it whenever a column changes. What is written meanwhile isn't lost either."""
    field = models.CharField(max_length=9, default="chat")
    field.set_attributes_from_name("medium")
    field.model = Message
    with connection.schema_editor() as editor:
        editor.alter_field(Message, Message._meta.get_field("medium"), field)
    later = conversation.say(conversation.visitor.author, "And the copper one?")
    call_command("migrate", verbosity=0, stdout=io.StringIO())
    assert (held("brass"), held("copper")) == (1, 1)
    Message.objects.filter(pk=later.pk).delete()
    assert held("copper") == 0
    with connection.schema_editor() as editor:
        editor.alter_field(Message, field, Message._meta.get_field("medium"))
    words.install("default")


def test_installing_twice_changes_nothing(conversation: Conversation) -> None:
    words.install("default")
    words.install("default")
    assert held("brass") == 1


def test_without_an_index_it_is_found_all_the_same(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "vendor", "mysql")
    held = Words("brass lamp").among(Message, "default")
    monkeypatch.undo()
    assert Message.objects.filter(held).count() == 1


def test_messages_said_through_the_log_are_indexed(conversation: Conversation) -> None:
    from consult.chat import log

    log.append(
        [Entry(conversation.visitor.author, uuid4(), f"copper {n}", visitor=conversation.visitor_id) for n in range(3)]
    )
    assert held("copper") == 3


def test_of_long_messages_few_are_read_and_all_are_asked_for(
    conversation: Conversation, other_visitor: Visitor, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = ask(other_visitor, "brass " * 600)
    monkeypatch.setattr(find, "READ_CHARACTERS", 3700)
    with patch.object(Words, "held_by", autospec=True, side_effect=Words.held_by) as read:
        assert found(manager, "brass") == names(long, conversation)
        before = read.call_count
        monkeypatch.setattr(find, "READ_CHARACTERS", 3500)
        assert found(manager, "brass") == names(long, conversation), "the index knows"
    assert read.call_count - before == before - 2


def test_what_is_remembered_of_strangers_letters_has_an_end() -> None:
    assert words._bare.cache_info().maxsize
