"""Everybody can use it: by keyboard, by ear, on a phone, enlarged, without scripts."""

from __future__ import annotations

import os
import re
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.people import Operator, field, label, open_panel, panel, rows, say
from tests.demo import Demo
from tests.faults.machines import program

PRODUCT = "/lamps/heron/"
Scheme = Literal["light", "dark"]


def test_the_label_opens_and_never_closes(visitor_page: Page) -> None:
    visitor_page.goto("/")
    label(visitor_page).focus()
    visitor_page.keyboard.press("Enter")
    expect(field(visitor_page)).to_be_focused()
    expect(label(visitor_page)).to_have_attribute("aria-expanded", "true")
    label(visitor_page).click()
    expect(panel(visitor_page)).to_be_visible()
    expect(field(visitor_page)).to_be_focused()


def test_escape_closes_and_gives_the_focus_back(visitor_page: Page) -> None:
    open_panel(visitor_page)
    visitor_page.keyboard.press("Escape")
    expect(panel(visitor_page)).to_have_count(0)
    expect(label(visitor_page)).to_be_focused()
    expect(label(visitor_page)).to_have_attribute("aria-expanded", "false")


def test_the_shop_s_own_button_opens_and_gets_the_focus_back(visitor_page: Page) -> None:
    visitor_page.goto(PRODUCT)
    opener = visitor_page.get_by_role("button", name="Ask about this")
    opener.click()
    expect(field(visitor_page)).to_be_focused()
    panel(visitor_page).get_by_role("button", name="Close", exact=True).click()
    expect(opener).to_be_focused()


def test_enter_sends_shift_enter_does_not_and_neither_does_composing(visitor_page: Page) -> None:
    open_panel(visitor_page)
    visitor_page.keyboard.type("One")
    visitor_page.keyboard.press("Shift+Enter")
    visitor_page.keyboard.type("Two")
    field(visitor_page).dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(field(visitor_page)).to_have_value("One\nTwo")
    expect(rows(visitor_page)).to_have_count(0)
    visitor_page.keyboard.press("Enter")
    expect(rows(visitor_page, "sent").locator("[data-part=body]")).to_have_text("One\nTwo", use_inner_text=True)
    expect(field(visitor_page)).to_have_value("")


def test_the_log_can_be_read_and_scrolled_by_keyboard(visitor_page: Page) -> None:
    open_panel(visitor_page)
    say(visitor_page, "One")
    visitor_page.get_by_role("button", name="No, thanks").click()
    visitor_page.keyboard.press("Shift+Tab")
    expect(visitor_page.get_by_role("log", name="Conversation")).to_be_focused()
    expect(visitor_page.get_by_role("log").get_by_role("listitem")).to_contain_text("You")


def test_on_a_phone_the_panel_is_the_screen(phone: Page) -> None:
    open_panel(phone)
    assert panel(phone).bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    expect(panel(phone)).to_have_attribute("aria-modal", "true")
    expect(phone.get_by_role("heading", name="Consultation")).to_be_focused()
    behind = phone.get_by_role("link", name="Delivery")
    behind.focus()
    expect(behind).not_to_be_focused()
    say(phone, "From the tram")
    panel(phone).get_by_role("button", name="Close", exact=True).tap()
    behind.focus()
    expect(behind).to_be_focused()


def test_on_a_phone_it_never_opens_by_itself(phone: Page) -> None:
    open_panel(phone)
    say(phone, "From the tram")
    phone.goto("/delivery/")
    expect(phone.locator("consult-widget")).to_have_attribute("data-connection", "online")
    expect(panel(phone)).to_have_count(0)


def test_on_a_phone_the_label_covers_none_of_the_shop_s_buttons(phone: Page) -> None:
    phone.goto(PRODUCT)
    add = phone.get_by_role("button", name="Add to basket")
    expect(add).to_be_visible()
    expect(label(phone)).to_be_visible()
    for place in ("0", "document.body.scrollHeight"):
        phone.evaluate(f"window.scrollTo(0, {place})")
        assert not touching(label(phone), add)


