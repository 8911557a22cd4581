"""An invitation is friendly: it disturbs nobody, covers nothing, and takes no for an answer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, StorageState, ViewportSize, expect

from tests.browser.conftest import listening
from tests.browser.people import label, open_panel, panel, say
from tests.browser.test_triggers import visit
from tests.browser.test_widget_access import PRODUCT, Scheme, gap, touching
from tests.demo import Demo

TEXT = "Good morning! Shall we look at the Heron together?"
SHOWN = 20_000  # ms
SOON = 200  # ms after which all is in its place
GREET = """async (text) => {
    const widget = document.querySelector("consult-widget");
    await import(widget.dataset.invitation);
    const bubble = document.createElement("consult-invitation");
    widget.told = [];
    for (const deed of ["accept", "dismiss", "fold"]) {
        bubble.addEventListener(`consult:${deed}`, () => widget.told.push(deed));
    }
    widget.append(bubble);
    bubble.say(text, { invitation: "Invitation", accept: "Start chat", decline: "No, thanks" });
}"""


def greet(page: Page, text: str = TEXT) -> None:
    """Show a greeting as a rule would, without waiting for one."""
    page.evaluate(GREET, text)
    expect(page.locator("consult-invitation section:not([hidden])")).to_be_attached()


def bubble(page: Page) -> Locator:
    return page.get_by_role("region", name="Invitation")


def told(page: Page) -> list[str]:
    """What the widget has heard of the invitation."""
    heard: list[str] = page.locator("consult-widget").evaluate("(widget) => widget.told")
    return heard


@pytest.fixture
def window(browser: Browser, demo: Demo) -> Iterator[Callable[..., Page]]:
    """A window of somebody new: ``window(width=390, height=844)``."""
    contexts: list[BrowserContext] = []
    complaints: list[list[str]] = []

    def opened(width: int = 1280, height: int = 800, **more: Any) -> Page:
        screen = ViewportSize(width=width, height=height)
        context = browser.new_context(base_url=demo.url, viewport=screen, reduced_motion="reduce", **more)
        contexts.append(context)
        page = context.new_page()
        complaints.append(listening(page))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not [words for heard in complaints for words in heard]


# Whom it leaves in peace. The demo's own rule invites whoever looks at a lamp for 25 seconds.


def linger(*pages: Page, address: str = PRODUCT) -> None:
    """Stay on a page until its rules have had their time."""
    for page in pages:
        visit(page, address)
    pages[0].clock.run_for(30_000)  # it is the clock of all tabs


def is_over(page: Page) -> None:
    """The rules have had their time once more, and nobody was invited."""
    page.clock.run_for(60_000)
    page.evaluate(AS_LONG)  # as it would take to invite
    expect(page.locator("consult-invitation")).to_have_count(0)


AS_LONG = """async () => {
    const { dataset } = document.querySelector("consult-widget");
    for (const module of [dataset.offer, dataset.invitation]) await import(module);
    for (const answer of [dataset.me, `${dataset.me}?fits`]) await fetch(answer);
}"""


def always_yes(context: BrowserContext) -> list[str]:
    """A server that forgets everything. Gives what it is told."""
    heard: list[str] = []

    def answer(route: Route) -> None:
        heard.append(json.loads(route.request.post_data or "")["event"])
        route.fulfill(json={"show": heard[-1] == "show", "quiet": {}, "linked": False})

    context.route("**/consult/invite/", answer)
    return heard


def test_a_no_holds_over_reload_and_in_other_tabs(window: Callable[..., Page]) -> None:
    page = window()
    page.clock.install()
    heard = always_yes(page.context)
    tab = page.context.new_page()
    linger(page, tab)
    expect(bubble(page)).to_be_visible()
    expect(bubble(tab)).to_be_visible()
    bubble(page).get_by_role("button", name="No, thanks").click()
    expect(bubble(page)).to_have_count(0)
    expect(bubble(tab)).to_have_count(0)
    linger(page, tab)
    is_over(page)
    is_over(tab)
    assert [event for event in heard if event != "here"] == ["show", "show", "dismissed"]
    assert page.context.cookies() == []
    assert page.evaluate("Object.keys(localStorage)") == ["consult-visits"]


def test_a_no_holds_on_another_device_once_it_is_known_whose_it_is(
    window: Callable[..., Page], demo: Demo, signed_in: Callable[[str], StorageState]
) -> None:
    state = signed_in("colleague")
    page = window(storage_state=state)
    page.clock.install()
    linger(page)
    with page.expect_response("**/consult/invite/"):
        bubble(page).get_by_role("button", name="No, thanks").click()
    with closing(sqlite3.connect(demo.database, timeout=20)) as database, database:
        ago = "datetime('now', '-9 days')"
        row = "ORDER BY id DESC LIMIT 1"
        database.execute(
            f"UPDATE consult_exposure SET shown_at = {ago}, dismissed_at = {ago}"  # noqa: S608  of our own making
            f" WHERE id = (SELECT id FROM consult_exposure WHERE dismissed_at IS NOT NULL {row})"
        )
    for known, invited in ((None, 1), (state, 0)):
        other = window(storage_state=known)
        other.clock.install()
        linger(other)
        expect(bubble(other)).to_have_count(invited)


def test_who_accepts_talks_and_is_not_invited_again(window: Callable[..., Page]) -> None:
    page = window()
    page.clock.install()
    linger(page)
    bubble(page).get_by_role("button", name="Start chat").click()
    expect(panel(page)).to_be_visible()
    expect(bubble(page)).to_have_count(0)
    panel(page).get_by_role("button", name="Close", exact=True).click()
    expect(panel(page)).to_have_count(0)
    is_over(page)
    expect(panel(page)).to_have_count(0)


def test_who_is_in_conversation_is_not_invited(window: Callable[..., Page]) -> None:
    page = window()
    open_panel(page, "/delivery/")
    say(page, "Do you deliver on Saturdays?")
    panel(page).get_by_role("button", name="Close", exact=True).click()
    page.clock.install()
    linger(page)
    is_over(page)


def test_once_in_a_visit_is_enough(window: Callable[..., Page]) -> None:
    page = window()
    page.clock.install()
    linger(page)
    expect(bubble(page)).to_be_visible()
    page.clock.run_for(SHOWN)
    expect(bubble(page)).to_have_count(0)
    linger(page, address="/lamps/moth/")
    is_over(page)


# How it behaves


def test_it_is_announced_and_takes_no_focus(window: Callable[..., Page]) -> None:
    page = window()
    page.goto(PRODUCT)
    quantity = page.get_by_label("Quantity")
    quantity.focus()
    greet(page)
    expect(bubble(page).get_by_role("status")).to_have_text(TEXT)
    expect(quantity).to_be_focused()
    expect(bubble(page).get_by_role("button")).to_have_text(["Start chat", "No, thanks"])
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.localName") == "consult-invitation":
            break
    expect(bubble(page).get_by_role("button", name="Start chat")).to_be_focused()
    page.keyboard.press("Escape")
    expect(bubble(page)).to_have_count(0)
    expect(label(page)).to_be_focused()
    assert told(page) == ["dismiss"]


@pytest.mark.parametrize(("button", "heard"), [("Start chat", "accept"), ("No, thanks", "dismiss")])
def test_each_button_says_what_it_does(window: Callable[..., Page], button: str, heard: str) -> None:
    page = window()
    page.goto(PRODUCT)
    greet(page)
    bubble(page).get_by_role("button", name=button).click()
    expect(bubble(page)).to_have_count(0)
    assert told(page) == [heard]


def test_left_alone_it_folds_but_not_from_under_the_hand(window: Callable[..., Page]) -> None:
    page = window()
    page.clock.install()
    page.goto(PRODUCT)
    greet(page)
    page.clock.run_for(SOON)
    expect(bubble(page)).to_be_visible()
    bubble(page).hover()
    page.clock.run_for(2 * SHOWN)
    expect(bubble(page)).to_be_visible()
    page.mouse.move(10, 10)
    page.clock.run_for(SHOWN - 1_000)
    expect(bubble(page)).to_be_visible()
    page.clock.run_for(2_000)
    expect(bubble(page)).to_have_count(0)
    assert told(page) == ["fold"]
    expect(label(page)).to_be_visible()


# Where it stands


@pytest.mark.parametrize(("width", "height"), [(390, 844), (320, 568)])
def test_it_covers_nothing_that_one_buys_by(window: Callable[..., Page], width: int, height: int) -> None:
    page = window(width, height)
    page.clock.install()
    page.goto(PRODUCT)
    greet(page)
    page.clock.run_for(SOON)
    expect(page.locator("consult-invitation[data-shown]")).to_be_attached()
    names = ("Add to basket", "Ask about this")
    buying = [*(page.get_by_role("button", name=name) for name in names), page.get_by_label("Quantity"), label(page)]
    for place in range(0, 360, 60):
        page.evaluate(SCROLL, place)
        page.clock.run_for(SOON)
        if bubble(page).count():  # or it is folded
            assert not [one for one in buying if touching(bubble(page), one)], place
            expect(bubble(page)).to_be_in_viewport(ratio=1)


SCROLL = """(place) => new Promise((scrolled) => {
    const before = scrollY;
    addEventListener("scroll", scrolled, { once: true });
    scrollTo({ top: place, behavior: "instant" });
    if (scrollY === before) scrolled();
})"""


def test_where_there_is_no_room_a_dot_says_so(window: Callable[..., Page]) -> None:
    page = window(390, 844)
    page.goto(PRODUCT)
    page.evaluate(
        """() => {
            const grid = document.createElement("form");
            Object.assign(grid.style, { position: "absolute", inset: 0, display: "grid" });
            grid.append(...Array.from({ length: 12 }, () => document.createElement("button")));
            document.body.append(grid);
        }"""
    )
    greet(page)
    expect(page.locator("consult-invitation")).to_have_attribute("data-folded", "")
    expect(bubble(page)).to_have_count(0)
    page.locator("form").last.evaluate("(grid) => grid.remove()")
    page.mouse.wheel(0, 10)
    expect(bubble(page)).to_be_visible()


def test_nothing_on_the_page_moves(window: Callable[..., Page]) -> None:
    page = window(390, 844)
    page.goto(PRODUCT)
    page.evaluate(
        """() => {
            document.shifts = [];
            const seen = (list) => document.shifts.push(...list.getEntries().map((one) => one.value));
            new PerformanceObserver(seen).observe({ type: "layout-shift", buffered: true });
        }"""
    )
    greet(page)
    expect(bubble(page)).to_be_visible()
    bubble(page).get_by_role("button", name="No, thanks").click()
    expect(bubble(page)).to_have_count(0)
    assert page.evaluate("document.shifts") == []


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(window: Callable[..., Page], scheme: Scheme, direction: str) -> None:
    page = window(color_scheme=scheme, bypass_csp=True)  # axe writes styles of its own
    page.goto(PRODUCT)
    page.evaluate("(direction) => (document.documentElement.dir = direction)", direction)
    greet(page, "Donaudampfschifffahrtsgesellschaftskapitän? " * 6)
    expect(bubble(page)).to_be_visible()
    faults = Axe().run(page, context="consult-widget").response["violations"]
    assert [(fault["id"], [node["target"] for node in fault["nodes"]]) for fault in faults] == []
    box = bubble(page).bounding_box()
    assert box
    assert box["width"] == 280
    assert gap(bubble(page), "start" if direction == "rtl" else "end") == 16
    for button in bubble(page).get_by_role("button").all():
        size = button.bounding_box()
        assert size
        assert min(size["width"], size["height"]) >= 24
    assert bubble(page).evaluate("(box) => box.scrollWidth <= box.clientWidth")
