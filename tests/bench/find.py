"""Finding among a million messages, on PostgreSQL and on SQLite, as the desk finds for a manager and an operator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import django

from tests.bench.report import Budget
from tests.faults.machines import ROOT, Postgres
from tests.faults.shop import environment, sqlite_url
from tests.faults.stage import set_the_stage

FULL, QUICK = 1_000_000, 2_000
LINES = 10  # of a conversation
THEIRS = 20  # every so many conversations were the operator's
ROUNDS = 5
LIMIT_MS = 300
QUESTIONS = {
    "a rare word": "zanzibar",
    "a word in 1 %": "brass",
    "a word in half of them": "dimmable",
    "two words": "brass lamp",
    "two common words that never met": "dimmable constant",
    "a word nobody said": "trombone",
    "the beginning of many words": "wo",
    "a name": "Visitor4711",
    "part of a phone number": "4711",
    "an order": "B-4711",
}

# Bodies of some 90 signs from 60,000 words; every 2nd, 100th and 100,000th has one of the words looked for.
BODY = """
    'Hello I would like to know whether word' || (n * 7919 % 50000) || ' and the shade' || (n * 104729 % 20000)
    || CASE WHEN n % 2 = 0 THEN ' dimmable' ELSE ' constant' END || CASE WHEN n % 100 = 0 THEN ' brass' ELSE '' END
    || CASE WHEN n % 100000 = 0 THEN ' zanzibar' ELSE '' END || ' lamp is here, and how long?'
"""
SERIES = {
    "postgresql": "generate_series(1::bigint, {0}) AS numbers(n)",
    "sqlite": (
        "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {0}) SELECT n FROM s) AS numbers"
    ),
}
ID = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}


def run(*, quick: bool) -> Iterator[str]:
    with TemporaryDirectory(prefix="consult-bench-") as home, Postgres(durable=True) as postgres:
        for database, url in (("PostgreSQL", postgres.create("find")), ("SQLite", sqlite_url(Path(home)))):
            settings = environment(Path(home), url)
            set_the_stage(settings, 1)
            command = [sys.executable, "-m", "tests.bench.find", str(QUICK if quick else FULL)]
            ended = subprocess.run(
                command, cwd=ROOT, env=os.environ | settings, check=True, stdout=subprocess.PIPE, text=True
            )
            for who, what, milliseconds in json.loads(ended.stdout):
                yield str(Budget(f"{database}, {who}: {what}, ms", milliseconds, "≤", LIMIT_MS))


def measured(count: int) -> list[tuple[str, str, float]]:
    """Milliseconds for each question, asked by each of two, in the database that the environment names."""
    from django.contrib.auth.models import Permission, User

    from consult.desk import find
    from consult.models import Conversation

    fill(count)
    manager = User.objects.create_user("manager", is_staff=True)
    manager.user_permissions.add(Permission.objects.get(codename="view_all_conversations"))
    people = {"manager": manager, "operator": User.objects.get(username="operator0")}
    figures = []
    for who, user in people.items():
        for what, question in QUESTIONS.items():
            times = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                find.page(Conversation.objects.visible_to(User.objects.get(pk=user.pk)), question, 1, user.pk)
                times.append((time.perf_counter() - began) * 1e3)
            figures.append((who, what, median(times)))
    return figures


def fill(count: int) -> None:
    """By SQL; most conversations are closed, and were somebody's."""
    from django.db import connection

    from consult.models import Conversation, Message, Take, Visitor

    vendor, matters = connection.vendor, count // LINES
    people, talks, said = (SERIES[vendor].format(rows) for rows in (matters, matters, count))
    now = "now()" if vendor == "postgresql" else "strftime('%Y-%m-%d %H:%M:%f')"
    new = ID[vendor]
    with connection.cursor() as cursor:
        for model, columns, values, source in (
            (
                Visitor,
                "id, public_id, name, email, phone, page_url, page_title, language, time_zone, user_agent, referrer, "
                "visits, pages, seen_at, heard_at",
                f"n, {new}, 'Visitor' || n, 'v' || n || '@home.example', '+49 30 ' || (n * 7919 % 10000000), '', '', "
                f"'', '', '', '', 1, '[]', {now}, {now}",
                people,
            ),
            (
                Conversation,
                "id, public_id, visitor_id, epoch, opened_at, closed_at, last_seq, visitor_read, operators_read, "
                "due_for, revision",
                f"n, {new}, n, n, {now}, CASE WHEN n % 500 > 0 THEN {now} END, {LINES}, 0, 0, '', 1",
                talks,
            ),
            (
                Take,
                "conversation_id, operator_id, operator_name, began_at, ended_at, seen_at, why",
                f"n, CASE WHEN n % {THEIRS} = 0 THEN (SELECT min(id) FROM auth_user) END, 'Olga', "  # noqa: S608
                f"{now}, {now}, {now}, ''",
                talks,
            ),
            (
                Message,
                "conversation_id, seq, kind, medium, author_key, author_name, client_id, body, facts, sent_at",
                f"1 + (n - 1) / {LINES}, 1 + (n - 1) % {LINES}, 'text', 'chat', 'v' || (1 + (n - 1) / {LINES}), '', "
                f"{new}, {BODY}, '{{}}', {now}",
                said,
            ),
        ):
            cursor.execute(f"INSERT INTO {model._meta.db_table} ({columns}) SELECT {values} FROM {source}")  # noqa: S608
        cursor.execute("VACUUM ANALYZE" if vendor == "postgresql" else "ANALYZE")


if __name__ == "__main__":
    django.setup()
    json.dump(measured(int(sys.argv[1])), sys.stdout)
