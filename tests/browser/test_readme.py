"""The README's line, as somebody types it who has just cloned the project."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path
from urllib.error import URLError

from tests.faults.machines import free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300  # seconds; most of it is pip's


def test_one_line_opens_the_demo(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(".git", ".tox", ".venv", "var", "*cache*"))
    (line,) = re.findall(r"^python3 -m venv .*manage\.py demo$", (ROOT / "README.md").read_text(), re.MULTILINE)
    port = free_port()
    log = tmp_path / "log"
    with log.open("w") as written:
        shell = subprocess.Popen(  # noqa: S602  it is a shell's line
            f"{line} --port {port}",
            shell=True,
            cwd=project,
            env={name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "PATH", "HOME"))},
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        page = answer(f"http://127.0.0.1:{port}/", shell, log)
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        shell.wait()
    assert "<consult-widget" in page
    assert f"http://127.0.0.1:{port}/admin/consult/desk/" in log.read_text()


def answer(url: str, shell: subprocess.Popen[bytes], log: Path, patience: float = PATIENCE) -> str:
    """What ``url`` says once it says anything."""
    until = time.monotonic() + patience
    while shell.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(url) as response:  # noqa: S310  our own
                return str(response.read().decode())
        except URLError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())
