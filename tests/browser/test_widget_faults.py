"""What goes wrong, and that nothing of what was said is lost by it."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.people import field, label, open_panel, origin, panel, rows, say

LINE = "**/ws/consult/visitor/"
NO_CONNECTION = "No connection. Your messages will be sent when it is back."
TOO_LONG = "It is longer than 4000 characters. Shorten it and send it again."


def test_a_draft_survives_a_reload_and_goes_when_it_is_said(visitor_page: Page) -> None:
    open_panel(visitor_page)
    field(visitor_page).fill("Half a question")
    visitor_page.reload()
    expect(field(visitor_page)).to_have_value("Half a question")
    field(visitor_page).press("Enter")
    expect(rows(visitor_page, "sent")).to_have_count(1)
    assert visitor_page.evaluate("sessionStorage.getItem('consult-draft')") is None
    assert visitor_page.evaluate("sessionStorage.getItem('consult-outbox')") is None


def test_what_was_not_acknowledged_is_sent_again_after_a_reload_and_stands_once(visitor_page: Page) -> None:
    names: list[str] = []
    visitor_page.route_web_socket(LINE, lambda line: deaf(line, names))
    open_panel(visitor_page)
    field(visitor_page).fill("Is anybody there?")
    field(visitor_page).press("Enter")
    expect(rows(visitor_page, "sending")).to_have_count(1)
    visitor_page.unroute_all()
    visitor_page.route_web_socket(LINE, lambda line: faithful(line, names))
    visitor_page.reload()
    expect(rows(visitor_page, "sent")).to_have_count(1)
    expect(rows(visitor_page)).to_have_count(1)
    # It was stored the first time; the name made the second sending harmless, or the history told before it was sent.
    assert len(set(names)) == 1


def test_what_was_said_without_a_line_is_sent_when_it_is_back(visitor_page: Page) -> None:
    open_panel(visitor_page)
    say(visitor_page, "One")
    visitor_page.context.set_offline(True)
    expect(visitor_page.locator("consult-widget")).to_have_attribute("data-connection", "offline")
    expect(panel(visitor_page).get_by_text(NO_CONNECTION)).to_be_visible()
    for words in ("Two", "Three"):
        field(visitor_page).fill(words)
        field(visitor_page).press("Enter")
    expect(rows(visitor_page, "sending")).to_have_count(2)
    visitor_page.context.set_offline(False)
    expect(rows(visitor_page, "sent").locator("[data-part=body]")).to_have_text(["One", "Two", "Three"])
    expect(panel(visitor_page).get_by_text(NO_CONNECTION)).to_have_count(0)


def test_what_is_too_long_says_so_and_can_be_shortened(visitor_page: Page) -> None:
    open_panel(visitor_page)
    field(visitor_page).fill("a" * 4001)
    expect(panel(visitor_page).get_by_text("4001 of 4000 characters")).to_be_visible()
    field(visitor_page).press("Enter")
    expect(panel(visitor_page).get_by_role("alert").filter(has_text=TOO_LONG)).to_be_visible()
    expect(rows(visitor_page)).to_have_count(0)
    expect(field(visitor_page)).to_have_value("a" * 4001)
    say(visitor_page, "a" * 4000)


def test_a_pasted_megabyte_is_counted_and_leaves_the_field_as_it_was(visitor_page: Page) -> None:
    """What a browser lays out for a minute is not let in; it stays in the clipboard."""
    visitor_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_panel(visitor_page)
    field(visitor_page).fill("Half a question")
    visitor_page.evaluate("navigator.clipboard.writeText('word '.repeat(200_000))")
    field(visitor_page).press("Control+v")
    expect(panel(visitor_page).get_by_text("999999 of 4000 characters")).to_be_visible()
    expect(panel(visitor_page).get_by_role("alert").filter(has_text=TOO_LONG)).to_be_visible()
    expect(field(visitor_page)).to_have_value("Half a question")
    say(visitor_page, "line\n" * 200)


def test_what_is_empty_is_not_sent(visitor_page: Page) -> None:
    open_panel(visitor_page)
    field(visitor_page).fill("   ")
    field(visitor_page).press("Enter")
    expect(panel(visitor_page).get_by_role("alert")).to_have_text("There is nothing in it. Write your question first.")
    expect(rows(visitor_page)).to_have_count(0)


def test_a_refused_message_says_why_survives_a_reload_and_can_be_tried_again(visitor_page: Page) -> None:
    refusals = ["not_found"]
    visitor_page.route_web_socket(LINE, lambda line: strict(line, refusals))
    open_panel(visitor_page)
    field(visitor_page).fill("Is anybody there?")
    field(visitor_page).press("Enter")
    failed = rows(visitor_page, "failed")
    expect(failed).to_contain_text("This conversation can't be found any more.")
    expect(failed).to_contain_text("Not sent")
    visitor_page.reload()
    expect(failed).to_have_count(1)
    failed.get_by_role("button", name="Try again").click()
    expect(rows(visitor_page, "sent")).to_have_count(1)
    expect(rows(visitor_page)).to_have_count(1)
    expect(visitor_page.get_by_role("button", name="Try again")).to_have_count(0)


def test_a_name_that_is_taken_is_changed(visitor_page: Page) -> None:
    visitor_page.route_web_socket(LINE, lambda line: strict(line, ["conflict"]))
    open_panel(visitor_page)
    field(visitor_page).fill("Is anybody there?")
    field(visitor_page).press("Enter")
    name = rows(visitor_page, "failed").get_attribute("data-client-id")
    rows(visitor_page, "failed").get_by_role("button", name="Try again").click()
    expect(rows(visitor_page, "sent")).to_have_count(1)
    expect(rows(visitor_page)).to_have_count(1)
    assert rows(visitor_page).get_attribute("data-client-id") != name


def test_who_talks_too_fast_waits_without_noticing(visitor_page: Page) -> None:
    visitor_page.route_web_socket(LINE, lambda line: strict(line, ["slow_down", "try_again"], retry_after=0.05))
    open_panel(visitor_page)
    for words in ("One", "Two"):
        field(visitor_page).fill(words)
        field(visitor_page).press("Enter")
    expect(rows(visitor_page, "sent").locator("[data-part=body]")).to_have_text(["One", "Two"])


def test_a_message_that_did_not_arrive_is_asked_for(visitor_page: Page) -> None:
    """The first answer is lost on the way; the number of the second tells."""
    lost: list[str] = []

    def lossy(line: WebSocketRoute) -> None:
        server = line.connect_to_server()
        line.on_message(server.send)

        def pass_on(text: str | bytes) -> None:
            frame = json.loads(text)
            if frame["type"] == "message" and frame["seq"] == 1 and not lost:
                lost.append(str(text))
            else:
                line.send(text)

        server.on_message(pass_on)

    visitor_page.route_web_socket(LINE, lossy)
    open_panel(visitor_page)
    field(visitor_page).fill("One")
    field(visitor_page).press("Enter")
    expect(rows(visitor_page, "sending")).to_have_count(1)
    other = visitor_page.context.new_page()  # the same visitor, in another tab
    open_panel(other)
    say(other, "Two")
    expect(rows(visitor_page, "sent").locator("[data-part=body]")).to_have_text(["One", "Two"])
    assert lost


def test_who_is_no_longer_who_they_were_starts_anew(visitor_page: Page) -> None:
    lines: list[WebSocketRoute] = []

    def remembered(line: WebSocketRoute) -> None:
        lines.append(line)
        faithful(line, [])

    visitor_page.route_web_socket(LINE, remembered)
    open_panel(visitor_page)
    say(visitor_page, "Is anybody there?")
    field(visitor_page).fill("Half a question")
    lines[0].close(code=4401)
    expect(panel(visitor_page)).to_have_count(0)
    expect(visitor_page.locator("consult-widget")).to_have_attribute("data-connection", "idle")
    expect_nothing_kept(visitor_page)


def test_signing_out_leaves_nothing_behind(visitor_page: Page) -> None:
    sign_in(visitor_page)
    open_panel(visitor_page)
    say(visitor_page, "A secret question")
    field(visitor_page).fill("Half a secret")
    visitor_page.get_by_role("button", name="Sign out").click()
    expect(panel(visitor_page)).to_have_count(0)
    expect(visitor_page.locator("consult-widget[data-connection=idle]")).to_have_count(1)
    expect_nothing_kept(visitor_page)
    label(visitor_page).click()
    expect(visitor_page.locator("consult-widget")).to_have_attribute("data-connection", "online")
    expect(rows(visitor_page)).to_have_count(0)
    expect(field(visitor_page)).to_have_value("")


def test_signing_out_empties_the_other_tabs_too(visitor_page: Page) -> None:
    sign_in(visitor_page)
    other = visitor_page.context.new_page()
    open_panel(other)
    say(other, "A secret question")
    visitor_page.get_by_role("button", name="Sign out").click()
    expect(panel(other)).to_have_count(0)
    expect_nothing_kept(other)


def test_a_tab_that_slept_meanwhile_shows_the_next_person_nothing(visitor_page: Page) -> None:
    sign_in(visitor_page)
    asleep = visitor_page.context.new_page()
    open_panel(asleep)
    field(asleep).fill("Half a secret")
    asleep.goto("/admin/login/")  # where no widget hears of what happens in other tabs
    visitor_page.get_by_role("button", name="Sign out").click()
    expect(visitor_page.get_by_role("link", name="Sign in")).to_be_visible()
    expect_nothing_kept(visitor_page)
    open_panel(visitor_page)
    asleep.goto("/")
    label(asleep).click()
    expect(asleep.locator("consult-widget")).to_have_attribute("data-connection", "online")
    expect(field(asleep)).to_have_value("")


def test_what_is_not_the_widget_s_stays(visitor_page: Page) -> None:
    """An operator's unsent answers, say, who looks at the shop in the same tab."""
    open_panel(visitor_page)
    field(visitor_page).fill("Half a secret")
    visitor_page.evaluate("sessionStorage.setItem('consult-desk-5-draft-x', 'Dear Vera')")
    visitor_page.context.clear_cookies()
    visitor_page.reload()
    expect_nothing_kept(visitor_page, besides="consult-desk-5-draft-x")
    assert visitor_page.evaluate("Object.keys(sessionStorage)") == ["consult-desk-5-draft-x"]


def test_a_customer_finds_the_conversation_on_another_device(visitor_page: Page) -> None:
    sign_in(visitor_page)
    open_panel(visitor_page)
    words = f"Asked from the sofa, {uuid4()}"
    say(visitor_page, words)
    assert visitor_page.context.browser
    with visitor_page.context.browser.new_context(base_url=origin(visitor_page)) as elsewhere:
        phone = elsewhere.new_page()
        sign_in(phone)
        open_panel(phone)
        expect(rows(phone).filter(has_text=words)).to_have_count(1)


def sign_in(page: Page) -> None:
    page.goto("/accounts/login/")
    page.fill("[name=username]", "anna")
    page.fill("[name=password]", "consult")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def deaf(line: WebSocketRoute, names: list[str]) -> None:
    """A line on which everything arrives and no message comes back: the acknowledgement is lost."""
    server = line.connect_to_server()
    line.on_message(lambda text: server.send(noted(text, names)))
    server.on_message(lambda text: None if json.loads(text)["type"] == "message" else line.send(text))


def faithful(line: WebSocketRoute, names: list[str]) -> None:
    server = line.connect_to_server()
    line.on_message(lambda text: server.send(noted(text, names)))
    server.on_message(line.send)


def strict(line: WebSocketRoute, refusals: list[str], **more: Any) -> None:
    """A line on which the first messages are refused for these reasons."""
    server = line.connect_to_server()

    def judge(text: str | bytes) -> None:
        frame = json.loads(text)
        if frame["type"] == "say" and refusals:
            refusal = {"type": "refused", "of": "say", "client_id": frame["client_id"], "reason": refusals.pop(0)}
            line.send(json.dumps(refusal | more))
        else:
            server.send(text)

    line.on_message(judge)
    server.on_message(line.send)


def noted(text: str | bytes, names: list[str]) -> str | bytes:
    """The frame as it is; if it says something, its name is added to ``names``."""
    frame = json.loads(text)
    if frame["type"] == "say":
        names.append(frame["client_id"])
    return text


def expect_nothing_kept(page: Page, *, besides: str = "") -> None:
    """Whatever the widget remembers has gone, as soon as it has asked who this is."""
    page.evaluate(
        """(besides) => new Promise((gone, kept) => {
            const all = () => [localStorage, sessionStorage].flatMap(Object.keys);
            const others = [besides, "consult-visits"]; // how often this browser was invited, whoever sat at it
            const ours = () => all().filter((key) => key.startsWith("consult") && !others.includes(key));
            setTimeout(() => kept(new Error(`Still kept: ${ours()}`)), 5000);
            const look = () => (ours().length ? requestAnimationFrame(look) : gone());
            look();
        })""",
        besides,
    )
