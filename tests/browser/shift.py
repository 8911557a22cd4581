"""A shift of eight hours at the desk, on a clock that is ours: what it costs the tab, and whether anything was missed.

The browser's time goes on in steps of 40 seconds, less than the silence after which a line counts as dead, and each
time only when something was heard; the server's goes on as ever. So all timers of eight hours run, with all the
frames of a busy street between them.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from playwright.sync_api import Browser, BrowserContext, WebSocket, expect

from tests.browser.street import Street
from tests.demo import Demo

DESK = "/admin/consult/desk/"
HOURS = 8
STEP = 40  # seconds of the browser's time
STEPS_AN_HOUR = 3600 // STEP
LOOKS_EVERY, ANSWERS_EVERY, CLOSES_EVERY = 5, 10, 30  # steps
RING = 20_000  # ms within which it rings
BREAKS = (2, 5)  # hours at whose end the line is cut
SETTLED = 60_000  # ms
# What the tab may hold more after eight hours than after one: the conversations kept for turning back quickly are
# twenty from the first hour on, but not the same ones, and each has up to fifty messages of some 700 bytes.
HEAP = 1024 * 1024  # bytes
NODES = 250  # fewer than one row forgotten each hour


# Notes when the desk heard that somebody waits, or no longer does, and when it rang, by the browser's clock.
WATCHING = """
    document.waited = {};
    document.rings = [];
    const hear = (row) => {
        if (row.gone) return;
        const waits = !row.closed && !row.operator;
        const known = document.waited[row.conversation];
        if (waits && !known) document.waited[row.conversation] = {from: Date.now(), until: null};
        if (!waits && known) known.until ??= Date.now();
    };
    addEventListener("consult:frame", ({detail: frame}) => {
        for (const row of frame.rows ?? (frame.row ? [frame.row] : [])) hear(row);
    }, true);
    const {start} = AudioScheduledSourceNode.prototype;
    AudioScheduledSourceNode.prototype.start = function (...when) {
        document.rings.push(Date.now());
        return start.apply(this, when);
    };
"""


class Cost(NamedTuple):
    """What the tab holds after the garbage was collected."""

    heap: int  # bytes
    nodes: int
    listeners: int


@dataclass
class Shift:
    """What came of it."""

    costs: list[Cost] = field(default_factory=list)
    """After each hour, with nothing open."""

    sockets: list[int] = field(default_factory=list)
    """How many were open after each hour."""

    shown: dict[str, Any] = field(default_factory=dict)
    truth: dict[str, Any] = field(default_factory=dict)
    """The list, the counts, the title and the open log: on the screen at last, and in the database."""

    unheard: list[str] = field(default_factory=list)
    """Conversations that waited for five seconds and more, and for which the desk did not ring."""

    waited: int = 0

    @property
    def grown(self) -> Cost:
        """What the tab holds more after the last hour than after the first."""
        first, last = self.costs[0], self.costs[-1]
        return Cost(*(late - early for early, late in zip(first, last, strict=True)))


class Hurried(Demo):
    """A demo in which eight hours' words and questions may come in a minute: what is measured is not the pacing."""

    def __init__(self) -> None:
        super().__init__(DJANGO_SETTINGS_MODULE="tests.faults.settings")

    def command(self) -> Sequence[str]:
        code = f"""
import django
django.setup()
from django.core.management import call_command
from consult.chat import socket
socket.ASK_EVERY = 0.0
call_command("demo", port={self.port})
"""
        return [sys.executable, "-c", code]


