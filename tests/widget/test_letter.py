"""The form that is there while nobody can answer: kept first, mailed to the operators, and of no use to anybody who
wants mail sent to a stranger.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import getaddresses
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, override_settings
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from consult.away.models import Letter
from consult.chat import contact, duty, log
from consult.chat.entry import Entry
from consult.models import Conversation, Message, Visitor
from consult.widget import drawn

pytestmark = pytest.mark.django_db
LETTER, CONTACT = "/consult/letter/", "/consult/contact/"
EVENING = datetime(2026, 11, 23, 20, tzinfo=UTC)
HOUR = 60 * 60
QUESTION, EMAIL = "Is the Heron heavy?", "vera@home.example"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(EVENING, tick=False) as clock:
        yield clock


@pytest.fixture(autouse=True)
def read_by(operator: User) -> User:
    """Somebody letters go to, who is not on duty."""
    return operator


def draw(client: Client, path: str = LETTER) -> dict[str, str]:
    """The form as a person gets it: what its fields hold."""
    html = client.get(path).content.decode()
    return {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', html)}


def send(client: Client, form: dict[str, str] | None = None, /, **typed: str) -> HttpResponse:
    form = form or draw(client) | {"drawn": drawn.at(datetime.now().timestamp() - 60)}
    asked = form | {"question": QUESTION, "email": EMAIL} | typed
    return client.post(LETTER, asked, headers={"Accept-Language": "en"})  # type: ignore[return-value]


def nothing_is_kept() -> bool:
    return not (Message.objects.exists() or Letter.objects.exists() or Visitor.objects.exists())


def test_looking_at_it_makes_nobody_a_visitor(client: Client) -> None:
    answer = client.get(LETTER)
    assert answer.status_code == 200
    assert "consult" not in answer.cookies
    assert "no-store" in answer.headers["Cache-Control"]
    assert not Visitor.objects.exists()


def test_a_letter_is_kept_and_goes_to_the_operators(client: Client, operator: User) -> None:
    answer = send(client, name="Vera", phone="+49 30 1234567")
    assert (answer.status_code, "consult" in answer.cookies) == (200, True)
    assert f"the answer comes by e-mail to {EMAIL}" in answer.content.decode()
    said = Message.objects.get()
    assert (said.body, said.medium, said.author_name) == (QUESTION, "mail", "Vera")
    assert contact.of(Visitor.objects.get().pk) == {"name": "Vera", "email": EMAIL, "phone": "+49 30 1234567"}
    assert Conversation.objects.waiting().get().waiting_since == EVENING
    letter = Letter.objects.get()
    assert (letter.kind, letter.recipient, letter.first_seq, letter.last_seq) == ("question", operator.email, 1, 1)


@override_settings(CONSULT={"LETTERS_TO": ["shop@shop.example", "boss@shop.example"]})
def test_the_settings_may_name_who_reads_letters(client: Client) -> None:
    send(client)
    assert {letter.recipient for letter in Letter.objects.all()} == {"shop@shop.example", "boss@shop.example"}


@pytest.mark.usefixtures("customer", "staff", "former_operator")
def test_nobody_reads_letters_who_may_not_answer(client: Client, operator: User, colleague: User) -> None:
    send(client)
    assert {letter.recipient for letter in Letter.objects.all()} == {operator.email, colleague.email}


def test_nothing_is_mailed_to_the_address_in_the_form(client: Client) -> None:
    send(client)
    assert not Letter.objects.filter(recipient=EMAIL).exists()
    assert not Letter.objects.exclude(kind=Letter.Kind.QUESTION).exists()


def test_who_left_a_letter_finds_it_on_the_contact_page(client: Client) -> None:
    send(client)
    assert QUESTION in client.get(CONTACT).content.decode()
    assert QUESTION not in Client().get(CONTACT).content.decode()


def test_a_second_click_is_the_same_letter(client: Client) -> None:
    form = draw(client) | {"drawn": drawn.at(EVENING.timestamp() - 60)}
    assert [send(client, form).status_code for _ in range(5)] == [200] * 5
    assert Message.objects.count() == Letter.objects.count() == 1


def test_other_words_under_a_used_name_are_kept_and_get_a_new_name(client: Client) -> None:
    form = draw(client) | {"drawn": drawn.at(EVENING.timestamp() - 60)}
    send(client, form)
    answer = send(client, form, question="And the Moth?")
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "And the Moth?</textarea>" in html
    fresh = re.search(r'name="client_id" value="([^"]+)"', html)
    assert fresh
    assert send(client, form, question="And the Moth?", client_id=fresh[1]).status_code == 200
    assert Message.objects.count() == 2


def test_what_was_asked_before_by_chat_goes_along(client: Client, operator: User) -> None:
    send(client)
    visitor = Visitor.objects.get()
    conversation = Conversation.objects.get()
    conversation.say(visitor.author, "Hello?", visitor=visitor.pk)
    send(client, question="Well then, by e-mail.")
    assert [(letter.first_seq, letter.last_seq) for letter in Letter.objects.order_by("pk")] == [(1, 1), (2, 3)]


# What is wrong with it stands at the field, and nothing is kept


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("question", "", "There is nothing in it."),
        ("question", " \n\x00 ", "There is nothing in it."),
        ("question", "a" * 4001, "It is longer than 4000 characters."),
        ("question", "long " * 200_000, "It is longer than 4000 characters."),
        ("email", "", "Write your e-mail address here"),
        ("email", " \u200e\u2800", "Write your e-mail address here"),
        ("email", "vera", "Enter a valid email address."),
        ("email", "a@b.test, v@evil.test", "Enter a valid email address."),
        ("email", "a@b.test;v@evil.test", "Enter a valid email address."),
        ("email", "a@b.test v@evil.test", "Enter a valid email address."),
        ("email", "Vera <vera@home.example>", "Enter a valid email address."),
        ("email", "<vera@home.example>", "Enter a valid email address."),
        ("email", '"a@b.test, "@evil.test', "Enter a valid email address."),
        ("email", "a@b.test\r\nBcc: v@evil.test", "Enter a valid email address."),
        ("email", "a@b.test\nBcc:v@evil.test", "Enter a valid email address."),
        ("email", "a@b.test\x0bBcc:v@evil.test", "Enter a valid email address."),
        ("email", "a@b.test\x85Bcc:v@evil.test", "Enter a valid email address."),
        ("email", "a@b.test\u2028Bcc:v@evil.test", "Enter a valid email address."),
        ("email", "a@b.test%0d%0aBcc:v@evil.test", "Enter a valid email address."),
        ("email", "adm\u0131n@home.example", "Enter a valid email address."),
        ("email", "vera@home", "Enter a valid email address."),
        ("email", "a" * 250 + "@b.test", "At most 254 characters, please."),
        ("email", "a" * 1_000_000, "At most 254 characters, please."),
        ("name", "V" * 65, "At most 64 characters, please."),
        ("phone", "call me", "Enter a phone number."),
        ("phone", "123", "Enter a phone number."),
    ],
)
def test_what_is_wrong_is_said_at_the_field(client: Client, field: str, typed: str, sentence: str) -> None:
    assert send(Client()).status_code == 200  # or it would be another field's fault
    Visitor.objects.all().delete()
    answer = send(client, **{field: typed})
    html = answer.content.decode()
    assert answer.status_code == 422
    named = re.search(rf'<span class="consult-error" id="consult-letter-{field}_error" role="alert">([^<]+)<', html)
    assert named
    assert named[1].startswith(sentence)
    described = re.search(rf'<(?:input|textarea)[^>]*name="{field}"[^>]*>', html)
    assert described
    assert f'aria-describedby="{f"consult-letter-{field}_helptext " * (field in ("name", "phone"))}' in described[0]
    assert f'consult-letter-{field}_error"' in described[0]
    assert nothing_is_kept()
    assert "consult" not in answer.cookies


def test_what_was_typed_is_kept(client: Client) -> None:
    answer = send(client, email="vera", question="<b>Heavy?</b>", name='Vera "V"', phone="030 123")
    html = answer.content.decode()
    assert "&lt;b&gt;Heavy?&lt;/b&gt;</textarea>" in html
    assert {unescape(value) for value in re.findall(r'value="([^"]*)"', html)} >= {"vera", 'Vera "V"', "030 123"}


@pytest.mark.parametrize("name", ["", "not a uuid", "\x00", "\u202e"])
def test_a_form_that_was_tampered_with_is_no_error_of_ours(client: Client, name: str) -> None:
    assert send(client, client_id=name).status_code == 200


ADDRESS = st.one_of(
    st.text(max_size=80),
    st.emails(),
    st.tuples(st.emails(), st.sampled_from([", ", ";", "\r\nBcc: ", "\x0b", "\u2028", " <"]), st.emails()).map(
        "".join
    ),
    st.tuples(st.text(max_size=20), st.just("@"), st.text(max_size=20)).map("".join),
)
WORDS = st.text(st.characters(codec="utf-8"), max_size=200)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(email=ADDRESS, question=WORDS, name=WORDS, phone=st.one_of(st.just(""), WORDS))
@example(
    email="a@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
    question="\x00a",
    name="\u202eareV\r\nBcc: x",
    phone="",
)
@example(email="a@[127.0.0.1]", question="\ufeff\x1b[31m", name="V" * 64, phone="+49 30 12 34 56")
def test_whatever_is_typed_is_kept_well_or_not_at_all(
    client: Client, email: str, question: str, name: str, phone: str
) -> None:
    Visitor.objects.all().delete()
    stranger = Client(REMOTE_ADDR=f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1")
    sent = {"email": email, "question": question, "name": name, "phone": phone}
    try:
        answer = send(stranger, **sent)
    except UnicodeEncodeError:  # half a sign can't be sent as UTF-8
        return
    assert answer.status_code in (200, 422)
    if answer.status_code == 422:
        assert nothing_is_kept()
        assert "consult-error" in answer.content.decode()
    else:
        assert Message.objects.get().body
        kept = Visitor.objects.get()
        assert "\n" not in kept.name + kept.phone
        mail = EmailMessage("subject", "body", "shop@shop.example", [kept.email]).message()
        assert len(getaddresses([str(mail["To"])])) == 1
        assert mail.keys().count("To") == 1
        assert "Bcc" not in mail


def test_half_a_sign_that_a_strange_encoding_brings_is_replaced(client: Client) -> None:
    form = draw(client) | {"drawn": drawn.at(EVENING.timestamp() - 60), "email": EMAIL, "question": "half +2AA-"}
    parts = "".join(f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{form[name]}\r\n' for name in form)
    answer = client.post(
        LETTER, (parts + "--x--\r\n").encode(), content_type="multipart/form-data; boundary=x; charset=utf-7"
    )
    assert answer.status_code in (200, 400, 422)


# Robots, and those who send too much


def test_a_robot_that_fills_in_everything_is_thanked_and_nothing_is_kept(client: Client) -> None:
    answer = send(client, website="https://pills.example")
    assert answer.status_code == 200
    assert 'data-part="thanks"' in answer.content.decode()
    assert "consult" not in answer.cookies
    assert nothing_is_kept()


def test_who_is_faster_than_a_person_is_asked_to_wait(client: Client, clock: time_machine.Traveller) -> None:
    form = draw(client)
    clock.shift(2)
    answer = send(client, form)
    assert answer.status_code == 429
    assert "That was very fast." in answer.content.decode()
    assert f"{QUESTION}</textarea>" in answer.content.decode()
    assert nothing_is_kept()
    clock.shift(1)
    assert send(client, form).status_code == 200


def test_who_is_known_already_may_be_quick(client: Client) -> None:
    assert client.post("/consult/engage/", headers={"Origin": "http://testserver"}).status_code == 200
    assert send(client, draw(client)).status_code == 200


def test_a_page_that_was_fetched_ahead_is_as_good(client: Client, clock: time_machine.Traveller) -> None:
    form = draw(client)
    clock.shift(23 * HOUR)
    assert send(client, form).status_code == 200


@pytest.mark.parametrize("moment", [None, "", "yesterday", "1:2"])
def test_a_page_from_long_ago_is_sent_again_and_loses_no_word(
    client: Client, clock: time_machine.Traveller, moment: str | None
) -> None:
    form = draw(client) | ({} if moment is None else {"drawn": moment})
    clock.shift(25 * HOUR)
    answer = send(client, form)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "This page was opened long ago." in html
    assert f"{QUESTION}</textarea>" in html
    assert nothing_is_kept()
    fresh = re.search(r'name="drawn" value="([^"]+)"', html)
    assert fresh
    assert send(client, form | {"drawn": fresh[1]}).status_code == 200


def test_a_visitor_leaves_three_letters_an_hour(client: Client) -> None:
    assert [send(client, question=f"Question {number}").status_code for number in range(3)] == [200] * 3
    answer = send(client, question="Question 4")
    assert answer.status_code == 429
    assert "You have left several messages already. Send this one in 20 minutes." in answer.content.decode()
    assert "Question 4</textarea>" in answer.content.decode()
    assert Message.objects.count() == 3
    assert send(Client(), question="Question 4").status_code == 200  # their neighbour at the office


def test_an_office_leaves_twenty_letters_an_hour(client: Client) -> None:
    assert {send(Client()).status_code for _ in range(20)} == {200}
    answer = send(Client())
    assert answer.status_code == 429
    assert "consult" not in answer.cookies
    assert (Message.objects.count(), Visitor.objects.count(), Letter.objects.count()) == (20, 20, 20)
    assert send(Client(REMOTE_ADDR="192.0.2.7")).status_code == 200


def test_a_thousand_letters_to_a_victim_are_no_mail_to_the_victim(operator: User) -> None:
    for number in range(100):
        send(Client(REMOTE_ADDR=f"2001:db8::{number:x}"), email="victim@home.example")
    assert Message.objects.count() == Letter.objects.filter(recipient=operator.email).count() == 20
    assert not Letter.objects.filter(recipient="victim@home.example").exists()


def test_another_site_can_t_write_in_a_visitor_s_name() -> None:
    client = Client(enforce_csrf_checks=True)
    assert send(client, draw(client) | {"csrfmiddlewaretoken": ""}).status_code == 403
    assert nothing_is_kept()


def test_what_can_t_be_stored_now_is_kept_in_the_form(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(entry: Entry) -> Message:
        raise OperationalError("canceling statement due to lock timeout")

    with monkeypatch.context() as patched:
        patched.setattr(log, "say", locked)
        answer = send(client)
    assert answer.status_code == 422
    assert "It could not be stored just now." in answer.content.decode()
    assert f"{QUESTION}</textarea>" in answer.content.decode()
    assert nothing_is_kept()


# Whose page it is


def test_the_form_speaks_the_page_s_language_and_so_does_what_it_answers(client: Client) -> None:
    html = client.get(LETTER + "?language=ru").content.decode()
    assert '<html lang="ru"' in html
    assert 'action="/consult/letter/?language=ru"' in html
    answer = client.post(LETTER + "?language=ru", {})
    assert '<html lang="ru"' in answer.content.decode()


@pytest.mark.parametrize("language", ["", "xx", "../../etc", "x" * 5000])
def test_a_language_nobody_has_is_the_request_s_own(client: Client, language: str) -> None:
    assert '<html lang="en"' in client.get(LETTER, {"language": language}).content.decode()


def test_the_answer_will_be_in_the_language_of_the_form(client: Client) -> None:
    asked = {"question": QUESTION, "email": EMAIL, "drawn": drawn.at(EVENING.timestamp() - 60)}
    assert client.post(LETTER + "?language=ru", asked).status_code == 200
    assert Visitor.objects.get().language == "ru"


def test_what_is_known_of_a_visitor_is_filled_in(client: Client) -> None:
    send(client, name="Vera")
    assert draw(client).items() >= {"name": "Vera", "email": EMAIL}.items()
    assert "email" not in draw(Client())


def test_what_a_customer_s_account_says_is_filled_in(client: Client, customer: User) -> None:
    client.force_login(customer)
    assert draw(client)["email"] == customer.email
    assert not Visitor.objects.exists()


def test_nothing_in_it_is_inline(client: Client) -> None:
    html = client.get(LETTER).content.decode()
    assert not re.search(r"<script|<style| style=| on\w+=", html)


def test_while_the_shop_is_away_the_contact_page_is_this_form(client: Client, operator: User) -> None:
    away = client.get(CONTACT).content.decode()
    assert 'aria-label="Leave a message"' in away
    duty.begin(operator)
    here = client.get(CONTACT).content.decode()
    assert 'aria-label="Leave a message"' not in here
    assert f'href="{LETTER}"' in here


def test_what_a_page_from_before_the_shop_went_away_says_is_said(client: Client) -> None:
    answer = client.post(CONTACT, {"question": QUESTION, "client_id": str(uuid4())})
    assert answer.status_code == 302
    assert Message.objects.get().medium == "chat"


def test_the_host_hears_of_each_letter_once(client: Client, django_capture_on_commit_callbacks: Any) -> None:
    from consult.signals import letter_received

    heard: list[Message] = []

    def hear(message: Message, **_more: Any) -> None:
        heard.append(message)

    letter_received.connect(hear)
    try:
        form = draw(client) | {"drawn": drawn.at(EVENING.timestamp() - 60)}
        with django_capture_on_commit_callbacks(execute=True):
            send(client, form)
            send(client, form)
    finally:
        letter_received.disconnect(hear)
    assert [message.body for message in heard] == [QUESTION]
