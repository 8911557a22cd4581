"""What ``manage.py check`` tells a shop before its visitors find out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.checks import Tags, run_checks
from django.test import override_settings

SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}


def found(*, deploy: bool = False) -> dict[str, str]:
    """The hints of what ``check`` says about consult without being told of a database, by id."""
    said = run_checks(tags=[Tags.compatibility], include_deployment_checks=deploy)
    return {str(one.id): one.hint or "" for one in said if str(one.id).startswith("consult.")}


def test_the_example_shop_is_right() -> None:
    assert found() == {}


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("ORDER_MODELS", "Did you mean 'ORDER_MODEL'?"),
        ("label_side", "Did you mean 'LABEL_SIDE'?"),
        ("XYZ", "It knows ASSISTED_DAYS, LABEL_SIDE,"),
    ],
)
def test_a_key_that_consult_does_not_know(key: str, hint: str) -> None:
    with override_settings(CONSULT={key: 1}):
        assert found()["consult.E001"].startswith(hint)


@pytest.mark.parametrize("options", [{}, {"transaction_mode": "DEFERRED"}, {"transaction_mode": None}])
@pytest.mark.parametrize("engine", ["django.db.backends.sqlite3", "django.contrib.gis.db.backends.spatialite"])
def test_sqlite_that_takes_its_lock_late(
    engine: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_in(monkeypatch, {"shop": SQLITE | {"ENGINE": engine, "OPTIONS": options}})
    assert 'DATABASES["shop"]["OPTIONS"]["transaction_mode"] = "IMMEDIATE"' in found()["consult.E005"]


@pytest.mark.parametrize(
    "database",
    [
        SQLITE | {"OPTIONS": {"transaction_mode": "IMMEDIATE"}},
        SQLITE | {"OPTIONS": {"transaction_mode": "immediate"}},
        {"ENGINE": "django.db.backends.postgresql"},
    ],
)
def test_a_database_that_is_right(database: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    keep_in(monkeypatch, {"default": database})
    assert "consult.E005" not in found()


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        (None, "consult.W001"),
        ("channels.layers.InMemoryChannelLayer", "consult.W001"),
        ("channels_redis.core.RedisChannelLayer", "consult.W002"),
        ("channels_redis.pubsub.RedisPubSubChannelLayer", None),
    ],
)
def test_whether_news_reaches_other_processes(backend: str | None, expected: str | None) -> None:
    with override_settings(CHANNEL_LAYERS={"default": {"BACKEND": backend}} if backend else {}):
        told = found(deploy=True)
        assert {"consult.W001", "consult.W002"} & told.keys() == ({expected} if expected else set())
        assert not {"consult.W001", "consult.W002"} & found().keys()
        assert all("RedisPubSubChannelLayer" in told[name] for name in told)


def keep_in(monkeypatch: pytest.MonkeyPatch, databases: dict[str, Any]) -> None:
    """Settings with other databases; Django's own can't be changed while a test runs."""
    monkeypatch.setattr("consult.checks.settings", SimpleNamespace(DATABASES=databases))