@pytest.mark.parametrize(("width", "height"), [(320, 640), (640, 360)], ids=["a narrow phone", "200 % of 1280 × 720"])
def test_enlarged_nothing_is_cut_off(browser: Browser, demo: Demo, width: int, height: int) -> None:
    with browser.new_context(base_url=demo.url, viewport={"width": width, "height": height}) as context:
        page = context.new_page()
        open_panel(page)
        say(page, "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 4)
        assert panel(page).evaluate("(dialog) => dialog.scrollWidth <= dialog.clientWidth")
        assert page.get_by_role("log").evaluate("(log) => log.scrollWidth <= log.clientWidth")
        for one in (field(page), page.get_by_role("button", name="Send"), page.get_by_role("button", name="Close")):
            expect(one).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, demo: Demo, operator: Operator, scheme: Scheme, direction: str) -> None:
    with browser.new_context(base_url=demo.url, color_scheme=scheme, reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto("/")
        page.evaluate("(direction) => (document.documentElement.dir = direction)", direction)
        expect(label(page)).to_have_attribute("aria-description", re.compile("body is here"))
        assert found(page) == []
        label(page).click()
        panel(page).evaluate("(dialog, direction) => (dialog.dir = direction)", direction)
        expect(page.locator("consult-widget")).to_have_attribute("data-connection", "online")
        assert found(page) == []
        conversation = say(page, "Which lamp for https://shop.test/a?")
        operator.say(conversation, "The Heron.")
        expect(rows(page)).to_have_count(2)
        field(page).fill("a" * 4001)
        field(page).press("Enter")
        expect(page.get_by_role("alert").filter(has_text="It is longer than")).to_be_visible()
        page.get_by_text("How can we reach you").click()
        assert found(page) == []
        assert gap(panel(page), "start" if direction == "rtl" else "end") == 16


@pytest.mark.parametrize("forced", [False, True], ids=["own colours", "forced colours"])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("side", ["start", "end"])
def test_label_and_panel_keep_to_their_side(
    browser: Browser,
    demo: Demo,
    side: str,
    direction: str,
    forced: bool,  # noqa: FBT001
) -> None:
    """The side is LABEL_SIDE's; what start and end are is the language's."""
    colours: Literal["active", "none"] = "active" if forced else "none"
    with browser.new_context(base_url=demo.url, forced_colors=colours, reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto("/")
        page.evaluate("(direction) => (document.documentElement.dir = direction)", direction)
        widget = page.locator("consult-widget")
        widget.evaluate("(widget, side) => (widget.dataset.side = side)", side)
        on_the_left = (side == "start") == (direction == "ltr")
        beside, across = ("start", "end") if on_the_left else ("end", "start")
        assert gap(label(page), beside) < 40 < gap(label(page), across)
        label(page).click()
        panel(page).evaluate("(dialog, direction) => (dialog.dir = direction)", direction)
        expect(widget).to_have_attribute("data-connection", "online")
        assert gap(panel(page), beside) == 16 < gap(panel(page), across)
        say(page, "long" * 200)
        assert panel(page).evaluate("(dialog) => dialog.scrollWidth <= dialog.clientWidth")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert found(page) == []


def test_without_scripts_one_asks_on_a_page(browser: Browser, demo: Demo) -> None:
    with browser.new_context(base_url=demo.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_role("link", name="Ask a consultant", exact=True).click()
        page.get_by_role("textbox", name="Your question", exact=True).fill("Is the Heron heavy?")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("Is the Heron heavy?")).to_be_visible()


def test_a_page_comes_back_from_the_back_forward_cache_with_its_panel(browser: Browser, demo: Demo) -> None:
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    keeping = browser.browser_type.launch(
        executable_path=program("chromium", "chromium"),
        args=["--disable-gpu", *root],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    page = keeping.new_page(base_url=demo.url)
    open_panel(page)
    say(page, "Before I go")
    page.evaluate("addEventListener('pageshow', ({persisted}) => (document.title = `persisted ${persisted}`))")
    page.goto("/delivery/")
    page.go_back(wait_until="commit")  # a page that comes back does not load
    expect(page).to_have_title("persisted true")
    expect(panel(page)).to_be_visible()
    expect(page.locator("consult-widget")).to_have_attribute("data-connection", "online")
    say(page, "And back again")
    keeping.close()


def found(page: Page) -> list[tuple[str, Any]]:
    """What axe finds in the widget, and where."""
    results = Axe().run(page, context="consult-widget")
    return [(fault["id"], [node["target"] for node in fault["nodes"]]) for fault in results.response["violations"]]


def gap(box: Locator, side: str) -> float:
    """How far the box is from this side of the window, counted from the left."""
    found = box.evaluate("(box) => [box.getBoundingClientRect().left, innerWidth - box.getBoundingClientRect().right]")
    start, end = map(float, found)
    return start if side == "start" else end


def touching(one: Locator, other: Locator) -> bool:
    a, b = one.bounding_box(), other.bounding_box()
    assert a
    assert b
    apart_across = a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
    apart_down = a["y"] + a["height"] <= b["y"] or b["y"] + b["height"] <= a["y"]
    return not (apart_across or apart_down)
