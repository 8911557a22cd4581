"""Persisted and delivered messages: how many, how soon, and what they cost.

Beside the tutorial stack and the bare probe, in turns within one run: a busy minute of the machine hits all alike.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.bench.contenders import OPERATORS, Bare, Contender, Ours, closing
from tests.bench.load import Pair, chat, talk
from tests.bench.report import Budget
from tests.faults.machines import Postgres, Redis, Server
from tests.faults.shop import APPLICATION, environment
from tests.faults.stage import set_the_stage

PER_SECOND_NEAR_IDLE = 5.0
BUSY = 0.95
HEARTBEAT_SECONDS = 20
WARM_UP_PANELS = 20

LINE_TABLE = """
    CREATE TABLE line (
        id bigserial PRIMARY KEY, room varchar(64) NOT NULL, author varchar(16) NOT NULL,
        client_id varchar(64) NOT NULL, body text NOT NULL, sent_at timestamptz NOT NULL
    );
    CREATE INDEX ON line (room);
"""

TUTORIAL, PROBE, OURS, OURS_REDIS = "tutorial stack", "bare probe", "consult", "consult, Redis"


class Size(NamedTuple):
    conversations: int
    seconds: float
    rounds: int
    idle_seconds: float
    panels: int


FULL = Size(conversations=50, seconds=3, rounds=4, idle_seconds=8, panels=300)
QUICK = Size(conversations=4, seconds=0.5, rounds=1, idle_seconds=1, panels=20)


@dataclass
class Figures:
    """What was measured of one contender."""

    per_second: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    panel_bytes: float = 0.0
    busiest: float = 0.0
    """The largest share of a round for which the core of the load generator and the databases was busy."""

    @property
    def per_core(self) -> float:
        return 1 / median(self.cpu)

    @property
    def p50(self) -> float:
        return median(self.latencies)

    @property
    def p95(self) -> float:
        return quantiles(self.latencies, n=20)[-1]


def run(*, quick: bool) -> Iterator[str]:
    """Measure, and tell in lines."""
    size = QUICK if quick else FULL
    cores = sorted(os.sched_getaffinity(0))
    server_core, our_core = cores[0], cores[-1]
    with ExitStack() as stack:
        postgres = stack.enter_context(Postgres(durable=True, core=our_core))
        redis = stack.enter_context(Redis(core=our_core))
        home = Path(stack.enter_context(TemporaryDirectory(prefix="consult-bench-")))
        contenders = list(contend(postgres, redis, home, server_core))
        for contender in contenders:
            stack.enter_context(contender.server)
        os.sched_setaffinity(0, {our_core})
        try:
            figures = asyncio.run(measure(contenders, size, our_core))
        finally:
            os.sched_setaffinity(0, cores)
    yield from table(figures)
    yield from (str(budget) for budget in budgets(figures))


def contend(postgres: Postgres, redis: Redis, home: Path, core: int) -> Iterator[Contender]:
    for server in ("daphne", "uvicorn"):
        for kind, application in ((TUTORIAL, "tests.bench.tutorial"), (PROBE, "tests.bench.probe")):
            if (kind, server) == (TUTORIAL, "uvicorn"):
                continue  # the tutorial says daphne
            database = f"{kind}-{server}".replace(" ", "-")
            settings = {
                "BENCH_POSTGRES_PORT": str(postgres.port),
                "BENCH_DATABASE": database,
                "BENCH_DATABASE_URL": postgres.create(database),
                "BENCH_REDIS": redis.url,
            }
            with postgres.connect(database) as connection:
                connection.execute(LINE_TABLE.encode())
            running = Server(f"{application}:application", settings, under=server, core=core)
            yield Bare(f"{kind} ({server})", running, postgres, database)
        for kind, layer in ((OURS, ""), (OURS_REDIS, redis.url)):
            database = f"{kind}-{server}".replace(", ", "-")
            settings = environment(home, postgres.create(database), layer)
            set_the_stage(settings, OPERATORS)
            running = Server(APPLICATION, settings, under=server, core=core)
            yield Ours(f"{kind} ({server})", running, postgres, database)


async def measure(contenders: list[Contender], size: Size, core: int) -> dict[str, Figures]:
    figures = {contender.name: Figures() for contender in contenders}
    for contender in contenders:
        figures[contender.name].panel_bytes = await panel_bytes(contender, size.panels)
    pairs: dict[str, list[Pair]] = {}
    beating = asyncio.ensure_future(beat(pairs))
    for contender in contenders:
        pairs[contender.name] = await contender.pairs(size.conversations)
    for number in range(size.rounds + 1):
        for contender in contenders:
            before = figures[contender.name] if number else Figures()  # the first round warms up
            await one_round(contender, pairs[contender.name], size.seconds, before, core)
    for contender in contenders:
        figures[contender.name].latencies = await chat(pairs[contender.name], size.idle_seconds, PER_SECOND_NEAR_IDLE)
    beating.cancel()
    await asyncio.gather(*closing([s for many in pairs.values() for pair in many for s in pair.sockets.values()]))
    return figures


async def beat(pairs: Mapping[str, list[Pair]]) -> None:
    """A browser of ours is heard at least every 20 s; who is not is given up."""
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        for pair in chain.from_iterable(pairs.values()):
            pair.beat()


async def one_round(contender: Contender, pairs: list[Pair], seconds: float, figures: Figures, core: int) -> None:
    rows, cpu, busy = contender.rows(), contender.server.cpu_seconds(), busy_seconds(core)
    try:
        count, took = await talk(pairs, seconds)
    except AssertionError as stalled:
        raise AssertionError(f"{contender.name}: {stalled}\n{contender.server.log.read_text()[-2000:]}") from stalled
    figures.cpu.append((contender.server.cpu_seconds() - cpu) / count)
    figures.busiest = max(figures.busiest, (busy_seconds(core) - busy) / took)
    figures.per_second.append(count / took)
    kept = contender.rows() - rows
    if kept != count:
        raise AssertionError(f"{contender.name}: {count} messages were delivered and {kept} kept")


async def panel_bytes(contender: Contender, count: int) -> float:
    """What an idle open panel adds to the server's memory, once it has seen enough of them to have warmed up."""
    await asyncio.gather(*closing(await contender.panels(WARM_UP_PANELS)))
    before = contender.server.resident_bytes()
    panels = await contender.panels(count)
    after = contender.server.resident_bytes()
    await asyncio.gather(*closing(panels))
    return (after - before) / count


