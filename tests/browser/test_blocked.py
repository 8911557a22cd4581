"""Where something between the browser and the shop lets no WebSocket through."""

from __future__ import annotations

import json
from uuid import uuid4

from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

from tests.browser.people import field, label, panel, rows, say

SOCKETS = "**/ws/consult/**"


def blocked(line: WebSocketRoute) -> None:
    line.close()


def test_a_visitor_and_an_operator_talk_over_http(visitor_page: Page, operator_context: BrowserContext) -> None:
    question, answer = f"Is it bright enough? {uuid4().hex}", f"For reading, yes. {uuid4().hex}"
    visitor_page.route_web_socket(SOCKETS, blocked)
    visitor_page.goto("/")
    label(visitor_page).click()
    expect(visitor_page.locator("consult-widget")).to_have_attribute("data-connection", "online", timeout=15_000)
    conversation = say(visitor_page, question)

    desk = operator_context.new_page()
    desk.route_web_socket(SOCKETS, blocked)
    desk.goto(f"/admin/consult/desk/?conversation={conversation}")
    expect(desk.get_by_role("log", name="Conversation").get_by_text(question)).to_be_visible(timeout=15_000)
    desk.get_by_role("textbox", name="Your answer").fill(answer)
    desk.get_by_role("button", name="Send", exact=True).click()

    # It comes with the poll that waits for it, and leaves by one that was cut short for it.
    expect(panel(visitor_page).get_by_text(answer)).to_be_visible()
    say(visitor_page, "And for the kitchen?")
    expect(desk.get_by_role("log", name="Conversation").get_by_text("And for the kitchen?")).to_be_visible()
    expect(rows(visitor_page)).to_have_count(3)


def test_what_happened_between_two_exchanges_is_told_once(desk: Page) -> None:
    alone = {"type": "welcome", "conversation": "c", "epoch": 1, "last_seq": 0, "messages": [], "visitor_read": 0}
    before = alone | {"operators_read": 0, "row": {"conversation": "c", "revision": 1}, "notes": []}
    after = before | {"row": {"conversation": "c", "revision": 2}, "notes": [{"type": "note", "number": 1}]}
    answers = iter([before, after, after])
    desk.route("**/an-exchange/**", lambda route: route.fulfill(body=json.dumps(next(answers, after))))
    heard = desk.evaluate(
        """async (script) => {
            const { Exchange } = await import(script);
            const line = new Exchange("/an-exchange/");
            const heard = [];
            line.addEventListener("open", () => line.send('{"type": "hello", "v": 1, "conversation": "c"}'));
            return new Promise((told) => line.addEventListener("message", ({ data }) => {
                heard.push(JSON.parse(data));
                if (heard.filter(({ type }) => type === "heartbeat").length < 3) return;
                line.close();
                told(heard);
            }));
        }""",
        desk.locator("consult-socket").get_attribute("script"),
    )
    assert [frame for frame in heard if frame["type"] == "welcome"] == [before, after]


def test_the_websocket_is_taken_again_once_it_gets_through(visitor_page: Page) -> None:
    visitor_page.clock.install()
    visitor_page.route_web_socket(SOCKETS, blocked)
    visitor_page.goto("/")
    label(visitor_page).click()
    widget = visitor_page.locator("consult-widget")
    expect(widget).to_have_attribute("data-connection", "online", timeout=15_000)
    say(visitor_page, "By another way")
    through: list[str] = []
    visitor_page.route_web_socket(SOCKETS, lambda line: passing(line, through))
    visitor_page.clock.run_for(31_000)
    heard(visitor_page, through, "hello")
    field(visitor_page).fill("By the straight way")
    field(visitor_page).press("Enter")
    expect(rows(visitor_page, "sent")).to_have_count(2)
    heard(visitor_page, through, "By the straight way")


def heard(page: Page, through: list[str], words: str) -> None:
    """Wait until ``words`` have gone through."""
    for _ in range(100):
        if any(words in text for text in through):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"nobody said {words!r}: {through}")


def passing(line: WebSocketRoute, through: list[str]) -> None:
    server = line.connect_to_server()

    def note(text: str | bytes) -> None:
        through.append(str(text))
        server.send(text)

    line.on_message(note)
