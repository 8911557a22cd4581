"""The machines the tests run against: PostgreSQL, Redis and ASGI servers, real ones, each a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
INITDB = ["--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]


class Missing(RuntimeError):
    """A program that pip cannot bring is not installed; the message says which package has it."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def program(name: str, package: str) -> str:
    """Where a program is. Debian keeps PostgreSQL's own off the PATH."""
    found = shutil.which(name) or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), None
    )
    if found is None:
        raise Missing(f"{name} is needed and not installed: apt-get install {package}")
    return found


def until_it_listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} did not start:\n{log.read_text(errors='replace')[-4000:]}")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    quiet = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    if os.geteuid() == 0:
        quiet.append("--no-sandbox")  # which root may not use
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium", "chromium"), args=quiet)
        yield browser
        browser.close()


class Machine:
    """A process that listens on a port of 127.0.0.1, can be killed and stopped, and comes back on the same port."""

    def __init__(self, name: str, *, core: int | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix=f"consult-{name}-"))
        self.log = self.home / "log"
        self.port = free_port()
        self.core = core
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str]:
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        return os.environ

    def account(self) -> str | None:
        """The system's account it runs under, where it must not be ours."""
        return None

    def start(self) -> None:
        pinned = [] if self.core is None else ["taskset", "-c", str(self.core)]
        account = self.account()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*pinned, *self.command()],
                cwd=ROOT,
                env=dict(self.environment()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=account,
                group=account,
                extra_groups=None if account is None else [],
            )
        until_it_listens(self.port, self.process, self.log)

    @property
    def pid(self) -> int:
        if self.process is None:
            raise RuntimeError("it was not started")
        return self.process.pid

    def freeze(self) -> None:
        """Keep its connections and answer none of them."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def end(self, number: int = signal.SIGTERM) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)  # a stopped process hears nothing else but SIGKILL
            self.process.send_signal(number)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.process = None

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        shutil.rmtree(self.home, ignore_errors=True)


class Postgres(Machine):
    """A private cluster. `durable=False` leaves out fsync, where nobody pulls the machine's own plug."""

    def __init__(self, *, durable: bool = False, core: int | None = None) -> None:
        super().__init__("postgres", core=core)
        self.durable = durable
        self.cluster = self.home / "cluster"

    def account(self) -> str | None:
        return "postgres" if os.geteuid() == 0 else None  # initdb refuses root

    def command(self) -> Sequence[str]:
        settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.home),
            "max_connections": "200",
            "fsync": "on" if self.durable else "off",
            "synchronous_commit": "on" if self.durable else "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [program("postgres", "postgresql"), "-D", str(self.cluster), *options]

    def start(self) -> None:
        if not self.cluster.exists():
            account = self.account()
            if account is not None:
                shutil.chown(self.home, account)
            subprocess.run(
                [program("initdb", "postgresql"), "-D", self.cluster, "-U", "consult", *INITDB],
                check=True,
                capture_output=True,
                user=account,
                group=account,
                extra_groups=None if account is None else [],
                cwd=self.home,
            )
        super().start()
        self.until_it_answers()

    def until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect("postgres").close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def end(self, number: int = signal.SIGINT) -> None:
        super().end(number)  # SIGINT: a fast shutdown, without waiting for those who are still connected

    def connect(self, name: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(f"postgres://consult@127.0.0.1:{self.port}/{name}", autocommit=True)

    def create(self, name: str, template: str = "template1") -> str:
        """A new database; answers its URL."""
        with self.connect("postgres") as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgres://consult@127.0.0.1:{self.port}/{name}"


class Redis(Machine):
    def __init__(self, *, core: int | None = None) -> None:
        super().__init__("redis", core=core)

    def command(self) -> Sequence[str]:
        return [
            *(program("redis-server", "redis-server"), "--port", str(self.port), "--bind", "127.0.0.1"),
            *("--save", "", "--appendonly", "no", "--dir", str(self.home)),
        ]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


class MailServer:
    """A real SMTP server in a thread of ours. ``trouble`` is what it does from now on: ``hang``, say ``421`` or any
    other number to a recipient, take a mail and ``vanish``, or take it and ``dawdle``; or none.
    """

    def __init__(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self.trouble = ""
        self.taken: list[EmailMessage] = []
        self.tries = 0
        self.controller: Controller | None = None

    def start(self) -> None:
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def stop(self) -> None:
        """From now on nobody listens."""
        if self.controller is not None:
            self.controller.stop(no_assert=True)
            self.controller = None

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.tries += 1
        if self.trouble == "hang":
            await asyncio.sleep(3600)
        if self.trouble.isdigit():
            return f"{self.trouble} 4.3.0 not now, or never"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.taken.append(message_from_bytes(envelope.original_content or b"", policy=policy.default))
        if self.trouble == "vanish" and server.transport:
            server.transport.close()
        if self.trouble == "dawdle":
            await asyncio.sleep(3600)
        return "250 OK"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Server(Machine):
    """An ASGI application under daphne or uvicorn."""

    def __init__(
        self, application: str, environment: Mapping[str, str], *, under: str = "daphne", core: int | None = None
    ) -> None:
        super().__init__(under, core=core)
        self.application = application
        self.settings = environment
        self.under = under

    def command(self) -> Sequence[str]:
        if self.under == "daphne":
            options = ["-b", "127.0.0.1", "-p", str(self.port), "-v", "0"]
        else:
            options = ["--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning", "--no-access-log"]
            options += ["--ws", "websockets", "--ws-max-size", "65536", "--ws-per-message-deflate", "false"]
        return [sys.executable, "-m", self.under, *options, self.application]

    def environment(self) -> Mapping[str, str]:
        return {**os.environ, **self.settings}

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """What the process has used of a core until now."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
