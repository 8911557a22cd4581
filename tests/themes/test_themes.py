"""The desk in the clothes of other admins, by day and by night."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import listening
from tests.browser.people import DESK, sit_down
from tests.demo import Demo

THEMES = ["stock", "unfold", "jazzmin", "grappelli"]

# What is wrong with the controls that one can see: too small, cut off, or under something else.
FLAWS = """(root) => [...root.querySelectorAll("a[href], button, input, select, textarea, summary")]
  .filter((control) => control.checkVisibility({ visibilityProperty: true }) && !control.matches("[type=hidden]"))
  .flatMap((control) => {
    control.scrollIntoView({ block: "nearest" });
    const box = control.getBoundingClientRect();
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const label = control.closest("label");
    const seen = control.contains(top) || top?.contains(control) || (label && label === top?.closest("label"));
    const flaws = [];
    if (box.width < 12 || box.height < 12) flaws.push("small");
    if (!seen || !root.contains(top)) flaws.push(`under ${top?.outerHTML.slice(0, 80)}`);
    if (control.localName === "button" && control.scrollWidth > control.clientWidth + 1) flaws.push("cut off");
    if (parseFloat(getComputedStyle(control).fontSize) < 11) flaws.push("tiny letters");
    return flaws.map((flaw) => `${flaw}: ${control.outerHTML.slice(0, 120)}`);
  })"""

LIGHTNESS = """(element) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  canvas.fillStyle = getComputedStyle(element).backgroundColor;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
  return (red + green + blue) / 3 / 255;
}"""


@pytest.fixture(scope="module", params=THEMES)
def dressed(request: pytest.FixtureRequest) -> Iterator[Demo]:
    """The demo with its admin in one theme."""
    with Demo(DJANGO_SETTINGS_MODULE="tests.themes.settings", THEME=request.param) as demo:
        yield demo


@pytest.fixture(params=["light", "dark"])
def manager(request: pytest.FixtureRequest, browser: Browser, dressed: Demo) -> Iterator[Page]:
    """A page of the manager's, at the desk. Whatever it complains of fails the test."""
    with browser.new_context(base_url=dressed.url, locale="en-GB", color_scheme=request.param) as context:
        page = context.new_page()
        complaints = listening(page)
        page.goto(f"/admin/login/?next={DESK}")
        page.fill("[name=username]", "manager")
        page.fill("[name=password]", "consult")
        page.click("[type=submit]")
        sit_down(page)
        yield page
    assert complaints == []


def test_the_desk_is_whole_and_legible(manager: Page) -> None:
    desk = manager.locator("consult-desk")
    assert (desk.evaluate(LIGHTNESS) < 0.5) == manager.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    manager.get_by_role("list", name="Conversations").get_by_role("link").first.click()
    expect(manager.get_by_role("log", name="Conversation").get_by_role("listitem").first).to_be_visible()
    expect(manager.locator("consult-aside").get_by_role("link", name="New order")).to_be_visible()
    box = desk.bounding_box()
    assert box is not None
    assert box["height"] >= 416
    assert box["y"] + box["height"] <= 720  # of the window: nothing has to be scrolled to
    assert flaws(desk) == []

    for name, part in {"Keyboard": "consult-keys dialog", "Filter": "consult-find", "Alerts": "consult-alert"}.items():
        desk.get_by_role("button", name=name, exact=True).or_(desk.locator(f"summary[aria-label={name}]")).click()
        assert flaws(desk.locator(part)) == []
        manager.keyboard.press("Escape")

    desk.get_by_role("button", name="Note", exact=True).click()
    assert flaws(desk.locator("consult-answer")) == []
    desk.get_by_role("button", name="Answer", exact=True).click()
    desk.get_by_role("button", name="Take", exact=True).click()
    desk.get_by_role("button", name="Hand over").click()
    dialog = desk.get_by_role("dialog", name="Hand over")
    expect(dialog.get_by_label("Colleague")).to_be_visible()
    assert flaws(dialog) == []
    dialog.get_by_role("button", name="Cancel").click()
    desk.get_by_role("button", name="Release").click()
    expect(desk.get_by_role("button", name="Undo")).to_be_visible()
    assert flaws(desk.locator("consult-thread")) == []


