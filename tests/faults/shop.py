"""The example shop on a database of its own, in as many processes as a test wants, and the people in it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from tests.faults.checker import Event
from tests.faults.client import Person, engage, sign_in
from tests.faults.machines import Postgres, Redis, Server
from tests.faults.stage import set_the_stage

APPLICATION = "example_shop.asgi:application"
SQLITE_FILE = "shop.sqlite3"
OPERATORS = 2


def environment(home: Path, database: str, redis: str = "") -> dict[str, str]:
    """What leads a process to the shop. Every variable is named: our own environment may lead elsewhere."""
    return {
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "SHOP_VAR": str(home),
        "SECRET_KEY": "shared by the processes of a shop",
        "DATABASE_URL": database,
        "REDIS_URL": redis,
    }


def sqlite_url(home: Path) -> str:
    return f"sqlite:///{home / SQLITE_FILE}"


class Stage:
    """A database with tables and staff, made once; every shop begins with a copy of it."""

    def __init__(self, postgres: Postgres | None) -> None:
        self.postgres = postgres
        self.home = Path(tempfile.mkdtemp(prefix="consult-stage-"))
        self.copies = 0
        url = sqlite_url(self.home) if postgres is None else postgres.create("stage")
        set_the_stage(environment(self.home, url), OPERATORS)

    def copy(self, home: Path) -> str:
        """The URL of a new database like this one."""
        self.copies += 1
        if self.postgres is None:
            shutil.copy(self.home / SQLITE_FILE, home)
            return sqlite_url(home)
        return self.postgres.create(f"shop{self.copies}", template="stage")

    def close(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)


class Shop:
    """``more``: of its environment."""

    def __init__(
        self,
        stage: Stage,
        *,
        processes: int = 1,
        redis: Redis | None = None,
        under: str = "daphne",
        application: str = APPLICATION,
        **more: str,
    ) -> None:
        self.stage = stage
        self.home = Path(tempfile.mkdtemp(prefix="consult-shop-"))
        settings = environment(self.home, stage.copy(self.home), redis.url if redis else "") | more
        self.database = f"shop{stage.copies}"
        self.servers = [Server(application, settings, under=under) for _ in range(processes)]
        self.history: list[Event] = []

    def open(self) -> None:
        for server in self.servers:
            server.start()

    def close(self) -> None:
        for server in self.servers:
            server.__exit__(None, None, None)
        shutil.rmtree(self.home, ignore_errors=True)

    def origin(self, process: int) -> str:
        return self.servers[process].origin

    @contextlib.asynccontextmanager
    async def visitor(self, name: str = "visitor", *, process: int = 0, origin: str = "") -> AsyncIterator[Person]:
        """Somebody who has just opened the panel. ``origin``: where, if not at the process itself."""
        cookies = await asyncio.to_thread(engage, self.origin(process))
        person = Person(name, "visitor", origin or self.origin(process), cookies, self.history)
        async with self.present(person):
            yield person

    @contextlib.asynccontextmanager
    async def operator(
        self, conversation: str | None, name: str = "operator", *, login: str = "operator0", process: int = 0
    ) -> AsyncIterator[Person]:
        """A member of the staff at the desk, with this conversation open."""
        cookies = await asyncio.to_thread(sign_in, self.origin(process), login)
        person = Person(name, "operator", self.origin(process), cookies, self.history, conversation)
        async with self.present(person):
            yield person

    @contextlib.asynccontextmanager
    async def present(self, person: Person) -> AsyncIterator[None]:
        living = asyncio.ensure_future(person.live())
        try:
            await person.until_ready()
            yield
        finally:
            living.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await living

    def count(self, table: str) -> int:
        """How many rows the database has."""
        question = f"SELECT count(*) FROM {table}"  # noqa: S608  a name from a test
        if self.stage.postgres is None:
            with contextlib.closing(sqlite3.connect(self.home / SQLITE_FILE)) as file:
                return int(file.execute(question).fetchone()[0])
        with self.stage.postgres.connect(self.database) as connection:
            return int(str((connection.execute(question.encode()).fetchone() or [0])[0]))

    def said_by_servers(self) -> str:
        """All that the servers have logged."""
        return "\n".join(server.log.read_text(errors="replace") for server in self.servers)
