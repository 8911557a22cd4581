"""The frame around the app: what is shipped, what is promised about it, what the README tells people to type."""

from __future__ import annotations

import gettext
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import django
import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.django_db
def test_the_migrations_are_those_of_the_models() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_the_example_shop_passes_all_checks() -> None:
    call_command("check", fail_level="WARNING", deploy=True, databases=["default"])


def test_the_wheel_has_the_whole_package_and_nothing_else(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert shipped == {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "consult").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert "consult/py.typed" in shipped


def test_this_is_a_django_line_and_a_python_we_say_we_support() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"Framework :: Django :: {django.VERSION[0]}.{django.VERSION[1]}" in project["classifiers"]
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"Programming Language :: Python :: {python}" in project["classifiers"]


def test_translations_are_compiled_and_none_is_a_guess(tmp_path: Path) -> None:
    sources = [*ROOT.glob("consult/locale/*/LC_MESSAGES/*.po"), *ROOT.glob("example_shop/locale/*/LC_MESSAGES/*.po")]
    assert sources
    for source in sources:
        fresh = tmp_path / "fresh.mo"
        subprocess.run(["msgfmt", "--check-format", "-o", fresh, source], check=True)
        assert catalogue(source.with_suffix(".mo")) == catalogue(fresh), f"{source} was changed: run compilemessages"
        assert "\n#, fuzzy" not in source.read_text(), f"{source} holds a guess that nobody has confirmed"


@pytest.mark.parametrize("app", ["consult", "example_shop"])
def test_every_sentence_is_translated(app: str, tmp_path: Path) -> None:
    """Those that the sources mark by now, not those that somebody collected once."""
    copied = shutil.copytree(ROOT / app, tmp_path / app, ignore=shutil.ignore_patterns("static", "__pycache__"))
    collect = [sys.executable, "-m", "django", "makemessages", "--all", "--no-location", "--no-obsolete"]
    without_settings = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(collect, cwd=copied, env=without_settings, check=True, capture_output=True)
    for source in copied.glob("locale/*/LC_MESSAGES/*.po"):
        for lack in ("--untranslated", "--only-fuzzy"):
            found = subprocess.run(["msgattrib", lack, source], check=True, capture_output=True, text=True)
            assert not found.stdout, f"{app}: run makemessages, and translate what it finds"


def catalogue(path: Path) -> dict[object, str]:
    with path.open("rb") as file:
        return dict(vars(gettext.GNUTranslations(file))["_catalog"])


def test_the_readme_names_the_commands_that_are_run() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    assert any("python3 -m tests" in line for line in lines)
    assert any("manage.py demo" in line for line in lines)


def test_ci_runs_the_command_of_the_readme_and_nothing_else() -> None:
    script = (ROOT / ".ci" / "run").read_text().splitlines()
    assert script == ["#!/usr/bin/env bash", "set -e", 'cd "$(dirname "$0")/.."', "exec python3 -m tests"]