def test_what_was_said_and_what_was_ordered(manager: Page) -> None:
    manager.goto("/admin/consult/conversation/")
    found = manager.get_by_role("main").or_(manager.locator("#grp-content, #content, .app-main")).first
    found.get_by_role("link", name="Jonas Weber").first.click()
    expect(manager.get_by_text("Olga Berg").first).to_be_visible()

    manager.goto(DESK)
    manager.get_by_role("list", name="Conversations").get_by_role("link").first.click()
    with manager.expect_popup() as opened:
        manager.get_by_role("link", name="New order").click()
    order = opened.value
    complaints = listening(order)
    order.wait_for_load_state()
    for tab in order.get_by_role("tab", name="General").all():  # jazzmin's
        tab.click()
    for name in ("name", "email", "phone"):
        expect(order.locator(f"[name={name}]")).to_be_visible()
    expect(order.locator("[name=_save]").first).to_be_visible()
    assert complaints == []


def test_a_rule_is_made_and_stands_in_the_list(manager: Page) -> None:
    name = f"Around the lamps {uuid4().hex[:6]}"
    manager.goto("/admin/consult/rule/")
    manager.locator("a[href^='/admin/consult/rule/add/']:visible").last.click()
    manager.locator("[name=name]").fill(name)
    expect(manager.locator("[name=greetings-0-text]")).to_have_value(re.compile("photos"))
    expect(manager.locator("output").first).to_have_text(re.compile("^Good day!"))
    manager.locator("[name=_save]").first.click()
    expect(manager.get_by_role("row").filter(has_text=name)).to_contain_text("after 25 seconds and 3 pages: invites")
    manager.get_by_role("link", name="Try the rules").click()
    expect(manager.get_by_role("link", name=name)).to_be_visible()


@pytest.mark.parametrize(
    ("address", "row", "tables"), [("rule/results/", "An order followed", 3), ("report/", "Olga Berg", 1)]
)
def test_reports_can_be_read(manager: Page, address: str, row: str, tables: int) -> None:
    manager.goto(f"/admin/consult/{address}")
    results = manager.locator(".consult-results")
    expect(results.get_by_role("row", name=row)).to_have_count(tables)
    assert results.evaluate(FLAWS) == []
    found = Axe().run(manager, context=".consult-results").response["violations"]
    assert [(one["id"], node["html"][:160]) for one in found for node in one["nodes"]] == []
    manager.set_viewport_size({"width": 390, "height": 844})
    assert manager.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_schedule_is_filled_in_and_says_what_is_wrong(manager: Page) -> None:
    manager.goto("/admin/consult/schedule/")
    expect(manager.locator(".consult-status")).to_contain_text("The shop is always open.")
    found = Axe().run(manager, context=".consult-status").response["violations"]
    assert [(one["id"], node["html"][:160]) for one in found for node in one["nodes"]] == []
    for handle in manager.locator("[role=tab]:has-text('Opening hours'), #hours0.grp-closed h3").all():
        handle.click()  # jazzmin's, grappelli's
    days = manager.locator("#id_hours-0-weekdays input")
    expect(days).to_have_count(7)
    assert [day.is_checked() for day in days.all()] == [True] * 5 + [False] * 2
    assert days.first.bounding_box()["y"] == days.nth(3).bounding_box()["y"], "they lie in a line"  # type: ignore[index]
    for name in ("opens", "closes"):
        manager.locator(f"[name=hours-0-{name}]").fill("9:00")
    manager.locator("[name=_save]:visible").first.click()
    expect(manager.get_by_text("It closes when it opens.")).to_have_count(1)


def flaws(part: Locator) -> list[str]:
    """What somebody who looks at ``part`` can't see, read or press."""
    page = part.page
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)))")
    unlike = Axe().run(page, context="consult-desk", options={"runOnly": ["color-contrast"]}).response["violations"]
    pale = [f"pale: {node['html'][:160]} {node['any'][0]['message']}" for one in unlike for node in one["nodes"]]
    hidden: list[str] = part.evaluate(FLAWS)
    return [*hidden, *pale]
