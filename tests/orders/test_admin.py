from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from consult.chat import log, visits
from consult.chat.entry import SHOP, Entry
from consult.models import Conversation, Visitor
from example_shop.models import Basket, Order, Product
from tests.orders.conftest import lines_about_orders

pytestmark = pytest.mark.django_db

ADD = "/admin/example_shop/order/add/"
LIST = "/admin/example_shop/order/"


def from_desk(conversation: Conversation, **more: str) -> str:
    query = "".join(f"&{name}={value}" for name, value in more.items())
    return f"{ADD}?consultation={conversation.public_id}{query}"


def filled(lamp: Product, **fields: Any) -> dict[str, Any]:
    """The form as an operator fills it in: the buyer, and as many rows as ``lines`` says."""
    lines = fields.pop("lines", 1)
    form = {
        "name": "Vera",
        "email": "vera@example.com",
        "address": "Here 1",
        "lines-TOTAL_FORMS": str(lines),
        "lines-INITIAL_FORMS": "0",
    }
    for row in range(lines):
        form |= {f"lines-{row}-product": str(lamp.pk), f"lines-{row}-quantity": "1"}
    return form | fields


def change_form(order: Order, **fields: Any) -> dict[str, Any]:
    line = order.lines.get()
    return filled(line.product, lines=1) | {
        "lines-INITIAL_FORMS": "1",
        "lines-0-id": str(line.pk),
        "lines-0-order": str(order.pk),
        **fields,
    }


def change_url(order: Order) -> str:
    return reverse("admin:example_shop_order_change", args=[order.pk])


def errors(response: Any) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


