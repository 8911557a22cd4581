"""What a visitor meets where nobody can answer at once: a letter, a call, their place in the queue."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, WebSocketRoute, expect

from tests.browser.people import field, label, open_panel, panel, rows, say
from tests.browser.test_states import Walk
from tests.browser.test_widget_faults import expect_nothing_kept, sign_in
from tests.demo import Demo

BACK = "We are back tomorrow at 9:00."
QUEUED = "You are number 3 in the queue."
THANKS = re.compile("^Thank you")
UNSENT = "It could not be sent just now. Try again in a moment."

Tell = Callable[..., None]


@pytest.fixture
def tell(visitor_page: Page) -> Tell:
    """Sends frames to the visitor's panel, which of whether somebody is there hears from this test alone."""
    lines: list[WebSocketRoute] = []

    def unaware(line: WebSocketRoute) -> None:
        lines.append(line)
        server = line.connect_to_server()
        line.on_message(server.send)
        server.on_message(
            lambda text: None if json.loads(text)["type"] in ("availability", "place") else line.send(text)
        )

    visitor_page.route_web_socket("**/ws/consult/visitor/", unaware)

    def send(frame: str, **more: Any) -> None:
        expect(visitor_page.locator("consult-widget")).to_have_attribute("data-connection", "online")
        lines[-1].send(json.dumps({"type": frame} | more))

    return send


@pytest.mark.usefixtures("nobody_on_duty")
def test_while_nobody_is_there_a_letter_is_left(browser: Browser, demo: Demo) -> None:
    question = f"Does it dim? {uuid4().hex[:8]}"
    with browser.new_context(base_url=demo.url, locale="en-GB") as context:
        page = context.new_page()
        walk = Walk(page, "consult-widget")
        page.goto("/")
        expect(label(page)).to_have_attribute("aria-description", re.compile("^Nobody is here right now."))
        expect(label(page)).to_have_attribute("data-availability", "away")
        walk.look("label away")
        open_panel(page)
        expect(letter(page)).to_be_visible()
        expect(field(page)).to_be_hidden()
        expect(panel(page).get_by_role("status").filter(has_text="Nobody is here right now.")).to_be_visible()
        expect(textbox(page, "Your e-mail")).to_be_focused()
        send(page)
        expect(textbox(page, "Your e-mail")).to_have_attribute("aria-invalid", "true")
        expect(textbox(page, "Your e-mail")).to_be_focused()
        expect(letter(page).get_by_role("alert")).to_have_count(2)
        walk.look("letter wrong")
        textbox(page, "Your e-mail").fill("vera@shop.example")
        textbox(page, "Your question").fill(question)
        page.reload()
        expect(textbox(page, "Your e-mail")).to_have_value("vera@shop.example")
        expect(textbox(page, "Your question")).to_have_value(question)
        context.clear_cookies(name="csrftoken")  # as signing in on another page does
        send(page)
        expect(panel(page).get_by_role("alert").filter(has_text=UNSENT)).to_be_visible()
        send(page)
        expect(page.get_by_text(THANKS)).to_be_visible()
        expect(page.locator("consult-way [data-way]:focus")).to_contain_text("Thank you")
        expect(letter(page)).to_have_count(0)
        expect(rows(page, "sent")).to_contain_text(question)
        expect(rows(page)).to_contain_text("by e-mail")
        walk.look("letter sent")
        panel(page).get_by_role("button", name="Leave a message").click()
        expect(textbox(page, "Your question")).to_be_focused()
        expect(textbox(page, "Your question")).to_have_value("")
        expect(textbox(page, "Your e-mail")).to_have_value("vera@shop.example")
        expect(panel(page).get_by_role("button", name="Leave a message")).to_be_hidden()
        walk.look("letter again")
        panel(page).get_by_role("button", name="Request a call").click()
        expect(page.get_by_role("form", name="Request a call")).to_be_visible()
        walk.look("call")
        assert walk.found == []


