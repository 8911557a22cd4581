"""The page behind the label, for browsers without scripts."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, override_settings

from consult.chat import log
from consult.chat.entry import Author, Entry
from consult.models import Conversation, Message, Visitor

pytestmark = pytest.mark.django_db
CONTACT = "/consult/contact/"


def ask(client: Client, question: str, **more: str) -> HttpResponse:
    return client.post(CONTACT, {"question": question, "client_id": str(uuid4()), **more})  # type: ignore[return-value]


def test_looking_at_it_makes_nobody_a_visitor(client: Client) -> None:
    answer = client.get(CONTACT)
    assert answer.status_code == 200
    assert "consult" not in answer.cookies
    assert not Visitor.objects.exists()


def test_a_question_is_kept_and_shown(client: Client) -> None:
    answer = client.post(CONTACT, {"question": "Is the Heron heavy?", "client_id": str(uuid4())}, follow=True)
    assert answer.redirect_chain == [(CONTACT, 302)]
    assert "Is the Heron heavy?" in answer.content.decode()
    assert Message.objects.get().body == "Is the Heron heavy?"


def test_the_answer_appears_on_the_page_and_is_then_read(client: Client, operator: User) -> None:
    ask(client, "Is the Heron heavy?")
    conversation = Conversation.objects.get()
    conversation.take(operator)
    conversation.say(Author(f"u{operator.pk}", "Olga"), "Eleven kilos.")
    html = client.get(CONTACT).content.decode()
    assert "Eleven kilos." in html
    assert "Olga joined the conversation" in html
    conversation.refresh_from_db()
    assert conversation.visitor_read == conversation.last_seq


def test_a_second_click_is_the_same_question(client: Client) -> None:
    name = str(uuid4())
    for _ in range(2):
        client.post(CONTACT, {"question": "Is the Heron heavy?", "client_id": name})
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("", "There is nothing in it."),
        (" \n ", "There is nothing in it."),
        ("a" * 4001, "It is longer than 4000 characters."),
    ],
)
def test_what_can_t_be_said_is_answered_with_a_sentence(client: Client, question: str, sentence: str) -> None:
    answer = client.post(CONTACT, {"question": question})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Visitor.objects.exists()


def test_what_was_typed_is_kept(client: Client) -> None:
    typed = "A long story. " + "a" * 4000
    assert typed in client.post(CONTACT, {"question": typed}).content.decode()


def test_other_words_under_a_used_name_are_kept_and_get_a_new_name(client: Client) -> None:
    name = str(uuid4())
    ask(client, "Is the Heron heavy?", client_id=name)
    answer = client.post(CONTACT, {"question": "And the Moth?", "client_id": name})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "And the Moth?</textarea>" in html
    fresh = re.search(r'name="client_id" value="([^"]+)"', html)
    assert fresh
    assert ask(client, "And the Moth?", client_id=fresh[1]).status_code == 302
    assert Message.objects.count() == 2


def test_what_can_t_be_stored_now_is_kept_in_the_form(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(entry: Entry) -> Message:
        raise OperationalError("canceling statement due to lock timeout")

    with monkeypatch.context() as patched:
        patched.setattr(log, "say", locked)
        answer = ask(client, "Is the Heron heavy?")
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "It could not be stored just now." in html
    assert "Is the Heron heavy?</textarea>" in html
    assert "consult" not in answer.cookies
    assert not Visitor.objects.exists()
    assert ask(client, "Is the Heron heavy?").status_code == 302


@override_settings(CONSULT={"SAY_BURST": 2, "SAY_PER_SECOND": 0.001})
def test_who_asks_too_fast_keeps_what_was_typed(client: Client) -> None:
    assert [ask(client, f"Question {number}").status_code for number in (1, 2)] == [302, 302]
    answer = ask(client, "Question 3")
    assert answer.status_code == 422
    assert "That was very fast." in answer.content.decode()
    assert "Question 3</textarea>" in answer.content.decode()
    assert Message.objects.count() == 2


def test_words_are_words_and_never_markup(client: Client) -> None:
    ask(client, "<script>alert(1)</script>")
    html = client.get(CONTACT).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert" not in html


@pytest.mark.parametrize("name", ["", "not a uuid", "\x00"])
def test_a_form_that_was_tampered_with_is_no_error_of_ours(client: Client, name: str) -> None:
    assert client.post(CONTACT, {"question": "Hello", "client_id": name}).status_code in (302, 422)


def test_another_site_can_t_ask_in_a_visitor_s_name() -> None:
    client = Client(enforce_csrf_checks=True)
    assert ask(client, "Is the Heron heavy?").status_code == 403
    assert not Message.objects.exists()


def test_nobody_reads_what_another_asked(client: Client) -> None:
    ask(client, "Is the Heron heavy?")
    assert "Heron" in client.get(CONTACT).content.decode()
    assert "Heron" not in Client().get(CONTACT).content.decode()


def test_who_is_somebody_new_each_time_asks_no_more_than_an_office() -> None:
    """While the shop is away each question becomes an e-mail to its operators."""
    answers = [ask(Client(), f"Question {number}") for number in range(21)]
    assert [answer.status_code for answer in answers] == [302] * 20 + [422]
    assert Conversation.objects.count() == 20


def test_who_is_known_asks_on_in_a_crowded_office(client: Client) -> None:
    ask(client, "Is the Heron heavy?")
    for number in range(20):
        ask(Client(), f"Question {number}")
    assert ask(client, "Is it?").status_code == 302
