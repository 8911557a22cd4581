"""What stands beside a conversation: the visitor, their orders, and the way to a new one."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import override_settings

from consult.models import Conversation, Visitor
from example_shop.models import Order
from tests.desk.conftest import at


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
    visitor.looks_at("https://shop.example/finch", "Finch")
    assert 'href="https://shop.example/finch"' in aside(conversation, operator)
    visitor.looks_at(address, "Finch")
    page = aside(conversation, operator)
    assert "Finch" in page
    assert f'href="{address}"' not in page


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
