"""A visitor asks, and reads the answers."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.people import Operator, label, open_panel, panel, rows, say

CLOSED = "This conversation is closed. Write, and a new one begins."
NOBODY_HERE = "Nobody is here right now."


def test_a_question_is_answered(visitor_page: Page, operator: Operator) -> None:
    open_panel(visitor_page)
    conversation = say(visitor_page, "Which lamp for a dark corner?")
    expect(rows(visitor_page).last).to_contain_text("Sent")
    operator.say(conversation, "The Heron.")
    answer = rows(visitor_page).filter(has_text="The Heron.")
    expect(answer).to_contain_text("Olga Berg")
    expect(answer.locator(".initials")).to_have_text("OB")
    expect(panel(visitor_page)).to_contain_text("Olga Berg joined the conversation")
    expect(panel(visitor_page).get_by_text("Olga Berg is with you")).to_be_visible()
    operator.open(conversation)
    operator.send(type="read", conversation=conversation, seq=1)
    expect(rows(visitor_page).first).to_contain_text("Seen")


def test_the_operator_is_seen_writing(visitor_page: Page, operator: Operator) -> None:
    open_panel(visitor_page)
    conversation = say(visitor_page, "Which lamp for a dark corner?")
    operator.open(conversation)
    operator.send(type="typing", conversation=conversation)
    notice = visitor_page.get_by_role("status").filter(has_text="Olga Berg is writing…")
    expect(notice).to_have_count(1)
    operator.say(conversation, "The Heron.")
    expect(notice).to_have_count(0)


def test_it_says_truly_whether_somebody_is_there(visitor_page: Page) -> None:
    lines: list[WebSocketRoute] = []

    def unaware(line: WebSocketRoute) -> None:
        """A line that hears who is there from this test alone: others put the demo's operators on duty."""
        lines.append(line)
        server = line.connect_to_server()
        line.on_message(server.send)
        server.on_message(lambda text: None if json.loads(text)["type"] == "availability" else line.send(text))

    visitor_page.route_web_socket("**/ws/consult/visitor/", unaware)
    open_panel(visitor_page)
    lines[0].send(json.dumps({"type": "availability", "state": "away", "text": NOBODY_HERE}))
    expect(visitor_page.get_by_role("status").filter(has_text=NOBODY_HERE)).to_be_visible()
    lines[0].send(json.dumps({"type": "availability", "state": "online", "text": "Somebody is here."}))
    expect(panel(visitor_page).get_by_text("Online now")).to_be_visible()
    expect(panel(visitor_page).get_by_text(NOBODY_HERE)).to_have_count(0)


def test_after_closing_the_next_words_begin_a_new_conversation(visitor_page: Page, operator: Operator) -> None:
    open_panel(visitor_page)
    first = say(visitor_page, "Which lamp for a dark corner?")
    operator.say(first, "The Heron.")
    expect(rows(visitor_page)).to_have_count(2)
    operator.close(first)
    expect(panel(visitor_page).get_by_text(CLOSED)).to_be_visible()
    second = say(visitor_page, "And for a bright one?")
    assert second != first
    expect(rows(visitor_page)).to_have_text([re.compile("dark"), re.compile("Heron"), re.compile("bright")])
    expect(panel(visitor_page).get_by_text(CLOSED)).to_have_count(0)


def test_links_are_links_and_all_else_is_text(visitor_page: Page) -> None:
    open_panel(visitor_page)
    words = (
        "<img src=x onerror=alert(1)> javascript:alert(1) //evil.test https://me@evil.test https://shop.test/a?b=1."
    )
    say(visitor_page, words)
    body = rows(visitor_page).last.locator("[data-part=body]")
    expect(body).to_have_text(words)
    expect(body.locator("a")).to_have_count(1)
    expect(body.locator("a")).to_have_attribute("href", "https://shop.test/a?b=1")
    expect(body.locator("a")).to_have_attribute("rel", "noopener noreferrer nofollow ugc")
    expect(body.locator("img")).to_have_count(0)


@pytest.mark.parametrize("address", ["/", "/delivery/"])
def test_answers_that_came_meanwhile_wait_at_the_label(visitor_page: Page, operator: Operator, address: str) -> None:
    open_panel(visitor_page)
    conversation = say(visitor_page, "Which lamp for a dark corner?")
    visitor_page.keyboard.press("Escape")
    visitor_page.goto(address)
    expect(visitor_page.locator("consult-widget")).to_have_attribute("data-connection", "online")
    expect(panel(visitor_page)).to_have_count(0)
    operator.say(conversation, "The Heron.")
    expect(label(visitor_page)).to_have_attribute("aria-description", "1 new answer")
    operator.say(conversation, "Or the Pebble.")
    expect(label(visitor_page)).to_have_attribute("aria-description", "2 new answers")
    expect(label(visitor_page).locator(".consult-label-badge")).to_have_text("2")
    label(visitor_page).click()
    expect(label(visitor_page).locator(".consult-label-badge")).to_be_hidden()
    visitor_page.reload()
    expect(rows(visitor_page)).to_have_count(3)
    expect(label(visitor_page).locator(".consult-label-badge")).to_be_hidden()


def test_an_open_panel_goes_along_and_takes_no_focus(visitor_page: Page) -> None:
    open_panel(visitor_page)
    say(visitor_page, "Which lamp for a dark corner?")
    visitor_page.goto("/delivery/")
    expect(panel(visitor_page)).to_be_visible()
    expect(rows(visitor_page)).to_have_count(1)
    assert visitor_page.evaluate("document.activeElement === document.body")


def test_what_was_said_is_there_in_another_tab(visitor_page: Page) -> None:
    open_panel(visitor_page)
    say(visitor_page, "Which lamp for a dark corner?")
    other = visitor_page.context.new_page()
    open_panel(other)
    expect(rows(other)).to_have_count(1)
    say(other, "And for a bright one?")
    expect(rows(visitor_page)).to_have_count(2)


def test_another_visitor_sees_none_of_it(visitor_page: Page) -> None:
    open_panel(visitor_page)
    say(visitor_page, "Which lamp for a dark corner?")
    assert visitor_page.context.browser
    with visitor_page.context.browser.new_context() as context:
        stranger = context.new_page()
        open_panel(stranger, visitor_page.url)
        expect(rows(stranger)).to_have_count(0)


def test_earlier_messages_come_when_their_place_is_seen(visitor_page: Page) -> None:
    # The limit on how fast one may talk makes the history by hand dear; a server that says there is more does as well.
    def with_history(line: WebSocketRoute) -> None:
        server = line.connect_to_server()
        line.on_message(lambda text: line.send(history()) if '"type":"more"' in str(text) else server.send(text))
        server.on_message(lambda text: line.send(str(text).replace('"more":false', '"more":true')))

    def history() -> str:
        return (
            '{"type":"messages","more":false,"conversation":"c","messages":[{"type":"message","conversation":"c","seq":1,'
            '"kind":"text","client_id":"1","author":{"kind":"operator","name":"Olga"},"body":"Long ago","facts":{},'
            '"sent_at":"2020-01-01T12:00:00.000Z"}]}'
        )

    open_panel(visitor_page)
    say(visitor_page, "Which lamp for a dark corner?")
    visitor_page.route_web_socket("**/ws/consult/visitor/", with_history)
    visitor_page.reload()
    expect(rows(visitor_page).filter(has_text="Long ago")).to_have_count(1)
    expect(visitor_page.get_by_role("button", name="Show earlier messages")).to_have_count(0)
