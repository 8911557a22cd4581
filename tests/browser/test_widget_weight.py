"""What the widget costs a visitor who never talks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.browser.people import label
from tests.demo import Demo

WEIGHT = 7 * 1024  # bytes, compressed
REQUESTS = 3  # and one where display rules are on, as in the demo
PANEL_WEIGHT = 20 * 1024  # bytes more, compressed, for who engages
OPENING = 200  # ms


@pytest.mark.parametrize("address", ["/", "/lamps/heron/", "/delivery/"])
def test_before_engaging_it_loads_next_to_nothing(visitor_page: Page, address: str) -> None:
    asked: list[Request] = []
    visitor_page.on("request", lambda request: asked.append(request) if "/consult/" in request.url else None)
    settled(visitor_page, address)
    watched(visitor_page)
    assert len(asked) == REQUESTS + 1, [request.url for request in asked]
    assert 0 < sum(request.sizes()["responseBodySize"] for request in asked) <= WEIGHT


def test_in_no_language_it_loads_more(browser: Browser, demo: Demo) -> None:
    with browser.new_context(base_url=demo.url, locale="ru") as context:
        page = context.new_page()
        asked: list[Request] = []
        page.on("request", lambda request: asked.append(request) if "/consult/" in request.url else None)
        page.goto("/")
        watched(page)
        assert any("/boot/ru/" in request.url for request in asked)
        assert 0 < sum(request.sizes()["responseBodySize"] for request in asked) <= WEIGHT


def test_where_no_rules_are_on_it_asks_for_less_and_keeps_nothing(visitor_page: Page) -> None:
    def without_rules(route: Route) -> None:
        said = route.fetch().json()
        assert said.pop("rules")
        route.fulfill(json=said)

    asked: list[Request] = []
    visitor_page.on("request", lambda request: asked.append(request) if "/consult/" in request.url else None)
    visitor_page.route("**/consult/boot/**", without_rules)
    settled(visitor_page)
    visitor_page.goto("/delivery/")
    described(visitor_page)
    assert len({request.url for request in asked}) == REQUESTS
    assert visitor_page.evaluate("[localStorage, sessionStorage].flatMap(Object.keys)") == []


def test_before_engaging_only_the_visit_is_kept_and_nobody_is_called(visitor_page: Page) -> None:
    lines: list[str] = []
    visitor_page.on("websocket", lambda line: lines.append(line.url))
    settled(visitor_page)
    watched(visitor_page)
    assert visitor_page.context.cookies() == []
    assert visitor_page.evaluate("[localStorage, sessionStorage].flatMap(Object.keys)") == ["consult-visits"]
    kept = visitor_page.evaluate("Object.keys(JSON.parse(localStorage['consult-visits']))")
    assert set(kept) == {"visits", "pages", "site_s", "seen", "until", "referrer", "utm"}  # nobody's name
    assert lines == []
    # Coming near fetches files, and still does not engage.
    label(visitor_page).hover()
    visitor_page.evaluate("customElements.whenDefined('consult-panel').then(() => true)")
    assert visitor_page.context.cookies() == []
    assert lines == []
    # The premise: both are noticed when they happen.
    label(visitor_page).click()
    expect(visitor_page.locator("consult-widget")).to_have_attribute("data-connection", "online")
    assert [cookie["name"] for cookie in visitor_page.context.cookies()] == ["consult"]
    assert len(lines) == 1


def test_the_next_page_within_a_minute_asks_the_network_nothing(visitor_page: Page) -> None:
    settled(visitor_page)
    watched(visitor_page)
    visitor_page.goto("/delivery/")
    described(visitor_page)
    ours = """performance.getEntriesByType("resource").filter(({name}) => name.includes("/consult/"))"""
    assert visitor_page.evaluate(f"{ours}.length") > 0
    assert visitor_page.evaluate(f"{ours}.reduce((sum, {{transferSize}}) => sum + transferSize, 0)") == 0


def test_it_moves_nothing_on_the_page(visitor_page: Page) -> None:
    settled(visitor_page)
    label(visitor_page).click()
    expect(visitor_page.locator("consult-widget")).to_have_attribute("data-connection", "online")
    assert shift(visitor_page) == 0
    # The premise: what moves is measured.
    visitor_page.evaluate(
        """() => new Promise((measured, missed) => {
            setTimeout(() => missed(new Error("no shift was measured")), 5000);
            new PerformanceObserver(measured).observe({type: "layout-shift"});
            document.querySelector("main").before(Object.assign(document.createElement("p"), {textContent: "moved"}));
        })"""
    )
    assert shift(visitor_page) > 0


def test_the_panel_weighs_little_and_answers_soon(browser: Browser, demo: Demo) -> None:
    """The quickest of three first openings: a busy machine makes it slower, nothing makes it quicker."""
    assert min(engaging(browser, demo) for _ in range(3)) <= OPENING


def engaging(browser: Browser, demo: Demo) -> float:
    """How long the panel took to open for somebody new; what it loaded is weighed."""
    with browser.new_context(base_url=demo.url) as context:
        page = context.new_page()
        settled(page)
        watched(page)
        asked: list[Request] = []
        page.on("requestfinished", lambda request: asked.append(request))
        took = opening(page)
        expect(page.locator("consult-widget")).to_have_attribute("data-connection", "online")
        assert len(asked) >= 5  # the panel as a document, three scripts and a style sheet
        weight = sum(request.sizes()["responseBodySize"] for request in asked)
        assert 0 < weight <= PANEL_WEIGHT, [request.url for request in asked]
    return took


def opening(page: Page) -> float:
    """Milliseconds from pressing the label until there is a field to write in."""
    took: float = page.evaluate(
        """() => new Promise((opened) => {
            const began = performance.now();
            const look = () => {
                const root = document.querySelector("consult-widget").shadowRoot;
                const field = root?.querySelector("dialog[open] textarea");
                if (field) opened(performance.now() - began);
                else requestAnimationFrame(look);
            };
            document.querySelector("consult-widget .consult-label").click();
            look();
        })"""
    )
    return took


def settled(page: Page, address: str = "/") -> None:
    """A shop page on which the widget has done all it does by itself, with its layout shifts in document.shifts."""
    page.add_init_script(
        """document.shifts = [];
        new PerformanceObserver((list) => document.shifts.push(...list.getEntries()))
            .observe({type: "layout-shift", buffered: true});"""
    )
    page.goto(address)
    described(page)


def described(page: Page) -> None:
    """The answer of boot, the last thing that a page without rules asks for, has come."""
    expect(label(page)).to_have_attribute("aria-description", re.compile("body is here"))


def watched(page: Page) -> None:
    """The page is watched for a rule's moment, too."""
    page.evaluate(
        """() => new Promise((watched, missed) => {
            setTimeout(() => missed(new Error("nobody watches")), 15000);
            const look = () => (localStorage["consult-visits"] ? watched() : requestAnimationFrame(look));
            look();
        })"""
    )


def shift(page: Page) -> float:
    sum_: float = page.evaluate("document.shifts.reduce((sum, {value}) => sum + value, 0)")
    return sum_
