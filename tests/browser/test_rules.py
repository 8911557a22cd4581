"""The rules as a manager keeps them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from playwright.sync_api import Locator, Page, expect

RULES = "/admin/consult/rule/"


def test_a_rule_is_made_and_switched_off_by_keyboard(manager: Page) -> None:
    name = f"Around the lamps {uuid4().hex[:6]}"
    before = live(manager)
    manager.goto(f"{RULES}add/")
    expect(manager.get_by_role("textbox", name="Name:", exact=True)).to_be_focused()
    manager.keyboard.type(name)
    tab_to(manager.get_by_role("checkbox", name="Away"))
    manager.keyboard.press("Space")
    manager.keyboard.press("Enter")

    row = manager.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("on product pages, after 25 seconds and 3 pages: invites")
    [made] = [rule for rule in live(manager) if rule not in before]
    assert (made["kinds"], made["page_s"], made["pages"]) == (["product"], 25, 3)

    tab_to(row.get_by_role("checkbox", name=f"On: {name}"))
    manager.keyboard.press("Space")
    tab_to(manager.get_by_role("button", name="Save"))
    manager.keyboard.press("Enter")
    expect(manager.get_by_text("was changed successfully")).to_be_visible()
    assert live(manager) == before


def test_a_greeting_is_read_as_its_visitor_would(manager: Page) -> None:
    manager.goto(f"{RULES}add/")
    preview = manager.get_by_role("status").and_(manager.locator("output")).first
    expect(preview).to_have_text("Good day! Is there anything about Alder that the photos don't answer?")
    manager.get_by_role("textbox", name="Text").first.fill("{name|Stranger}, is {product|it} for {region|your home}?")
    expect(preview).to_have_text("Anna, is Alder for Bavaria?")
    manager.get_by_role("combobox", name="Product").select_option("Moth")
    manager.get_by_role("textbox", name="Name", exact=True).fill("")
    manager.get_by_role("textbox", name="Region", exact=True).fill("")
    expect(preview).to_have_text("Stranger, is Moth for your home?")


def test_a_row_that_is_dragged_takes_another_position(manager: Page) -> None:
    manager.goto(RULES)
    rows = manager.locator("consult-rule-order tr").filter(has=manager.locator(".consult-grip"))
    first, last = rows.first.get_by_role("link").inner_text(), rows.last.get_by_role("link").inner_text()
    positions = [field.input_value() for field in rows.get_by_role("spinbutton").all()]
    rows.first.locator(".consult-grip").hover()
    manager.mouse.down()
    rows.last.hover(force=True)
    manager.mouse.up()
    expect(rows.last.get_by_role("link")).to_have_text(first)
    expect(rows.last.get_by_role("spinbutton")).to_have_value(positions[-1])
    assert last != first
    assert [field.input_value() for field in rows.get_by_role("spinbutton").all()] == positions


def live(manager: Page) -> list[dict[str, Any]]:
    """The rules that visitors' browsers hear of now."""
    rules: list[dict[str, Any]] = manager.request.get("/consult/boot/en/").json().get("rules", [])
    return rules


def tab_to(control: Locator) -> None:
    """Go there by the keyboard, from wherever one is."""
    for _step in range(100):
        if control.evaluate("(one) => one === document.activeElement"):
            return
        control.page.keyboard.press("Tab")
    raise AssertionError("It can't be reached by the keyboard.")
