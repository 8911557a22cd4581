"""The shop is told by its environment alone where it keeps things and whom it answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import django
import pytest

from tests.faults.machines import ROOT

WANTED = """
import json
import django
from example_shop import settings
django.setup()  # or what is translated could not be told
print(json.dumps({name: value for name, value in vars(settings).items() if name.isupper()}, default=str))
"""


def told(home: Path, **environment: str) -> dict[str, Any]:
    """The settings of a process that knows nothing but ``environment``."""
    environment = {"SHOP_VAR": str(home), "DJANGO_SETTINGS_MODULE": "example_shop.settings"} | environment
    answer = subprocess.run(
        [sys.executable, "-c", WANTED], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    settings: dict[str, Any] = json.loads(answer.stdout)
    return settings


def mailer(settings: dict[str, Any]) -> dict[str, Any]:
    """How letters go out, in the words of Django 6.1."""
    if django.VERSION >= (6, 1):
        chosen: dict[str, Any] = settings["MAILERS"]["default"]
        options: dict[str, Any] = chosen["OPTIONS"]
        return {"backend": chosen["BACKEND"].split(".")[-2]} | options
    names = {
        "host": "HOST",
        "port": "PORT",
        "username": "HOST_USER",
        "use_tls": "USE_TLS",
        "file_path": "FILE_PATH",
        "timeout": "TIMEOUT",
    }
    chosen = {name: settings[f"EMAIL_{theirs}"] for name, theirs in names.items()}
    return {"backend": settings["EMAIL_BACKEND"].split(".")[-2]} | chosen


def test_an_empty_environment_is_one_process_and_files(tmp_path: Path) -> None:
    settings = told(tmp_path)
    assert settings["DEBUG"] is False
    assert settings["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    assert settings["DATABASES"]["default"]["ENGINE"] == "django.db.backends.sqlite3"
    assert Path(settings["DATABASES"]["default"]["NAME"]).parent == tmp_path
    assert "CHANNEL_LAYERS" not in settings
    letters = mailer(settings)
    assert letters["backend"] == "filebased"
    assert Path(letters["file_path"]) == tmp_path / "mail"


def test_the_key_it_makes_survives_a_restart_and_is_no_other_shops(tmp_path: Path) -> None:
    first, again = (told(tmp_path)["SECRET_KEY"] for _ in range(2))
    assert first == again
    assert len(first) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    (tmp_path / "other").mkdir()
    assert told(tmp_path / "other")["SECRET_KEY"] != first


def test_the_environment_says_otherwise(tmp_path: Path) -> None:
    settings = told(tmp_path, DEBUG="1", SECRET_KEY="of the shop", ALLOWED_HOSTS="shop.example,www.shop.example")
    assert settings["DEBUG"] is True
    assert settings["SECRET_KEY"] == "of the shop"
    assert not (tmp_path / "secret_key").exists()
    assert settings["ALLOWED_HOSTS"] == ["shop.example", "www.shop.example"]


@pytest.mark.parametrize(("scheme", "tls"), [("smtp", False), ("smtp+tls", True)])
def test_letters_go_where_the_environment_says(tmp_path: Path, scheme: str, tls: bool) -> None:  # noqa: FBT001
    letters = mailer(told(tmp_path, EMAIL_URL=f"{scheme}://lamp:wick@mail.example:587"))
    assert letters["backend"] == "smtp"
    assert (letters["host"], letters["port"], letters["username"]) == ("mail.example", 587, "lamp")
    assert letters.get("use_tls", False) is tls
    assert letters["timeout"] == 30


def test_postgres_and_redis_are_two_variables(tmp_path: Path) -> None:
    settings = told(tmp_path, DATABASE_URL="postgres://lamp:wick@db/shop", REDIS_URL="redis://news:6379/1")
    database = settings["DATABASES"]["default"]
    assert (database["HOST"], database["NAME"], database["CONN_MAX_AGE"]) == ("db", "shop", 0)
    assert database["OPTIONS"]["pool"]["max_size"] >= 10
    layer = settings["CHANNEL_LAYERS"]["default"]
    assert layer["BACKEND"] == "channels_redis.pubsub.RedisPubSubChannelLayer"
    assert layer["CONFIG"]["hosts"] == ["redis://news:6379/1"]
