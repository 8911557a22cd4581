"""The benchmark runs and prints its figures. Whether the budgets hold is for a quiet machine to say."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.faults.machines import ROOT

# The shift is another test's already, in tests/browser, and takes minutes.
FIGURES = {
    "messages": ["tutorial stack (daphne)", "bare probe (uvicorn)", "consult, Redis (daphne)", "% of the bare probe"],
    "orders": ["chats counted", "times the plain column"],
    "desk": ["queries until its list is there"],
    "rules": ["ms of Python with 2 rules", "me: queries", "times that with 2 rules"],
    "promise": ["one operator: first", "promised / waited"],
    "find": ["PostgreSQL, manager: a rare word", "SQLite, operator: an order"],
}


@pytest.mark.parametrize(("part", "figures"), FIGURES.items(), ids=FIGURES.keys())
def test_the_benchmark_prints_its_figures(part: str, figures: list[str]) -> None:
    command = [sys.executable, "-m", "tests.bench", part, "--quick"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    for figure in figures:
        assert figure in ended.stdout
