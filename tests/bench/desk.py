"""The desk, opened while many conversations are: its page and its first list, counted in the database's own log."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from tests.bench.contenders import OPENING_SECONDS, Ours
from tests.bench.report import Budget
from tests.faults.client import Cookies, ask, sign_in
from tests.faults.machines import Postgres, Server
from tests.faults.shop import APPLICATION, environment
from tests.faults.stage import set_the_stage

FEW, MANY, MANY_QUICK = 100, 10_000, 200
QUERY = re.compile(r"LOG:  (?:statement|execute [^:]+): *(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b")

FILL = """
    WITH people AS (
        INSERT INTO consult_visitor (
            public_id, name, email, phone, page_url, page_title, language, time_zone, user_agent, referrer, visits,
            pages, seen_at, heard_at
        )
        SELECT gen_random_uuid(), 'Visitor ' || n, '', '', '', '', '', '', '', '', 1, '[]', now(), now()
        FROM generate_series(1, %s) AS n
        RETURNING id
    ), matters AS (
        INSERT INTO consult_conversation (
            public_id, visitor_id, epoch, opened_at, last_seq, visitor_read, operators_read, waiting_since, due_for,
            revision
        )
        SELECT gen_random_uuid(), id, id, now(), 1, 0, 0, now(), '', 1 FROM people
        RETURNING id, visitor_id
    )
    INSERT INTO consult_message (
        conversation_id, seq, kind, medium, author_key, author_name, client_id, body, facts, sent_at
    )
    SELECT id, 1, 'text', 'chat', 'v' || visitor_id, '', gen_random_uuid(), 'Is this one dimmable?', '{}', now()
    FROM matters
"""


def run(*, quick: bool) -> Iterator[str]:
    many = MANY_QUICK if quick else MANY
    with Postgres(durable=True) as postgres, TemporaryDirectory(prefix="consult-bench-") as home:
        settings = environment(Path(home), postgres.create("desk"))
        set_the_stage(settings, 1)
        with postgres.connect("postgres") as connection:
            connection.execute("ALTER DATABASE desk SET log_statement = 'all'")
        with Server(APPLICATION, settings) as server:
            desk = Ours("desk", server, postgres, "desk")
            cookies = sign_in(server.origin, "operator0")
            opened(desk, cookies)  # what is done once in a process is not counted
            fill(postgres, FEW)
            with_few, _ = opened(desk, cookies)
            fill(postgres, many - FEW)
            with_many, seconds = opened(desk, cookies)
    yield f"with {many:,} open conversations page and list came in {seconds * 1e3:.0f} ms"
    yield str(Budget("desk: queries until its list is there", with_many, "≤", 12))
    yield str(Budget(f"desk: more of them than with {FEW} conversations", with_many - with_few, "≤", 0))


def fill(postgres: Postgres, count: int) -> None:
    with postgres.connect("desk") as connection:
        psycopg.ClientCursor(connection).execute(FILL, [count])
        connection.execute("ANALYZE")


def opened(desk: Ours, cookies: Cookies) -> tuple[int, float]:
    """How many queries it took to open the desk, and how long."""
    logged = desk.postgres.log.stat().st_size
    began = time.perf_counter()
    page = ask(desk.server.origin, "GET", "/admin/consult/desk/", cookies)
    if page.status != 200:
        raise RuntimeError(f"the desk answers {page.status}")
    asyncio.run(listed(desk, cookies))
    took = time.perf_counter() - began
    with desk.postgres.log.open(errors="replace") as log:
        log.seek(logged)
        return len(QUERY.findall(log.read())), took


async def listed(desk: Ours, cookies: Cookies) -> None:
    there = asyncio.Event()

    def heard(text: bytes) -> None:
        if json.loads(text)["type"] == "rows":
            there.set()

    socket = await desk.connected("operator", cookies, heard, {"view": {"list": "waiting", "page": 1}})
    await asyncio.wait_for(there.wait(), OPENING_SECONDS)
    await socket.close()
