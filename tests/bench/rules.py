"""Asking which display rules fit somebody, with two rules and with two hundred: a returning customer with a basket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django

from tests.bench.report import Budget
from tests.faults.machines import ROOT
from tests.faults.shop import environment, sqlite_url
from tests.faults.stage import set_the_stage

FEW, MANY = 2, 200
CALLS, CALLS_QUICK = 300, 10
ROUNDS = 5
ADDRESSES = {"me": "/consult/me/?fits", "boot": "/consult/boot/en/"}


def run(*, quick: bool) -> Iterator[str]:
    with TemporaryDirectory(prefix="consult-bench-") as home:
        settings = environment(Path(home), sqlite_url(Path(home)))
        set_the_stage(settings, 1)
        command = [sys.executable, "-m", "tests.bench.rules", str(CALLS_QUICK if quick else CALLS)]
        ended = subprocess.run(
            command, cwd=ROOT, env=os.environ | settings, check=True, stdout=subprocess.PIPE, text=True
        )
    few, many = json.loads(ended.stdout)
    for name in ADDRESSES:
        yield f"{name}: {few[name]:.2f} ms of Python with {FEW} rules, {many[name]:.2f} ms with {MANY}"
    yield str(Budget("me: queries", many["queries"], "≤", 4))
    yield str(Budget(f"me: ms of Python with {MANY} rules", many["me"], "≤", 5))
    yield str(Budget(f"me: times that with {FEW} rules", many["me"] / few["me"], "≤", 2))


def measured(calls: int) -> list[dict[str, float]]:
    """With few rules, then with many: milliseconds of Python for each address, and the queries of ``me``."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    # What serves the shop's static files is asynchronous: for this client it would begin a loop with each request.
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("servestatic.")]
    client = Client(SERVER_NAME="localhost", HTTP_ACCEPT_ENCODING="gzip")
    client.force_login(returning_customer())
    figures = []
    for count in (FEW, MANY):
        offer(count)
        spent = {name: python(partial(client.get, path), calls) for name, path in ADDRESSES.items()}
        with CaptureQueriesContext(connection) as queries:
            client.get(ADDRESSES["me"])
        figures.append(spent | {"queries": len(queries)})
    return figures


def python(ask: Callable[[], Any], calls: int) -> float:
    """Milliseconds of this process for one ``ask``, without those of its queries: the quickest of some rounds."""
    from django.db import connection

    in_queries = 0.0

    def timed(execute: Callable[..., Any], *of_query: Any) -> Any:
        nonlocal in_queries
        began = time.process_time()
        try:
            return execute(*of_query)
        finally:
            in_queries += time.process_time() - began

    rounds = []
    with connection.execute_wrapper(timed):
        ask()  # what is done once in a minute is not counted
        for _ in range(ROUNDS):
            began, in_queries = time.process_time(), 0.0
            for _ in range(calls):
                ask()
            rounds.append((time.process_time() - began - in_queries) / calls * 1e3)
    return min(rounds)


def returning_customer() -> Any:
    from django.contrib.auth.models import User

    from example_shop.models import Basket, Order, Product

    anna = User.objects.create_user("anna")
    lamp = Product.objects.create(name="Alder", slug="alder", price=Decimal(129), sent_in_days=2)
    Basket.objects.create(customer=anna).add(lamp)
    Order.objects.create(customer=anna, name="Anna", email="anna@shop.example", address="Here 1")
    return anna


def offer(count: int) -> None:
    """``count`` rules that all ask for the person; every second fits this one."""
    from consult.models import Greeting, Rule

    Rule.objects.all().delete()
    rules = Rule.objects.bulk_create(
        Rule(
            name=f"Rule {number}",
            page_kinds=["product"],
            page_seconds=25,
            signed_in=True,
            has_ordered=True,
            basket_total_min=100 + 100 * (number % 2),
            availability=["online", "away"],
        )
        for number in range(count)
    )
    Greeting.objects.bulk_create(
        Greeting(rule=rule, text="{greeting}! {name|May} we look at it together?") for rule in rules
    )
    rules[0].save()  # which tells this process that the rules are others


if __name__ == "__main__":
    django.setup()
    json.dump(measured(int(sys.argv[1])), sys.stdout)
