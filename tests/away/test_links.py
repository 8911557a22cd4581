"""The link in an answer's e-mail opens one conversation, for a week, unless it was withdrawn."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.signing import TimestampSigner
from django.test import Client
from django.utils import timezone

from consult.away import letters, links, outbox
from consult.away.models import Letter
from consult.chat.text import MAX_LENGTH
from consult.models import Conversation, Message, Visitor
from tests.away.post import HOME, answer, ask


@pytest.fixture
def letter(visitor: Visitor, operator: User) -> Letter:
    """Olga's answer to Vera's question."""
    said = answer(operator, ask(visitor))
    outbox.write(said.conversation, Letter.Kind.ANSWER, [HOME], said.seq, said.seq)
    return Letter.objects.get()


@pytest.fixture
def mailed() -> Client:
    """A browser that has never been in the shop: where Vera reads her mail."""
    return Client()


def link(letter: Letter) -> str:
    return f"/consult/resume/{links.token(letter)}/"


def test_the_visitor_reads_on_and_answers(letter: Letter, mailed: Client) -> None:
    page = mailed.get(link(letter))
    assert "Is the brass lamp warmer?" in page.text
    assert "It is, by 300 kelvin." in page.text
    client_id = str(uuid4())
    for _ in range(2):  # the second by a reload
        page = mailed.post(link(letter), {"client_id": client_id, "question": "And dimmable?"}, follow=True)
        assert "Your message was sent." in page.text
    said = Message.objects.get(body="And dimmable?")
    assert (said.conversation, said.author_kind, said.medium) == (letter.conversation, "visitor", "mail")
    said.conversation.refresh_from_db()
    assert said.conversation.waiting_since is not None
    assert Letter.objects.get(kind=Letter.Kind.QUESTION).recipient == "olga@shop.example"


def test_nobody_else_learns_where_it_leads(letter: Letter, mailed: Client) -> None:
    page = mailed.get(link(letter))
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["X-Robots-Tag"] == "noindex"
    assert "no-store" in page["Cache-Control"]


def test_looking_changes_nothing_and_makes_nobody_the_visitor(letter: Letter, mailed: Client) -> None:
    """Mail servers look at links before people do."""
    before = Conversation.objects.values().get()
    mailed.get(link(letter))
    assert Conversation.objects.values().get() == before
    mailed.post(link(letter), {"question": "And dimmable?"})
    assert not mailed.cookies
    assert mailed.get("/consult/me/").json() == {"visitor": None}
    assert Conversation.objects.get().visitor_read == letter.last_seq


def test_it_opens_nothing_else_of_theirs(letter: Letter, visitor: Visitor, operator: User, mailed: Client) -> None:
    Conversation.objects.get().close(operator)
    other = ask(visitor, "Where is my parcel?")
    assert "parcel" not in mailed.get(link(letter)).text
    page = mailed.post(link(letter), {"client_id": str(uuid4()), "question": "And dimmable?"}, follow=True)
    assert "Your message was sent." in page.text
    assert "parcel" not in page.text
    assert Message.objects.get(body="And dimmable?").conversation == other


def test_no_cookie_is_needed(letter: Letter) -> None:
    """What shows mails may keep none; and a page that tells nobody where it was sends its forms from nowhere."""
    mailed = Client(enforce_csrf_checks=True, headers={"origin": "null"})
    assert not mailed.get(link(letter)).cookies
    assert mailed.post(link(letter), {"question": "And dimmable?"}).status_code == 302
    assert not mailed.cookies
    assert Message.objects.filter(body="And dimmable?").exists()


@pytest.mark.parametrize("text", ["", " \n", "x" * (MAX_LENGTH + 1), "\x00"])
def test_what_can_not_be_said_is_said_so(text: str, letter: Letter, mailed: Client) -> None:
    before = Message.objects.count()
    answer = mailed.post(link(letter), {"question": text})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert Message.objects.count() == before


def test_it_is_good_for_a_week(letter: Letter, mailed: Client) -> None:
    address, now = link(letter), timezone.now()
    with time_machine.travel(now + timedelta(days=6, hours=23)):
        assert mailed.get(address).status_code == 200
    with time_machine.travel(now + timedelta(days=7, minutes=1)):
        for answer in (mailed.get(address), mailed.post(address, {"question": "And dimmable?"})):
            assert answer.status_code == 410
            assert "It was good for seven days" in answer.text
            assert "/consult/contact/" in answer.text
            assert "brass" not in answer.text
    assert not Message.objects.filter(body="And dimmable?").exists()


def test_it_can_be_withdrawn(letter: Letter, other_visitor: Visitor, operator: User, mailed: Client) -> None:
    said = answer(operator, ask(other_visitor, email="walter@home.example"))
    outbox.write(said.conversation, Letter.Kind.ANSWER, ["walter@home.example"], said.seq, said.seq)
    links.withdraw(Letter.objects.filter(recipient=HOME).values("conversation"))
    assert mailed.get(link(letter)).status_code == 410
    assert mailed.post(link(letter), {"question": "And dimmable?"}).status_code == 410
    assert mailed.get(link(Letter.objects.get(recipient="walter@home.example"))).status_code == 200


def test_a_forged_link_is_not_found(letter: Letter, mailed: Client) -> None:
    good = links.token(letter)
    forged = [
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        letter.public_id.hex,
        TimestampSigner(salt="another", sep=".").sign(letter.public_id.hex),
        links._signer.sign("no id"),
        links._signer.sign(uuid4().hex),
        "\x00",
        "x" * 10_000,
    ]
    for token in forged:
        answer = mailed.get(f"/consult/resume/{token}/")
        assert answer.status_code == 404
        assert "brass" not in answer.text


def test_an_operators_letter_has_no_link(letter: Letter, mailed: Client) -> None:
    outbox.write(letter.conversation, Letter.Kind.QUESTION, ["olga@shop.example"], 1, 1)
    question = Letter.objects.get(kind=Letter.Kind.QUESTION)
    assert mailed.get(link(question)).status_code == 404


def test_what_was_erased_is_gone(letter: Letter, mailed: Client) -> None:
    address = link(letter)
    Conversation.objects.all().delete()
    assert mailed.get(address).status_code == 404


def test_with_a_link_nobody_floods_the_operators(
    letter: Letter, mailed: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is said is at the desk, and the next e-mail brings what the last ones didn't."""
    monkeypatch.setattr(letters, "MOST_OF_ONE", 2)
    for number in range(4):
        mailed.post(link(letter), {"question": f"Message {number}", "client_id": str(uuid4())})
    theirs = Letter.objects.filter(kind=Letter.Kind.QUESTION).order_by("pk")
    assert [question.last_seq - letter.last_seq for question in theirs] == [1, 2]
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        mailed.post(link(letter), {"question": "Message 4", "client_id": str(uuid4())})
    last = theirs.last()
    assert last is not None
    assert (last.first_seq - letter.last_seq, last.last_seq - letter.last_seq) == (3, 5)
