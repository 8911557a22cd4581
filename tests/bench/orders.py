"""A million orders filtered by their source, beside the same query on a plain indexed column of the same table."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from tests.bench.report import Budget
from tests.faults.machines import Postgres
from tests.faults.shop import environment
from tests.faults.stage import set_the_stage

FULL, QUICK = 1_000_000, 1_000
ROUNDS = 7

# 90 % from the basket, 6 % by phone, 4 % from a chat, spread as they come in.
FILL = """
    INSERT INTO example_shop_order (source, plain, key, name, email, phone, address, remark, placed_at)
        SELECT source, source, gen_random_uuid(), 'Anna', 'anna@shop.example', '', 'Wick Lane 4', '', now()
        FROM (
            SELECT CASE WHEN n %% 25 = 0 THEN 'chat' WHEN n %% 50 IN (1, 2, 3) THEN 'phone' ELSE 'basket' END AS source
            FROM generate_series(1, %s) AS n
        ) AS sources
"""
QUERIES = {
    "chats counted": "SELECT count(*) FROM example_shop_order WHERE {column} = 'chat'",
    "chats, first page": "SELECT * FROM example_shop_order WHERE {column} = 'chat' ORDER BY id DESC LIMIT 100",
    "chats, page 300": (
        "SELECT * FROM example_shop_order WHERE {column} = 'chat' ORDER BY id DESC LIMIT 100 OFFSET 30000"
    ),
    "baskets counted": "SELECT count(*) FROM example_shop_order WHERE {column} = 'basket'",
}


def run(*, quick: bool) -> Iterator[str]:
    with Postgres(durable=True) as postgres, TemporaryDirectory(prefix="consult-bench-") as home:
        set_the_stage(environment(Path(home), postgres.create("orders")), 1)
        with postgres.connect("orders") as connection:
            cursor = psycopg.ClientCursor(connection)
            cursor.execute("ALTER TABLE example_shop_order ADD plain varchar(16)")
            cursor.execute(FILL, [QUICK if quick else FULL])
            cursor.execute("CREATE INDEX plain ON example_shop_order (plain)")
            cursor.execute("VACUUM ANALYZE example_shop_order")
            yield f"{'':28}{'by source, ms':>16}{'plain column, ms':>18}"
            budgets = []
            for what, query in QUERIES.items():
                ours, plain = compared(cursor, query)
                yield f"{what:28}{ours * 1e3:>16.2f}{plain * 1e3:>18.2f}"
                budgets.append(Budget(f"{what}: times the plain column", ours / plain, "≤", 1.2))
    yield from map(str, budgets)


def compared(cursor: psycopg.Cursor[Any], query: str) -> tuple[float, float]:
    """Seconds by source and by the plain column, in turns."""
    taken: dict[str, list[float]] = {"source": [], "plain": []}
    for number in range(ROUNDS + 1):
        for column, times in taken.items():
            began = time.perf_counter()
            cursor.execute(query.format(column=column).encode()).fetchall()
            if number:  # the first round fills the cache
                times.append(time.perf_counter() - began)
    return median(taken["source"]), median(taken["plain"])