@pytest.fixture
def at_desk(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


# Opened from the desk


def test_the_form_opens_with_what_the_visitor_said_of_themselves(
    at_desk: Client, answered: Conversation, visitor: Visitor, customer: User
) -> None:
    visitor.email, visitor.phone, visitor.customer = "vera@example.com", "030 1234", customer
    visitor.save()
    response = at_desk.get(from_desk(answered))
    form = response.context["adminform"].form
    shown = {field: form[field].value() for field in ("name", "email", "phone", "customer")}
    assert shown == {"name": "Vera", "email": "vera@example.com", "phone": "030 1234", "customer": customer.pk}
    assert not {"source", "consultation", "taken_by"} & set(form.fields)
    assert re.search(r'class="readonly">\s*Chat\s*<', response.content.decode())


def test_the_lamp_the_visitor_looks_at_is_the_first_line(
    at_desk: Client, answered: Conversation, visitor: Visitor, lamp: Product
) -> None:
    visits.saw(visitor.pk, "https://shop.example/lamps/alder/", "Alder")
    response = at_desk.get(from_desk(answered))
    (lines,) = response.context["inline_admin_formsets"]
    assert [form.initial for form in lines.formset] == [{"product": lamp.pk, "quantity": 1}]


@pytest.mark.parametrize("address", ["", "https://shop.example/lamps/none/", "/delivery/", "http://[", "javascript:x"])
def test_a_page_that_shows_no_lamp_proposes_none(
    at_desk: Client, answered: Conversation, visitor: Visitor, lamp: Product, address: str
) -> None:
    Visitor.objects.filter(pk=visitor.pk).update(page_url=address)
    (lines,) = at_desk.get(from_desk(answered)).context["inline_admin_formsets"]
    assert not any("product" in form.initial for form in lines.formset)


def test_two_proposed_lines_sent_unchanged_are_two_lines(
    at_desk: Client, answered: Conversation, visitor: Visitor, lamp: Product, customer: User
) -> None:
    other = Product.objects.create(name="Moth", slug="moth", price=89, sent_in_days=3)
    basket = Basket.objects.create(customer=customer)
    basket.add(lamp)
    basket.add(other)
    visitor.customer = customer
    visitor.save()
    (lines,) = at_desk.get(from_desk(answered)).context["inline_admin_formsets"]
    proposed = [form.initial["product"] for form in lines.formset]
    assert proposed == [lamp.pk, other.pk]

    form = filled(lamp, lines=2) | {f"lines-{row}-product": str(pk) for row, pk in enumerate(proposed)}
    assert at_desk.post(from_desk(answered), form).status_code == 302
    assert [line.product_id for line in Order.objects.get().lines.all()] == proposed


@pytest.mark.django_db(transaction=True)
def test_the_order_knows_its_chat(at_desk: Client, answered: Conversation, operator: User, lamp: Product) -> None:
    response = at_desk.post(from_desk(answered), filled(lamp))
    assert response.status_code == 302
    order = Order.objects.get()
    assert (order.source, order.consultation, order.taken_by) == ("chat", answered, operator)
    (line,) = lines_about_orders(answered)
    assert line.facts["identifier"] == f"C-{order.pk}"


@pytest.mark.parametrize("source", ["basket", "phone", "nonsense"])
def test_nothing_typed_changes_where_it_came_from(
    at_desk: Client,
    answered: Conversation,
    operator: User,
    colleague: User,
    other_visitor: Visitor,
    lamp: Product,
    source: str,
) -> None:
    elsewhere = Conversation.objects.create(visitor=other_visitor)
    forged = {"source": source, "taken_by": str(colleague.pk)}
    url = from_desk(answered, **forged)
    assert at_desk.post(url, filled(lamp, consultation=str(elsewhere.pk), **forged)).status_code == 302
    order = Order.objects.get()
    assert (order.source, order.consultation, order.taken_by) == ("chat", answered, operator)


def called(conversation: Conversation) -> None:
    """As the desk writes it, when the visitor was reached."""
    line = Entry(SHOP, uuid4(), kind="called", conversation=conversation.public_id, facts={"name": "Olga"})
    log.say(line)


def test_who_was_called_ordered_by_phone(
    at_desk: Client, answered: Conversation, operator: User, lamp: Product
) -> None:
    called(answered)
    by_phone = from_desk(answered, source="phone")
    assert "Phone" in at_desk.get(by_phone).content.decode()
    assert at_desk.post(by_phone, filled(lamp)).status_code == 302
    order = Order.objects.get()
    assert (order.source, order.consultation, order.taken_by) == ("phone", answered, operator)
    assert order.identifier == f"P-{order.pk}"


@pytest.mark.parametrize("source", ["basket", "nonsense", ""])
def test_a_call_makes_no_other_source(at_desk: Client, answered: Conversation, lamp: Product, source: str) -> None:
    called(answered)
    at_desk.post(from_desk(answered, source=source), filled(lamp))
    assert Order.objects.get().source == "chat"


def test_a_colleagues_conversation_opens_no_form(
    client: Client, answered: Conversation, colleague: User, lamp: Product
) -> None:
    client.force_login(colleague)
    for response in (client.get(from_desk(answered)), client.post(from_desk(answered), filled(lamp))):
        assert response.status_code == 302
        assert response["Location"] == "/admin/"
    assert "There is no such conversation, or it is not yours" in client.get("/admin/").content.decode()
    assert not Order.objects.exists()


@pytest.mark.parametrize("name", [str(uuid4()), "nonsense", "", "\x00"])
def test_a_conversation_that_does_not_exist_is_the_same_as_a_foreign_one(
    at_desk: Client, lamp: Product, name: str
) -> None:
    response = at_desk.post(f"{ADD}?consultation={name}", filled(lamp, source="phone"))
    assert (response.status_code, response["Location"]) == (302, "/admin/")
    assert not Order.objects.exists()


def test_a_manager_orders_from_any_conversation(
    client: Client, answered: Conversation, manager: User, lamp: Product
) -> None:
    client.force_login(manager)
    assert client.post(from_desk(answered), filled(lamp)).status_code == 302
    assert Order.objects.get().taken_by == manager


def test_staff_who_may_add_orders_but_answer_nobody(
    client: Client, answered: Conversation, staff: User, lamp: Product
) -> None:
    staff.user_permissions.add(Permission.objects.get(codename="add_order"))
    client.force_login(staff)
    assert client.post(from_desk(answered), filled(lamp))["Location"] == "/admin/"
    assert not Order.objects.exists()


# Added without a conversation


@pytest.mark.parametrize("query", ["", "?source=basket", "?source=phone"])
def test_the_source_must_be_said(at_desk: Client, lamp: Product, query: str) -> None:
    form = at_desk.get(ADD + query).context["adminform"].form
    assert [value for value, _ in form["source"].field.choices] == ["", "phone", "chat"]
    assert form["source"].value() in {None, "", "basket"}, "neither phone nor chat is chosen beforehand"

    response = at_desk.post(ADD + query, filled(lamp))
    assert errors(response) == {"source": ["Say how this order came in: by phone or by chat."]}
    assert "basket" in errors(at_desk.post(ADD + query, filled(lamp, source="basket")))["source"][0]
    assert not Order.objects.exists()


def test_an_order_by_phone(
    at_desk: Client, operator: User, colleague: User, conversation: Conversation, lamp: Product
) -> None:
    forged = {"consultation": str(conversation.pk), "taken_by": str(colleague.pk)}
    assert at_desk.post(ADD, filled(lamp, source="phone", **forged)).status_code == 302
    order = Order.objects.get()
    assert (order.source, order.consultation, order.taken_by) == ("phone", None, operator)


# Changed


def test_only_a_manager_corrects_the_source_and_leaves_a_trace(
    client: Client, manager: User, answered: Conversation, order: Callable[..., Order]
) -> None:
    made = order(source="chat", consultation=answered)
    client.force_login(manager)
    assert (
        client.post(change_url(made), change_form(made, source="phone", consultation="", taken_by="")).status_code
        == 302
    )
    made.refresh_from_db()
    assert (made.source, made.consultation) == ("phone", answered)
    (trace,) = LogEntry.objects.filter(object_id=made.pk)
    assert trace.user == manager
    assert trace.get_change_message() == "Changed Source (chat → phone)."


def test_a_change_of_something_else_names_no_source(
    client: Client, manager: User, order: Callable[..., Order]
) -> None:
    made = order(source="chat")
    client.force_login(manager)
    client.post(change_url(made), change_form(made, source="chat", name="Viola"))
    assert LogEntry.objects.get(object_id=made.pk).get_change_message() == "Changed Name."


def test_an_operator_who_may_change_orders_cannot_correct_the_source(
    at_desk: Client, operator: User, colleague: User, conversation: Conversation, order: Callable[..., Order]
) -> None:
    operator.user_permissions.add(Permission.objects.get(codename="change_order"))
    made = order(source="chat")
    forged = {"source": "phone", "consultation": str(conversation.pk), "taken_by": str(colleague.pk)}
    assert at_desk.post(change_url(made), change_form(made, name="Viola", **forged)).status_code == 302
    made.refresh_from_db()
    assert made.name == "Viola", "the form was let through"
    assert (made.source, made.consultation, made.taken_by) == ("chat", None, None)


def test_an_operator_reads_an_order_they_may_not_change(
    at_desk: Client, answered: Conversation, order: Callable[..., Order]
) -> None:
    made = order(source="chat", consultation=answered)
    page = at_desk.get(change_url(made)).content.decode()
    assert made.identifier in page
    assert f"/admin/consult/desk/?conversation={answered.public_id}" in page
    assert at_desk.post(change_url(made), change_form(made)).status_code == 403


# The list


def shown(response: Any) -> set[str]:
    assert response.status_code == 200
    return {order.identifier for order in response.context["cl"].result_list}


def test_the_list_is_filtered_by_source(at_desk: Client, order: Callable[..., Order]) -> None:
    made = {source: order(source=source) for source in ("basket", "phone", "chat")}
    for source, one in made.items():
        assert shown(at_desk.get(LIST, {"source__exact": source})) == {one.identifier}


@pytest.mark.parametrize("written", ["C-{}", "c-{}", "P-{}", "B-{}", " C-{} ", "{}"])
def test_a_number_is_found_under_any_prefix(at_desk: Client, order: Callable[..., Order], written: str) -> None:
    order(source="basket")
    wanted = order(source="phone", name="Walter")
    assert shown(at_desk.get(LIST, {"q": written.format(wanted.pk)})) == {f"P-{wanted.pk}"}


@pytest.mark.parametrize("written", ["C-", "C-x", "X-1", "C-99999999999999999999999", "C--1", "C-²", "%", "\\"])
def test_what_is_no_number_finds_nothing_and_breaks_nothing(
    at_desk: Client, order: Callable[..., Order], written: str
) -> None:
    order(source="chat")
    assert shown(at_desk.get(LIST, {"q": written})) == set()


def test_the_shops_own_search_stays(at_desk: Client, order: Callable[..., Order]) -> None:
    order(source="basket")
    wanted = order(source="chat", name="Walter")
    assert shown(at_desk.get(LIST, {"q": "walt"})) == {wanted.identifier}
    both = order(source="phone", name=f"Room {wanted.pk}")
    assert shown(at_desk.get(LIST, {"q": str(wanted.pk)})) == {wanted.identifier, both.identifier}


def test_the_conversation_is_one_click_away(
    at_desk: Client, answered: Conversation, order: Callable[..., Order]
) -> None:
    order(source="chat", consultation=answered)
    assert f"/admin/consult/desk/?conversation={answered.public_id}" in at_desk.get(LIST).content.decode()


def test_the_list_asks_no_more_for_more_orders(
    at_desk: Client, answered: Conversation, order: Callable[..., Order]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            at_desk.get(LIST)
        return len(asked)

    order(source="chat", consultation=answered)
    few = queries()
    for _ in range(5):
        order(source="chat", consultation=answered)
    assert queries() == few
