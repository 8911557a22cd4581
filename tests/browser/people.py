"""What people do, in the words of the tests."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from playwright.sync_api import Locator, Page, expect

LABEL = "Ask a consultant"
DESK = "/admin/consult/desk/"


class Operator:
    """An operator's line, spoken to directly: the tests of the widget are not those of the desk."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.goto("/consult/contact/")
        page.evaluate(
            """() => new Promise((opened) => {
                const line = new WebSocket(location.origin.replace("http", "ws") + "/ws/consult/desk/");
                line.onopen = () => {
                    line.send(JSON.stringify({type: "hello", v: 1, view: {list: "waiting", page: 1}}));
                    opened();
                };
                document.line = line;
            })"""
        )

    def send(self, **frame: Any) -> None:
        self.page.evaluate("(frame) => document.line.send(JSON.stringify(frame))", frame)

    def open(self, conversation: str) -> None:
        self.send(type="hello", v=1, conversation=conversation)

    def say(self, conversation: str, body: str) -> None:
        self.send(type="say", conversation=conversation, client_id=str(uuid4()), body=body)

    def close(self, conversation: str) -> None:
        self.press(conversation, "close")

    def press(self, conversation: str, button: str) -> None:
        """Do what a button at the desk does to the conversation."""
        address = f"/admin/consult/desk/{conversation}/{button}/"
        token = self.page.locator("[name=csrfmiddlewaretoken]").input_value()
        answer = self.page.request.post(
            address, headers={"X-CSRFToken": token, "Referer": self.page.url, "Origin": origin(self.page)}
        )
        assert answer.status == 204, answer.text()


def origin(page: Page) -> str:
    address: str = page.evaluate("location.origin")
    return address


def label(page: Page) -> Locator:
    return page.get_by_role("button", name=LABEL, exact=True)


def panel(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Consultation")


def field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Your message")


def rows(page: Page, state: str = "") -> Locator:
    return page.locator("consult-log li[data-kind=text]" + (f"[data-state={state}]" if state else ""))


def open_panel(page: Page, address: str = "/") -> None:
    """Open the panel, and wait until it is connected."""
    page.goto(address)
    label(page).click()
    expect(panel(page)).to_be_visible()
    expect(page.locator("consult-widget")).to_have_attribute("data-connection", "online")


def say(page: Page, body: str) -> str:
    """Say something, wait until the server has it, and give the conversation's public id."""
    field(page).fill(body)
    field(page).press("Enter")
    row = rows(page).filter(has_text=body).last
    expect(row).to_have_attribute("data-state", "sent")
    conversation = row.get_attribute("data-conversation")
    assert conversation
    return conversation


def leave_letter(page: Page, question: str, email: str = "vera@shop.example") -> None:
    """Leave a message where the panel asks for one, and wait until the shop has it."""
    page.get_by_role("textbox", name="Your e-mail").fill(email)
    page.get_by_role("textbox", name="Your question").fill(question)
    page.get_by_role("button", name="Send message").click()
    expect(page.locator("consult-way[data-sent]")).to_contain_text("Thank you")


def sit_down(page: Page, address: str = DESK) -> None:
    page.goto(address)
    expect(page.locator("consult-desk")).to_have_attribute("data-connection", "online")


def row(desk: Page, words: str) -> Locator:
    """The conversation in the list whose last line has these words."""
    return desk.get_by_role("list", name="Conversations").get_by_role("listitem").filter(has_text=words)


def turn_to(desk: Page, words: str) -> None:
    row(desk, words).get_by_role("link").click()
    expect(said(desk, words)).to_be_visible()


def said(desk: Page, words: str) -> Locator:
    return desk.get_by_role("log", name="Conversation").get_by_role("listitem").filter(has_text=words)


def answer_field(desk: Page) -> Locator:
    return desk.get_by_role("textbox", name="Your answer")


def answer(desk: Page, words: str) -> None:
    answer_field(desk).fill(words)
    desk.get_by_role("button", name="Send").click()
    expect(said(desk, words)).to_have_attribute("data-state", "sent")


def tab(desk: Page, name: str) -> Locator:
    return desk.get_by_role("button", name=name, exact=True)


def choose(field: Locator, name: str) -> None:
    """The option of a select that begins with this name: what else it says of somebody may change."""
    field.select_option(label=field.locator("option", has_text=name).first.inner_text())


def order(desk: Page) -> None:
    """Make the order that the desk begins, in the shop's own form."""
    with desk.context.expect_page() as opened:
        desk.get_by_role("link", name="New order").click()
    form = opened.value
    form.fill("[name=name]", "Vera")
    form.fill("[name=email]", "vera@home.example")
    for field in form.locator("form [required]").all():
        if not field.input_value():
            field.fill("1")
    form.get_by_role("button", name="Save", exact=True).click()
    expect(form.get_by_text("was added successfully")).to_be_visible()