def busy_seconds(core: int) -> float:
    """For how long a core has been busy since the machine was started."""
    line = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(f"cpu{core} "))
    user, nice, system, _, _, *rest = (int(field) for field in line.split()[1:])
    return (user + nice + system + sum(rest[:2])) / os.sysconf("SC_CLK_TCK")


def table(figures: Mapping[str, Figures]) -> Iterator[str]:
    yield f"{'':28}{'messages/s':>12}{'CPU µs each':>13}{'/s and core':>13}{'p50 ms':>9}{'p95 ms':>9}{'KiB/panel':>11}"
    for name, one in figures.items():
        limit = " *" if one.busiest > BUSY else ""
        yield (
            f"{name:28}{median(one.per_second):>12,.0f}{median(one.cpu) * 1e6:>13,.0f}{one.per_core:>13,.0f}"
            f"{one.p50 * 1e3:>9.1f}{one.p95 * 1e3:>9.1f}{one.panel_bytes / 1024:>11.1f}{limit}"
        )
    if any(one.busiest > BUSY for one in figures.values()):
        yield "* the other core (load generator, PostgreSQL, Redis) was full: messages/s is a lower bound"


def budgets(figures: Mapping[str, Figures]) -> Iterator[Budget]:
    tutorial = figures[f"{TUTORIAL} (daphne)"]
    for server in ("uvicorn", "daphne"):
        probe = figures[f"{PROBE} ({server})"]
        for kind in (OURS, OURS_REDIS):
            name = f"{kind} ({server})"
            ours = figures[name]
            yield Budget(f"{name}: times the tutorial stack", ours.per_core / tutorial.per_core, "≥", 10)
            yield Budget(f"{name}: % of the bare probe", 100 * ours.per_core / probe.per_core, "≥", 50)
            yield Budget(f"{name}: p50 near idle, times the probe's", ours.p50 / probe.p50, "≤", 2)
            yield Budget(f"{name}: KiB per idle open panel", ours.panel_bytes / 1024, "≤", 40)
