"""The e-mails that were let into no conversation: who may read them, and how their words are passed on."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from consult.away.models import Inbound, Letter
from consult.models import Conversation
from tests.desk.conftest import at

RECEIVED = "/admin/consult/inbound/"
Verdict = Inbound.Verdict


@pytest.fixture
def letter(conversation: Conversation) -> Letter:
    return Letter.objects.create(
        conversation=conversation, kind=Letter.Kind.ANSWER, recipient="vera@mail.example", first_seq=1, last_seq=1
    )


def received(letter: Letter | None, verdict: str = Verdict.STRANGER, words: str = "It is Vera!") -> Inbound:
    return Inbound.objects.create(
        digest=str(Inbound.objects.count()), sender="vera@work.example", text=words, verdict=verdict, letter=letter
    )


def note(user: User, *chosen: Inbound) -> str:
    action = {"action": "note", "_selected_action": [str(inbound.pk) for inbound in chosen]}
    return at(user).post(RECEIVED, action, follow=True).text


def test_who_may_read(who_reads: tuple[Client, int], letter: Letter) -> None:
    browser, status = who_reads
    assert browser.get(RECEIVED).status_code == status
    assert browser.get(f"{RECEIVED}{received(letter).pk}/change/").status_code == status


def test_an_operator_reads_what_concerns_their_conversations(
    letter: Letter, operator: User, colleague: User, manager: User
) -> None:
    theirs, nobodys = received(letter), received(None, Verdict.UNKNOWN)
    received(letter, Verdict.ACCEPTED)  # is read where it was said
    letter.conversation.take(colleague)
    for user, expected in ((operator, []), (colleague, [theirs]), (manager, [nobodys, theirs])):
        assert list(at(user).get(RECEIVED).context["cl"].queryset) == expected
    assert at(operator).get(f"{RECEIVED}{theirs.pk}/change/").status_code == 302


def test_its_words_are_only_words(letter: Letter, operator: User) -> None:
    page = at(operator).get(f"{RECEIVED}{received(letter, words='<b>Hi</b>').pk}/change/").text
    assert "&lt;b&gt;Hi&lt;/b&gt;" in page
    assert "<b>Hi</b>" not in page


def test_an_operator_passes_its_words_on_as_a_note(letter: Letter, operator: User, colleague: User) -> None:
    inbound = received(letter, words="It is Vera!\n\nOn 11/22/26 10:00, Lampwick wrote:\n> Which room?")
    assert "1 note was added." in note(operator, inbound)
    note(colleague, inbound)
    (added,) = letter.conversation.notes.all()
    assert added.body.splitlines() == [
        "E-mail from vera@work.example (sent by somebody else than the letter went to):",
        "",
        "It is Vera!",
    ]
    assert not letter.conversation.messages.filter(body__contains="It is Vera!").exists()


def test_what_belongs_to_no_conversation_is_noted_nowhere(letter: Letter, manager: User) -> None:
    assert "0 notes were added." in note(manager, received(None, Verdict.FORGED))


def test_who_only_reads_notes_nothing(letter: Letter, reader: User) -> None:
    inbound = received(letter)
    assert at(reader).get(RECEIVED).status_code == 200
    note(reader, inbound)
    assert not letter.conversation.notes.exists()