def work(browser: Browser, demo: Demo, deeds: int) -> Shift:
    """The operator's shift, while the people of the street do so many things."""
    shift = Shift()
    steps = HOURS * STEPS_AN_HOUR
    began = datetime.now(UTC)
    with Street(demo.url) as street, browser.new_context(base_url=demo.url, locale="en-GB") as context:
        operator = _Operator(context, street)
        for step in range(steps):
            street.go_on(deeds * (step + 1) // steps - deeds * step // steps)
            operator.work(step)
            hour, rest = divmod(step + 1, STEPS_AN_HOUR)
            if rest == 0:
                if hour in BREAKS:
                    operator.cut()
                shift.costs.append(operator.pause())
                shift.sockets.append(operator.sockets)
        operator.work(0)
        shift.truth, shift.shown = operator.sees(demo)
        waited = those_who_waited(demo, began)
        shift.waited = len(waited)
        shift.unheard = [one for one in waited if not operator.rang_for(one)]
    return shift


def truth(demo: Demo, own: str) -> dict[str, Any]:
    """What the operator should see, with their own conversation open."""
    waiting = "SELECT public_id FROM consult_conversation WHERE closed_at IS NULL AND operator_id IS NULL"
    mine = """
        SELECT c.waiting_since IS NOT NULL FROM consult_conversation c JOIN auth_user u ON u.id = c.operator_id
        WHERE c.closed_at IS NULL AND u.username = 'operator'
    """
    log = """
        SELECT m.seq, m.body FROM consult_message m JOIN consult_conversation c ON c.id = m.conversation_id
        WHERE c.public_id = ? AND m.kind = 'text' ORDER BY m.seq
    """
    with closing(sqlite3.connect(demo.database, timeout=20)) as database:
        urgency = "coalesce(due_at, waiting_since)"
        listed = [
            str(UUID(one)) for (one,) in database.execute(f"{waiting} ORDER BY {urgency} IS NULL, {urgency}, id")
        ]
        had = [waits for (waits,) in database.execute(mine)]
        return {
            "waiting": listed,
            "counts": [len(listed), len(had), 0],  # no calls to make
            "title": len(listed) + sum(had),
            "log": [list(line) for line in database.execute(log, [UUID(own).hex])],
        }


def those_who_waited(demo: Demo, since: datetime) -> list[str]:
    """The conversations opened since then that nobody took for five seconds and more: long enough to be heard of."""
    query = """
        SELECT c.public_id FROM consult_conversation c
        LEFT JOIN consult_take t ON t.id = (SELECT min(id) FROM consult_take WHERE conversation_id = c.id)
        WHERE c.opened_at >= ?
        AND (julianday(coalesce(t.began_at, 'now')) - julianday(c.opened_at)) * 86400 > 5
    """
    with closing(sqlite3.connect(demo.database, timeout=20)) as database:
        return [str(UUID(one)) for (one,) in database.execute(query, [f"{since:%Y-%m-%d %H:%M:%S}"])]


class _Operator:
    """Has one visitor after the other, and looks at what else there is."""

    def __init__(self, context: BrowserContext, street: Street) -> None:
        self.street = street
        self.context = context
        self.own = ""  # the conversation that is hers
        self.sockets = 0
        self.page = page = context.new_page()
        page.on("websocket", self._dialled)
        page.clock.install()
        page.add_init_script(WATCHING)
        page.goto(f"/admin/login/?next={DESK}")
        page.fill("[name=username]", "operator")
        page.fill("[name=password]", "consult")
        page.click("[type=submit]")
        self._online()
        page.get_by_role("switch", name="Available").click()
        self.devtools = context.new_cdp_session(page)
        self.devtools.send("Performance.enable")

    def work(self, step: int) -> None:
        """What happens in one step: Vera speaks, is answered now and then, and is one day content."""
        words = f"Line {step}"
        conversation = self.street.vera_says(words)
        if conversation != self.own:
            self.own = conversation
            self.page.locator(f'consult-rows a[href*="{conversation}"]').click()
        self._until("(words) => document.querySelector('consult-log ol').textContent.includes(words)", words)
        self.page.clock.run_for(STEP * 1000)
        if step % LOOKS_EVERY == 0:
            self._look_at_another()
        if step % ANSWERS_EVERY == 0:
            field = self.page.get_by_role("textbox", name="Your answer")
            field.fill(f"Answer {step}")
            field.press("Enter")
            self._until(
                "(words) => document.querySelector('consult-log ol').textContent.includes(words)", f"Answer {step}"
            )
        if step % CLOSES_EVERY == CLOSES_EVERY - 1:
            self._close()

    def cut(self) -> None:
        """The line is away for a minute."""
        self.context.set_offline(True)
        self._until("() => document.querySelector('consult-desk').dataset.connection !== 'online'")
        self.page.clock.run_for(60_000)
        self.context.set_offline(False)
        for _ in range(60):  # at first by HTTP, for the WebSockets it tried brought nothing
            self.page.clock.run_for(10_000)
            if self.sockets == 1:
                break
        self._online()

    def pause(self) -> Cost:
        """What the tab holds when nothing is open and nothing listed, the garbage collected."""
        self._close()
        self._go("?list=mine")
        self._until("() => document.querySelector('consult-rows:not([data-list=found])').dataset.list === 'mine'")
        self.page.clock.run_for(60_000)
        cost = self._cost()
        self._go("")
        self._until("() => document.querySelector('consult-rows:not([data-list=found])').dataset.list === 'waiting'")
        return cost

    def sees(self, demo: Demo) -> tuple[dict[str, Any], dict[str, Any]]:
        """The truth and what is on the screen: as soon as they are the same, and at the latest after a minute."""
        for _ in range(60):
            if truth(demo, self.own) == self.shown():
                break
            self.page.clock.run_for(1000)
            self.page.wait_for_timeout(100)
        return truth(demo, self.own), self.shown()

    def rang_for(self, conversation: str) -> bool:
        """Whether the desk heard of it, and rang while it waited. A sound may start a step late: its machinery is not
        on our clock.
        """
        rang: bool = self.page.evaluate(
            """([conversation, patience]) => {
                const {from, until} = document.waited[conversation] ?? {};
                if (until < from + patience) return true; // taken before it was due
                return document.rings.some((at) => at >= from && at <= from + patience);
            }""",
            [conversation, RING + STEP * 1000],
        )
        return rang

    def shown(self) -> dict[str, Any]:
        """The list, the counts, the title and the open log, as they are on the screen."""
        found: dict[str, Any] = self.page.evaluate(
            """() => ({
                waiting: [...document.querySelectorAll("consult-rows[data-list=waiting] li a:not([aria-current])")]
                    .map((link) => new URL(link.href).searchParams.get("conversation")),
                counts: [...document.querySelectorAll("button[data-list] .count")]
                    .map((one) => Number(one.textContent)),
                title: Number(/\\((\\d+)\\)/.exec(document.title)?.[1] ?? 0),
                log: [...document.querySelectorAll("consult-log li[data-kind=text]")]
                    .map((row) => [Number(row.dataset.seq), row.querySelector("[data-part=body]").textContent]),
            })"""
        )
        return found

    def _look_at_another(self) -> None:
        """Opens the conversation that has been waiting longest, and comes back."""
        other = self.page.evaluate(
            """() => {
                const link = document.querySelector('consult-rows:not([data-list=found]) li a:not([aria-current])');
                link?.click();
                return link && new URL(link.href).searchParams.get("conversation");
            }"""
        )
        if other:
            drawn = "(id) => document.querySelector(`consult-log li[data-conversation='${id}']`) !== null"
            self._until(drawn, other)
            self.page.evaluate("history.back()")
            self._until(drawn, self.own)

    def _close(self) -> None:
        if self.own:
            self.page.get_by_role("button", name="Close conversation").click()
            self._until("() => document.querySelector('[data-thread=state]').textContent.includes('closed')")
            self.own = ""

    def _go(self, search: str) -> None:
        """As following an address within the desk does."""
        self.page.evaluate(
            """(address) => {
                history.pushState(null, "", address);
                dispatchEvent(new PopStateEvent("popstate"));
            }""",
            DESK + search,
        )

    def _until(self, condition: str, argument: object = None) -> None:
        self.page.wait_for_function(condition, arg=argument, timeout=SETTLED)

    def _online(self) -> None:
        expect(self.page.locator("consult-desk")).to_have_attribute("data-connection", "online", timeout=SETTLED)

    def _dialled(self, socket: WebSocket) -> None:
        self.sockets += 1

        def closed(_: WebSocket) -> None:
            self.sockets -= 1

        socket.on("close", closed)

    def _cost(self) -> Cost:
        for _ in range(2):  # what the first one finalizes, the second one collects
            self.devtools.send("HeapProfiler.collectGarbage")
        metrics = {one["name"]: int(one["value"]) for one in self.devtools.send("Performance.getMetrics")["metrics"]}
        return Cost(metrics["JSHeapUsedSize"], metrics["Nodes"], metrics["JSEventListeners"])