def test_the_words_go_along_when_the_shop_closes_and_opens(visitor_page: Page, tell: Tell) -> None:
    open_panel(visitor_page)
    field(visitor_page).fill("Half a question")
    tell("availability", state="away", text=BACK)
    expect(panel(visitor_page).get_by_role("status").filter(has_text=BACK)).to_be_visible()
    expect(textbox(visitor_page, "Your question")).to_have_value("Half a question")
    expect(textbox(visitor_page, "Your question")).to_be_focused()

    # It opens under their hands: the letter stays, the chat is offered.
    chat = panel(visitor_page).get_by_role("button", name="Back to the chat")
    expect(chat).to_be_hidden()
    textbox(visitor_page, "Your question").press_sequentially(" more")
    tell("availability", state="online", text="Somebody is here to answer you now.")
    expect(panel(visitor_page).get_by_text("Online now")).to_be_visible()
    expect(textbox(visitor_page, "Your question")).to_be_focused()
    chat.click()
    expect(field(visitor_page)).to_be_focused()
    expect(field(visitor_page)).to_have_value("Half a question more")
    expect(letter(visitor_page)).to_be_hidden()
    expect(chat).to_be_hidden()
    say(visitor_page, "Never mind.")

    # Nothing was begun: it comes and goes by itself.
    visitor_page.evaluate("document.activeElement.blur()")
    tell("availability", state="away", text=BACK)
    expect(textbox(visitor_page, "Your question")).to_have_value("")
    expect(rows(visitor_page)).to_be_visible()
    visitor_page.evaluate("document.activeElement.shadowRoot?.activeElement.blur()")
    tell("availability", state="online", text="")
    expect(field(visitor_page)).to_be_visible()
    expect(letter(visitor_page)).to_be_hidden()


def test_a_letter_that_is_not_sent_is_kept(visitor_page: Page, tell: Tell) -> None:
    names: list[str] = []

    def lossy(route: Route) -> None:
        """The first is kept by the shop, but the answer is lost."""
        sent = re.findall(r'name="client_id"\s+(\S+)', route.request.post_data or "")
        names.extend(sent)
        if sent and len(names) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    visitor_page.route("**/consult/letter/**", lossy)
    open_panel(visitor_page)
    tell("availability", state="away", text=BACK)
    textbox(visitor_page, "Your e-mail").fill("vera@shop.example")
    textbox(visitor_page, "Your question").fill("Is the Heron heavy?")
    send(visitor_page)
    expect(panel(visitor_page).get_by_role("alert").filter(has_text=UNSENT)).to_be_visible()
    expect(textbox(visitor_page, "Your question")).to_have_value("Is the Heron heavy?")
    visitor_page.reload()
    tell("availability", state="away", text=BACK)
    send(visitor_page)
    expect(visitor_page.get_by_text(THANKS)).to_be_visible()
    assert names[0] == names[1]
    expect(rows(visitor_page)).to_have_count(1)


