"""The panel as something to write in: history, links, what is new, who is asked for what, and two tabs in step."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.people import Operator, field, label, open_panel, panel, rows, say

LATEST = "New messages"
THANKS = "Saved. Thank you."
QUESTION = "How can we reach you if you have to leave? (optional)"


def test_who_reads_along_has_the_latest_and_finds_the_earlier_by_scrolling(visitor_page: Page) -> None:
    open_panel(visitor_page)
    log = log_of(visitor_page)
    log.evaluate(
        "(log) => log.addEventListener('consult:earlier', ({detail}) => (log.dataset.before = detail.before))"
    )
    hear(log, *range(1001, 1351))
    expect(rows(visitor_page)).to_have_count(249)
    expect(rows(visitor_page).last).to_contain_text("line 1350")
    expect(rows(visitor_page).last).to_be_in_viewport()
    expect(visitor_page.get_by_role("button", name="Show earlier messages")).to_have_count(1)
    log.get_by_role("log").evaluate("(region) => (region.scrollTop = 0)")
    expect(log).to_have_attribute("data-before", "1102")
    first = rows(visitor_page).filter(has_text="line 1102")
    end = "(row) => Math.round(row.getBoundingClientRect().bottom)"
    before = first.evaluate(end)
    log.evaluate("(log, messages) => log.prepend(messages, false)", [message(seq) for seq in range(1052, 1102)])
    assert first.evaluate(end) == before
    expect(rows(visitor_page).first).to_contain_text("line 1052")
    expect(visitor_page.get_by_role("button", name="Show earlier messages")).to_have_count(0)


def test_who_reads_further_up_is_told_and_not_moved(visitor_page: Page, operator: Operator) -> None:
    open_panel(visitor_page)
    conversation = say(visitor_page, "Which lamp?" + "\n?" * 60)
    region = visitor_page.get_by_role("log")
    region.evaluate(
        """(region) => new Promise((seen) => {
            region.addEventListener("scroll", seen, { once: true });
            region.scrollTop = 0;
        })"""
    )
    operator.say(conversation, "The Heron.")
    visitor_page.get_by_role("button", name=LATEST).click()
    expect(rows(visitor_page).last).to_be_in_viewport(ratio=1)
    expect(visitor_page.get_by_role("button", name=LATEST)).to_have_count(0)
    operator.say(conversation, "Or the Pebble.")
    expect(rows(visitor_page).filter(has_text="Pebble")).to_be_in_viewport(ratio=1)
    expect(visitor_page.get_by_role("button", name=LATEST)).to_have_count(0)


def test_nothing_of_the_page_or_the_panel_jumps_while_messages_come(visitor_page: Page, operator: Operator) -> None:
    visitor_page.add_init_script(
        """document.shifts = [];
        new PerformanceObserver((list) => document.shifts.push(...list.getEntries().map(({value}) => value)))
            .observe({type: "layout-shift", buffered: true});"""
    )
    open_panel(visitor_page)
    conversation = say(visitor_page, "Which lamp?")
    expect(visitor_page.get_by_text(QUESTION)).to_be_visible()
    visitor_page.evaluate("document.shifts = []")
    for number in range(5):
        operator.say(conversation, f"Number {number}\n" * 4)
        expect(rows(visitor_page).last).to_contain_text(f"Number {number}")
    assert visitor_page.evaluate("document.shifts") == []


def test_a_link_leads_where_it_says(visitor_page: Page) -> None:
    open_panel(visitor_page)
    words = (
        "https://shop.test/a, HTTPS://Shop.test tel:+49(30)12-3 tel:*21*1%23 mailto:a@shop.test "
        "https://\u0430pple.test/x https://shop.test\\@evil.test/ https://shop.test\u3002evil.test "
        "\u202ehttps://evil.test \u2066http://b@c.test"
    )
    put(log_of(visitor_page), {**message(1), "body": words})
    links = rows(visitor_page).get_by_role("link")
    expect(links).to_have_text([
        "https://shop.test/a", "HTTPS://Shop.test", "tel:+49(30)12-3", "mailto:a@shop.test", "https://xn--pple-43d.test/x",
        "https://shop.test/@evil.test/", "https://shop.test.evil.test/", "https://evil.test",
    ])  # fmt: skip
    assert links.evaluate_all("(links) => links.every((link) => getComputedStyle(link).unicodeBidi === 'isolate')")


def test_strange_words_are_harmless(visitor_page: Page) -> None:
    open_panel(visitor_page)
    log = log_of(visitor_page)
    bodies = ["e" + "\u0301" * 400, "a" * 4000, "line\n" * 200, "\u202e" * 50 + "drawkcab", "🦩👍🏽🇩🇪", "7 🦩"]
    for seq, body in enumerate(bodies, 1):
        put(log, {**message(seq), "author": {"kind": "operator", "name": "\u202e\u0301 "}, "body": body})
    expect(rows(visitor_page)).to_have_count(len(bodies))
    assert visitor_page.get_by_role("log").evaluate("(log) => log.scrollWidth <= log.clientWidth")
    emoji = log.locator("li[data-emoji]")
    expect(emoji.locator("[data-part=body]")).to_have_text(["🦩👍🏽🇩🇪"])
    assert log.locator("[data-part=initials]:visible").count() == 0
    assert log.locator("[data-part=body]").first.evaluate("(body) => getComputedStyle(body).overflow") == "clip"


def test_a_message_is_copied(visitor_page: Page) -> None:
    visitor_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_panel(visitor_page)
    say(visitor_page, "Which lamp for a dark corner?")
    rows(visitor_page).hover()
    rows(visitor_page).get_by_role("button", name="Copy").click()
    expect(visitor_page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    assert visitor_page.evaluate("navigator.clipboard.readText()") == "Which lamp for a dark corner?"


def test_the_title_counts_what_waits_and_is_the_shop_s_again(visitor_page: Page, operator: Operator) -> None:
    open_panel(visitor_page)
    conversation = say(visitor_page, "Which lamp for a dark corner?")
    title = visitor_page.title()
    panel(visitor_page).get_by_role("button", name="Close", exact=True).click()
    operator.say(conversation, "The Heron.")
    expect(visitor_page).to_have_title(f"(1) {title}")
    operator.say(conversation, "Or the Pebble.")
    expect(visitor_page).to_have_title(f"(2) {title}")
    label(visitor_page).click()
    expect(visitor_page).to_have_title(title)
    panel(visitor_page).get_by_role("button", name="Close", exact=True).click()
    operator.say(conversation, "Both, perhaps.")
    expect(visitor_page).to_have_title(f"(1) {title}")
    visitor_page.evaluate("document.title = 'Basket (3)'")
    label(visitor_page).click()
    expect(label(visitor_page).locator(".consult-label-badge")).to_be_hidden()
    expect(visitor_page).to_have_title("Basket (3)")


def test_an_open_panel_goes_along_with_its_draft_and_its_place(visitor_page: Page) -> None:
    open_panel(visitor_page)
    for words in ("One", "Two", "Three"):
        say(visitor_page, f"{words}\n" * 30)
    field(visitor_page).fill("Half a question")
    second = rows(visitor_page).filter(has_text="Two")
    second.evaluate("(row) => row.scrollIntoView()")
    visitor_page.goto("/delivery/")
    expect(panel(visitor_page)).to_be_visible()
    expect(field(visitor_page)).to_have_value("Half a question")
    expect(rows(visitor_page)).to_have_count(3)
    expect(second).to_be_in_viewport()
    expect(rows(visitor_page).filter(has_text="Three")).not_to_be_in_viewport()


def test_how_to_reach_them_is_asked_once_and_in_all_tabs(visitor_page: Page) -> None:
    other = visitor_page.context.new_page()
    open_panel(visitor_page)
    open_panel(other, visitor_page.url)
    asked = visitor_page.get_by_text(QUESTION)
    expect(asked).to_be_hidden()
    say(visitor_page, "Which lamp for a dark corner?" + "\n?" * 60)
    expect(asked).to_be_visible()
    expect(rows(visitor_page).locator("[data-part=state]")).to_be_in_viewport(ratio=1)
    expect(other.get_by_text(QUESTION)).to_be_visible()
    asked.click()
    visitor_page.get_by_role("textbox", name="Your e-mail").fill("vera@")
    visitor_page.get_by_role("button", name="Save").click()
    expect(visitor_page.get_by_role("alert").filter(has_text="This is no e-mail address.")).to_be_visible()
    expect(visitor_page.get_by_role("textbox", name="Your e-mail")).to_be_focused()
    visitor_page.get_by_role("textbox", name="Your e-mail").fill("vera@shop.example")
    visitor_page.context.set_offline(True)
    visitor_page.get_by_role("button", name="Save").click()
    expect(visitor_page.get_by_role("alert").filter(has_text="It could not be saved just now.")).to_be_visible()
    visitor_page.context.set_offline(False)
    expect(visitor_page.locator("consult-widget")).to_have_attribute("data-connection", "online")
    expect(visitor_page.get_by_role("textbox", name="Your e-mail")).to_have_value("vera@shop.example")
    visitor_page.get_by_role("textbox", name="Your e-mail").press("Enter")
    expect(visitor_page.get_by_role("status").filter(has_text=THANKS)).to_be_visible()
    expect(other.get_by_text(THANKS)).to_have_count(0)
    for page in (visitor_page, other):
        expect(page.get_by_text(QUESTION)).to_be_hidden()
    expect(field(visitor_page)).to_be_focused()
    visitor_page.reload()
    expect(rows(visitor_page, "sent")).to_have_count(1)
    expect(asked).to_be_hidden()


def test_who_does_not_want_to_say_is_left_alone(visitor_page: Page) -> None:
    open_panel(visitor_page)
    say(visitor_page, "Which lamp for a dark corner?")
    visitor_page.get_by_role("button", name="No, thanks").click()
    expect(field(visitor_page)).to_be_focused()
    visitor_page.reload()
    say(visitor_page, "And for a bright one?")
    expect(visitor_page.get_by_text(QUESTION)).to_be_hidden()


def test_two_tabs_are_in_step(visitor_page: Page, operator: Operator) -> None:
    open_panel(visitor_page)
    conversation = say(visitor_page, "Which lamp for a dark corner?")
    other = visitor_page.context.new_page()
    other.goto("/delivery/")
    expect(other.locator("consult-widget")).to_have_attribute("data-connection", "online")
    panel(visitor_page).get_by_role("button", name="Close", exact=True).click()
    operator.say(conversation, "The Heron.")
    for page in (visitor_page, other):
        expect(label(page)).to_have_attribute("aria-description", "1 new answer")
    label(visitor_page).click()
    expect(label(other)).not_to_have_attribute("aria-description", "1 new answer")
    label(other).click()
    operator.close(conversation)
    for page in (visitor_page, other):
        expect(panel(page).get_by_text("This conversation is closed.")).to_be_visible()


def test_what_was_closed_by_mistake_goes_on(visitor_page: Page, operator: Operator) -> None:
    open_panel(visitor_page)
    conversation = say(visitor_page, "Which lamp for a dark corner?")
    operator.say(conversation, "The Heron.")
    expect(panel(visitor_page).get_by_text("Olga Berg is with you")).to_be_visible()
    operator.close(conversation)
    closed = panel(visitor_page).get_by_text("This conversation is closed.")
    expect(closed).to_be_visible()
    operator.press(conversation, "reopen")
    expect(panel(visitor_page).get_by_text("The conversation goes on")).to_have_count(1)
    expect(closed).to_have_count(0)
    expect(panel(visitor_page).get_by_text("Olga Berg is with you")).to_be_visible()
    assert say(visitor_page, "And for a bright one?") == conversation


def test_what_is_taken_back_at_once_is_not_shown(visitor_page: Page) -> None:
    open_panel(visitor_page)
    log = log_of(visitor_page)
    lines = [
        line(1, "joined", 0),
        line(2, "left", 10), line(3, "joined", 69),
        line(4, "closed", 100), line(5, "reopened", 110), line(6, "joined", 110),
        line(7, "left", 120), line(8, "joined", 130, "Colin"),
        line(9, "closed", 200), line(10, "reopened", 261),
    ]  # fmt: skip
    shown = [
        re.compile("Olga joined"), re.compile("Olga left"), re.compile("Colin joined"), re.compile("was closed"),
        re.compile("goes on"),
    ]  # fmt: skip
    log.evaluate("(log, lines) => lines.forEach((one) => log.put(one))", lines)
    expect(log.locator("li")).to_have_count(len(lines))
    expect(log.locator(".event:visible")).to_have_text(shown)
    expect(log.locator(".day:visible")).to_have_count(1)
    log.evaluate("(log, lines) => (log.reset(), log.prepend(lines, false))", lines[1:])
    expect(log.locator(".event:visible")).to_have_text(shown[1:])
    expect(log.locator(".day:visible")).to_have_count(1)


def test_only_the_first_hello_tells_of_the_visit(visitor_page: Page) -> None:
    sent: list[Any] = []
    visitor_page.on("websocket", lambda line: line.on("framesent", lambda text: sent.append(json.loads(text))))
    visitor_page.goto("/delivery/")
    before = visitor_page.url
    open_panel(visitor_page)
    visitor_page.evaluate("window.dispatchEvent(new Event('offline'))")
    expect(visitor_page.locator("consult-widget")).to_have_attribute("data-connection", "online")
    first, second = [frame for frame in sent if frame["type"] == "hello"]
    zone = visitor_page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    assert first["page"] == {"url": visitor_page.url, "title": visitor_page.title()}
    assert first["visit"] == {"referrer": "", "language": "en-GB", "time_zone": zone, "before": [before]}
    assert second == {"type": "hello", "v": 1, "language": "en"}


def test_connecting_is_told_only_when_it_lasts(visitor_page: Page) -> None:
    open_panel(visitor_page)
    visitor_page.clock.install()
    told = visitor_page.get_by_role("status").filter(has_text=re.compile("^Connecting…$"))
    visitor_page.locator("consult-socket").evaluate(
        """(socket) => {
            socket.dataset.connection = "connecting";
            socket.dispatchEvent(new CustomEvent("consult:connection", {detail: {}}));
        }"""
    )
    visitor_page.clock.run_for(1_500)
    expect(told).to_have_count(0)
    visitor_page.clock.run_for(1_000)
    expect(told).to_have_count(1)


def log_of(page: Page) -> Locator:
    """The log, once what draws in it is here: that comes while the first words are being written."""
    field(page).fill("W")
    field(page).fill("")
    log = page.locator("consult-log")
    log.evaluate(
        """(log) => new Promise((drawing) => {
            const look = () => (log.put && log.querySelector("link").sheet ? drawing() : requestAnimationFrame(look));
            look();
        })"""
    )
    return log


def message(seq: int) -> dict[str, Any]:
    """A message as the wire has it, of a conversation that only this page knows."""
    return {
        "conversation": "c",
        "seq": seq,
        "kind": "text",
        "client_id": f"m{seq}",
        "author": {"kind": "operator", "name": "Olga"},
        "body": f"line {seq}",
        "sent_at": "2026-01-02T12:00:00.000Z",
    }


def line(seq: int, kind: str, second: int, name: str = "Olga") -> dict[str, Any]:
    """What happened to that conversation, this many seconds after it began."""
    facts = {"name": name} if kind in ("joined", "left") else {}
    sent_at = f"2026-01-02T12:{second // 60:02}:{second % 60:02}.000Z"
    author = {"kind": "shop", "name": ""}
    return message(seq) | {"kind": kind, "author": author, "body": "", "facts": facts, "sent_at": sent_at}


def put(log: Locator, message: dict[str, Any]) -> None:
    log.evaluate("(log, message) => void log.put(message)", message)


def hear(log: Locator, *seqs: int) -> None:
    log.evaluate("(log, messages) => messages.forEach((one) => log.put(one))", [message(seq) for seq in seqs])


def test_what_draws_comes_while_the_first_words_are_written(visitor_page: Page) -> None:
    """Opening goes without it, and a try that failed costs no words."""
    tries: list[str] = []

    def fail_once(route: Route) -> None:
        tries.append(route.request.url)
        if len(tries) == 1:
            route.abort()
        else:
            route.continue_()

    visitor_page.route("**/consult/log.*js", fail_once)
    open_panel(visitor_page)
    assert tries == []
    field(visitor_page).fill("Which lamp for a dark corner?")
    field(visitor_page).press("Enter")
    expect(rows(visitor_page, "sent")).to_have_count(1)
    assert len(tries) == 2
