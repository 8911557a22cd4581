"""The e-mails of conversations, for who may read these: what went out, and what couldn't."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from consult.away import links, outbox
from consult.away.models import Letter
from consult.models import Conversation, Visitor
from tests.desk.conftest import ask, at

LETTERS = "/admin/consult/letter/"


@pytest.fixture
def letter(conversation: Conversation) -> Letter:
    """One that could not be sent."""
    outbox.write(conversation, Letter.Kind.QUESTION, ["olga@shop.example"], 1, 1)
    Letter.objects.update(state=Letter.State.DEAD, error="550 no such person", tries=1)
    return Letter.objects.get()


def act(user: User, action: str, *letters: Letter) -> str:
    chosen = {"action": action, "_selected_action": [str(letter.pk) for letter in letters]}
    return at(user).post(LETTERS, chosen, follow=True).text


def test_who_may_read(who_reads: tuple[Client, int], letter: Letter) -> None:
    browser, status = who_reads
    assert browser.get(LETTERS).status_code == status
    assert browser.get(f"{LETTERS}{letter.pk}/change/").status_code == status


def test_an_operator_reads_what_their_conversations_hold(
    letter: Letter, operator: User, colleague: User, manager: User
) -> None:
    letter.conversation.take(colleague)
    for user, expected in ((operator, []), (colleague, [letter]), (manager, [letter])):
        assert list(at(user).get(LETTERS).context["cl"].queryset) == expected
    assert at(operator).get(f"{LETTERS}{letter.pk}/change/").status_code == 302
    act(operator, "send_again", letter)
    assert Letter.objects.get().state == Letter.State.DEAD


def test_it_says_that_something_could_not_be_sent_and_why(letter: Letter, operator: User, colleague: User) -> None:
    for page in ("/admin/consult/desk/", LETTERS):
        assert f'1 e-mail could not be sent. <a href="{LETTERS}?state__exact=dead">' in at(operator).get(page).text
    assert "550 no such person" in at(operator).get(LETTERS, {"state__exact": "dead"}).text
    letter.conversation.take(colleague)
    assert "could not be sent. " not in at(operator).get("/admin/consult/desk/").text


def test_it_is_sent_again(letter: Letter, operator: User) -> None:
    page = act(operator, "send_again", letter)
    assert "1 e-mail was changed." in page
    assert "could not be sent. " not in page
    outbox.send_due()
    assert [written.to for written in mail.outbox] == [["olga@shop.example"]]


def test_what_was_sent_is_not_sent_again(letter: Letter, operator: User) -> None:
    Letter.objects.update(state=Letter.State.SENT)
    act(operator, "send_again", letter)
    assert Letter.objects.get().state == Letter.State.SENT


def test_it_can_be_let_be(letter: Letter, operator: User) -> None:
    assert "could not be sent. " not in act(operator, "let_be", letter)
    assert Letter.objects.get().state == Letter.State.VOID


def test_links_into_a_conversation_are_withdrawn(
    letter: Letter, operator: User, other_visitor: Visitor, client: Client
) -> None:
    other = ask(other_visitor, "Do you deliver to Leipzig?")
    for conversation in (letter.conversation, other):
        outbox.write(conversation, Letter.Kind.ANSWER, ["vera@home.example"], 1, 1)
    theirs, others = Letter.objects.filter(kind=Letter.Kind.ANSWER).order_by("pk")
    act(operator, "withdraw_links", letter)
    statuses = [client.get(f"/consult/resume/{links.token(mailed)}/").status_code for mailed in (theirs, others)]
    assert statuses == [410, 200]


def test_who_only_reads_changes_nothing(letter: Letter, reader: User) -> None:
    for action in ("send_again", "let_be", "withdraw_links"):
        act(reader, action, letter)
    assert Letter.objects.get().state == Letter.State.DEAD