def test_who_waits_knows_their_place_and_is_offered_another_way(visitor_page: Page, tell: Tell, number: str) -> None:
    open_panel(visitor_page)
    call = panel(visitor_page).get_by_role("button", name="Request a call")
    expect(call).to_have_count(1)
    conversation = say(visitor_page, "Which lamp for a dark corner?")
    tell("availability", state="busy", text="Everybody is talking. An answer takes about 7 minutes.")
    expect(panel(visitor_page).get_by_role("status").filter(has_text="about 7 minutes")).to_be_visible()
    tell("place", conversation=conversation, place=3)
    queued = panel(visitor_page).get_by_role("status").filter(has_text=QUEUED)
    expect(queued).to_be_visible()
    expect(queued).to_have_attribute("aria-live", "polite")
    tell("place", conversation=conversation, place=2)
    queued = panel(visitor_page).locator("[data-part=queue]")
    expect(queued).to_have_text("You are number 2 in the queue.")
    expect(queued).to_have_attribute("aria-live", "off")
    tell("availability", state="online", text="")
    expect(panel(visitor_page).get_by_role("button", name="Leave a message")).to_be_hidden()

    line = {"conversation": conversation, "seq": 2, "client_id": "r", "author": {"kind": "shop", "name": ""}}
    tell("message", kind="renewed", facts={"minutes": 9}, body="", sent_at="2026-01-02T12:00:00.000Z", **line)
    expect(panel(visitor_page).get_by_text("in about 9 minutes")).to_be_visible()
    expect(panel(visitor_page).get_by_role("button", name="Leave a message")).to_be_visible()
    # Who is with them matters more than whether anybody is.
    tell("message", kind="joined", facts={"name": "Olga"}, body="", **line | {"seq": 3, "client_id": "j"})
    expect(panel(visitor_page).get_by_text("Olga is with you")).to_be_visible()
    expect(panel(visitor_page).get_by_role("button", name="Leave a message")).to_be_hidden()
    call.click()
    expect(visitor_page.get_by_role("form", name="Request a call")).to_be_visible()
    expect(textbox(visitor_page, "Your phone")).to_be_focused()
    textbox(visitor_page, "Your phone").fill(number)
    panel(visitor_page).get_by_role("button", name="Call me back").click()
    expect(visitor_page.get_by_text(THANKS)).to_be_visible()
    panel(visitor_page).get_by_role("button", name="Back to the chat").click()
    expect(field(visitor_page)).to_be_focused()


def test_who_is_answered_by_e_mail_is_asked_for_an_address(visitor_page: Page, tell: Tell) -> None:
    open_panel(visitor_page)
    conversation = say(visitor_page, "Which lamp for a dark corner?")
    visitor_page.get_by_role("button", name="No, thanks").click()
    line = {"conversation": conversation, "seq": 2, "client_id": "l", "author": {"kind": "shop", "name": ""}}
    tell("message", kind="letter", facts={}, body="", sent_at="2026-01-02T12:00:00.000Z", **line)
    expect(panel(visitor_page).get_by_text("Your question is kept")).to_be_visible()
    textbox(visitor_page, "Your e-mail").fill("vera@shop.example")
    visitor_page.get_by_role("button", name="Save").click()
    expect(visitor_page.get_by_role("status").filter(has_text="Saved. Thank you.")).to_be_visible()


def test_who_signs_out_leaves_no_letter_behind(visitor_page: Page, tell: Tell) -> None:
    sign_in(visitor_page)
    open_panel(visitor_page)
    tell("availability", state="away", text=BACK)
    textbox(visitor_page, "Your question").fill("Half a secret")
    assert "Half a secret" in visitor_page.evaluate("sessionStorage.getItem('consult-letter')")
    visitor_page.get_by_role("button", name="Sign out").click()
    expect(panel(visitor_page)).to_have_count(0)
    expect_nothing_kept(visitor_page)
    label(visitor_page).click()
    expect(visitor_page.locator("consult-widget")).to_have_attribute("data-connection", "online")
    tell("availability", state="away", text=BACK)
    expect(textbox(visitor_page, "Your question")).to_have_value("")


@pytest.mark.usefixtures("nobody_on_duty")
def test_without_scripts_a_letter_is_left_on_a_page(browser: Browser, demo: Demo) -> None:
    with browser.new_context(base_url=demo.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_role("link", name="Ask a consultant", exact=True).click()
        page.wait_for_timeout(3_000)  # what is filled in within no time, robots fill in
        textbox(page, "Your e-mail").fill("vera@shop.example")
        textbox(page, "Your question").fill("Is the Heron heavy?")
        send(page)
        expect(page.get_by_text(THANKS)).to_be_visible()


def letter(page: Page) -> Locator:
    return page.get_by_role("form", name="Leave a message")


def textbox(page: Page, name: str) -> Locator:
    return page.get_by_role("textbox", name=name, exact=True)


def send(page: Page) -> None:
    page.get_by_role("button", name="Send message").click()
