"""What stands beside a conversation: the visitor, their orders, and the way to a new one."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Permission, User
from django.db import OperationalError, connection
from django.template.loader import render_to_string
from django.test import RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext

from consult.chat import contact, visits
from consult.chat.entry import Author
from consult.desk import device
from consult.desk.aside import Aside
from consult.models import Conversation, Handover, Visitor
from example_shop.models import Order
from tests.desk.conftest import arranged, ask, at

PHONE = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Mobile Safari/537.36"
)
SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"


def aside(conversation: Conversation, user: User) -> str:
    answer = at(user).get(f"/admin/consult/desk/{conversation.public_id}/aside/")
    assert answer.status_code == 200
    return answer.text


def test_the_operator_sees_how_to_reach_the_visitor(
    visitor: Visitor, conversation: Conversation, operator: User
) -> None:
    Visitor.objects.filter(pk=visitor.pk).update(email="vera@home.example", phone="+49 30 123")
    page = aside(conversation, operator)
    assert "Vera" in page
    assert 'href="mailto:vera@home.example"' in page
    assert 'href="tel:+49%2030%20123"' in page


@pytest.mark.parametrize("address", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "//elsewhere"])
def test_a_page_that_is_no_page_is_no_link(
    address: str, visitor: Visitor, conversation: Conversation, operator: User
) -> None:
    visits.saw(visitor.pk, "https://shop.example/finch", "Finch", {"referrer": "https://search.example/"})
    page = aside(conversation, operator)
    assert 'href="https://shop.example/finch"' in page
    assert 'href="https://search.example/"' in page
    Visitor.objects.filter(pk=visitor.pk).update(visit_began_at=None)
    visits.saw(visitor.pk, "https://shop.example/alder", address, {"referrer": address, "before": [address]})
    visits.saw(visitor.pk, address)
    assert f'"{address}' not in aside(conversation, operator)


def test_the_operator_sees_where_the_visitor_is_and_came_from(
    visitor: Visitor, conversation: Conversation, operator: User
) -> None:
    assert "Came from" not in aside(conversation, operator)
    facts = {"referrer": "https://www.search.example/?q=lamp", "language": "de-AT", "time_zone": "America/New_York"}
    visits.saw(visitor.pk, "https://shop.example/alder", "Alder", facts, PHONE)
    visits.saw(visitor.pk, "https://shop.example/finch", "Finch")
    page = aside(conversation, operator)
    assert page.index(">Finch<") < page.index(">Alder<"), "the page now stands first"
    assert ">search.example<" in page
    assert "German" in page
    assert "Chrome on Android, phone" in page
    assert 'data-time-zone="America/New_York"' in page
    assert "Number 1" in page


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (PHONE, "Chrome on Android, phone"),
        (PHONE.replace("Mobile ", ""), "Chrome on Android, tablet"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {SAFARI}", "Safari on iOS, phone"),
        (f"Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) {SAFARI}", "Safari on iOS, tablet"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
        ("curl/8", "curl"),
        ("<script>alert(1)</script> Mobile", ""),
        ("x" * 512, ""),
        ("", ""),
    ],
)
def test_a_device_is_told_in_words_or_not_at_all(user_agent: str, words: str) -> None:
    assert device.words(user_agent) == words


def test_what_came_of_earlier_conversations(visitor: Visitor, operator: User, colleague: User, manager: User) -> None:
    unanswered, answered, ordered = (spoken(visitor, *by) for by in ((), (colleague,), (operator,)))
    order = Order.objects.create(consultation=ordered, source="chat")
    now = ask(visitor, "And today?")
    page = aside(now, operator)
    assert "unanswered" in page
    assert "answered by Carl" in page
    assert order.identifier in page[page.index("Earlier conversations") :]
    assert desk_url(ordered) in page
    assert desk_url(answered) not in page, "it was never theirs"
    assert desk_url(answered) in aside(now, manager)
    assert "Earlier conversations" not in aside(unanswered, manager), "there were none before the first"


def test_orders_of_earlier_conversations_are_for_who_may_see_orders(visitor: Visitor, operator: User) -> None:
    order = Order.objects.create(consultation=spoken(visitor, operator), source="chat")
    now = ask(visitor, "And today?")
    assert order.identifier in aside(now, operator)
    operator.user_permissions.remove(*Permission.objects.filter(codename__in=["view_order", "add_order"]))
    assert order.identifier not in aside(now, operator)


def test_who_had_it_and_why_no_longer(
    conversation: Conversation, operator: User, colleague: User, manager: User
) -> None:
    conversation.take(operator)
    conversation.release(operator)
    conversation.take(colleague)
    Handover.objects.create(
        conversation=conversation, giver=colleague, giver_name="Carl", receiver=manager, receiver_name="Mary"
    )
    page = aside(conversation, manager)
    history = page[page.index("Who had it") :]
    assert history.index("Olga") < history.index("gave it back") < history.index("Carl")
    assert history.index("has it now") < history.index("Mary") < history.index("offered")


def test_however_much_there_is_nine_queries_read_it(visitor: Visitor, operator: User) -> None:
    def read(conversation: Conversation) -> int:
        request = RequestFactory().get("/")
        request.user = User.objects.get(pk=operator.pk)
        assert request.user.has_perm("consult.answer_conversation")  # asked before we count, as the page does
        with CaptureQueriesContext(connection) as queries:
            context = {"aside": Aside(site, request, conversation)}
            render_to_string("consult/desk/aside.html", context, request)
        return len(queries)

    for _ in range(3):
        Order.objects.create(consultation=spoken(visitor, operator), source="chat")
    now = ask(visitor, "And today?")
    call = arranged(now, operator)
    call.attempts.create(client_id=uuid4(), operator=operator, operator_name="Olga", outcome="no_answer")
    few = read(now)
    for _ in range(12):
        Order.objects.create(consultation=spoken(visitor, operator), source="chat")
    now = ask(visitor, "And today?")
    call = arranged(now, operator)
    for _ in range(5):
        now.take(operator)
        now.release(operator)
        call.attempts.create(client_id=uuid4(), operator=operator, operator_name="Olga", outcome="no_answer")
    assert read(now) == few == 9


def test_what_visitors_call_themselves_is_text(visitor: Visitor, conversation: Conversation, operator: User) -> None:
    Visitor.objects.filter(pk=visitor.pk).update(name="<img src=x onerror=alert(1)>")
    assert "&lt;img src=x" in aside(conversation, operator)


def test_new_order_leads_to_the_shops_own_form(conversation: Conversation, operator: User) -> None:
    assert f"/admin/example_shop/order/add/?consultation={conversation.public_id}" in aside(conversation, operator)


def test_who_may_not_add_orders_is_offered_none(conversation: Conversation, operator: User) -> None:
    operator.user_permissions.remove(Permission.objects.get(codename="add_order"))
    assert "New order" not in aside(conversation, operator)


@override_settings(CONSULT={})
def test_a_shop_without_an_order_book_is_offered_none(conversation: Conversation, operator: User) -> None:
    assert "New order" not in aside(conversation, operator)


def test_orders_of_the_conversation_are_one_click_away(conversation: Conversation, operator: User) -> None:
    order = Order.objects.create(consultation=conversation, source="chat")
    page = aside(conversation, operator)
    assert f'<a href="/admin/example_shop/order/{order.pk}/change/">{order.identifier}</a>' in page


def test_who_may_not_view_orders_reads_only_their_names(conversation: Conversation, operator: User) -> None:
    order = Order.objects.create(consultation=conversation, source="chat")
    operator.user_permissions.remove(*Permission.objects.filter(codename__in=["view_order", "add_order"]))
    page = aside(conversation, operator)
    assert order.identifier in page
    assert "/admin/example_shop/order/" not in page


def test_the_customer_is_a_link_for_those_who_may_follow_it(
    visitor: Visitor, conversation: Conversation, operator: User, customer: User
) -> None:
    Visitor.objects.filter(pk=visitor.pk).update(customer=customer)
    address = f"/admin/auth/user/{customer.pk}/change/"
    assert address not in aside(conversation, operator)
    operator.user_permissions.add(Permission.objects.get(codename="view_user"))
    assert address in aside(conversation, operator)


def test_an_operator_corrects_how_the_visitor_is_reached(
    visitor: Visitor, conversation: Conversation, operator: User
) -> None:
    assert 'name="phone"' in aside(conversation, operator)
    answer = correct(
        conversation, operator, name="  Vera\u202e Ahrens ", email="vera@home.example", phone="+49 30 12345"
    )
    assert answer.status_code == 204
    visitor.refresh_from_db()
    assert (visitor.name, visitor.email, visitor.phone) == ("Vera Ahrens", "vera@home.example", "+49 30 12345")
    assert Conversation.objects.get().revision > conversation.revision, "the desks hear of it"
    assert correct(conversation, operator, name="Vera Ahrens").status_code == 204
    visitor.refresh_from_db()
    assert (visitor.email, visitor.phone) == ("", ""), "what was emptied is forgotten"


@pytest.mark.parametrize(
    ("field", "typed"),
    [("name", "V" * 10_000), ("email", "vera@"), ("email", "a@b.example, c@d.example"), ("phone", "call me")],
)
def test_what_reaches_nobody_is_refused_at_its_field(
    field: str, typed: str, visitor: Visitor, conversation: Conversation, operator: User
) -> None:
    answer = correct(conversation, operator, **{field: typed})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    visitor.refresh_from_db()
    assert (visitor.name, visitor.email, visitor.phone) == ("Vera", "", "")


def test_only_who_answers_and_sees_the_conversation_corrects(
    conversation: Conversation,
    operator: User,
    colleague: User,
    former_operator: User,
    manager: User,
    reader: User,
    staff: User,
    customer: User,
) -> None:
    assert correct(conversation, colleague, name="Vera").status_code == 204
    conversation.take(operator)
    statuses = {
        user.username: correct(conversation, user, name="Vera").status_code
        for user in (operator, colleague, former_operator, manager, reader, staff, customer)
    }
    assert statuses == {
        "olga": 204, "carl": 404, "fred": 302, "mary": 204, "rita": 403, "stan": 403, "anna": 302,
    }  # fmt: skip
    assert "<form" not in aside(conversation, reader)
    assert at(operator).get(f"/admin/consult/desk/{conversation.public_id}/visitor/").status_code == 405


def test_what_cannot_be_stored_now_is_refused_in_a_sentence(
    conversation: Conversation, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(contact, "keep", locked)
    answer = correct(conversation, operator, name="Vera")
    assert (answer.status_code, answer.json()["reason"]) == (409, "try_again")


def correct(conversation: Conversation, user: User, **typed: str) -> Any:
    return at(user).post(f"/admin/consult/desk/{conversation.public_id}/visitor/", typed)


def spoken(visitor: Visitor, *operators: User) -> Conversation:
    """A conversation that is over, answered by these."""
    conversation = ask(visitor, "Which size?")
    for operator in operators:
        conversation.say(Author(f"u{operator.pk}", operator.first_name), "The small one.")
    conversation.refresh_from_db()
    conversation.end(Author("shop"))
    return conversation


def desk_url(conversation: Conversation) -> str:
    return f'href="/admin/consult/desk/?conversation={conversation.public_id}"'
