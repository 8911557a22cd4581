"""The browser's half of display rules, judged by node's own test runner in the files that are served."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.faults.machines import program

HERE = Path(__file__).parent


def test_the_rules_decide_as_they_should() -> None:
    ran = subprocess.run(
        [program("node", "nodejs"), "--test", HERE / "trigger.test.mjs"], capture_output=True, text=True, timeout=60
    )
    if ran.returncode:
        pytest.fail(ran.stdout + ran.stderr, pytrace=False)
