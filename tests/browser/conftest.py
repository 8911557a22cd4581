"""A visitor and an operator, each with a browser of their own, in the demo."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.browser.people import Operator
from tests.demo import Demo


@pytest.fixture
def visitor_page(browser: Browser, demo: Demo) -> Iterator[Page]:
    """A page of somebody who was never here. Whatever it complains of, a refused script included, fails the test."""
    with browser.new_context(base_url=demo.url, locale="en-GB") as context:
        page = context.new_page()
        complaints = listening(page)
        yield page
    assert complaints == []


@pytest.fixture
def operator_context(browser: Browser, demo: Demo) -> Iterator[BrowserContext]:
    """The browser of the demo's account "operator", signed in."""
    with browser.new_context(base_url=demo.url, locale="en-GB") as context:
        page = context.new_page()
        page.goto("/admin/login/?next=/consult/contact/")
        page.fill("[name=username]", "operator")
        page.fill("[name=password]", "consult")
        page.click("[type=submit]")
        page.wait_for_url("**/consult/contact/")
        page.close()
        yield context


@pytest.fixture
def operator_page(operator_context: BrowserContext) -> Page:
    """A page of the operator's."""
    return operator_context.new_page()


@pytest.fixture
def operator(operator_page: Page) -> Operator:
    """The operator as the visitor notices them: words, not the desk that they come from."""
    return Operator(operator_page)


def listening(page: Page) -> list[str]:
    """What the page writes to its console as an error, from now on."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # A line that is cut is the network's complaint, not the page's.
        if message.type == "error" and "WebSocket connection" not in message.text and "net::ERR" not in message.text:
            complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints
