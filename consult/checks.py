"""What ``manage.py check`` tells a shop about its setting up. The ids are permanent."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from consult.conf import DEFAULTS, chosen
from consult.orders import checks as _orders  # noqa: F401  (registers E002 to E004)

SQLITE = (".sqlite3", ".spatialite")
OTHER_PROCESSES = "channels_redis.pubsub.RedisPubSubChannelLayer"


@register(Tags.compatibility)
def settings_are_known(**_: Any) -> list[CheckMessage]:
    unknown = sorted(set(chosen()) - set(DEFAULTS))
    return [
        Error(
            f"CONSULT has a key {key!r} that consult doesn't know.",
            hint=_nearest(key),
            id="consult.E001",
        )
        for key in unknown
    ]


@register(Tags.compatibility)
def sqlite_takes_its_lock_first(**_: Any) -> list[CheckMessage]:
    """A transaction that reads first and writes later fails with "database is locked" as soon as two do it.

    Judged by the settings: what is tagged as a check of databases is only run where somebody names one.
    """
    return [
        Error(
            f"The SQLite database {alias!r} begins its transactions without the write lock.",
            hint=f'Set DATABASES["{alias}"]["OPTIONS"]["transaction_mode"] = "IMMEDIATE" and a "timeout" of 20.',
            id="consult.E005",
        )
        for alias, database in settings.DATABASES.items()
        if database.get("ENGINE", "").endswith(SQLITE)
        and str(database.get("OPTIONS", {}).get("transaction_mode")).upper() != "IMMEDIATE"
    ]


@register(Tags.compatibility, deploy=True)
def layer_reaches_other_processes(**_: Any) -> Sequence[CheckMessage]:
    backend = getattr(settings, "CHANNEL_LAYERS", {}).get("default", {}).get("BACKEND", "")
    if backend in ("", "channels.layers.InMemoryChannelLayer"):
        return [
            Warning(
                "There is no channel layer that reaches other processes.",
                hint="One process needs none: silence this. With several, messages between them take up to 6 seconds; "
                f'set CHANNEL_LAYERS["default"]["BACKEND"] = "{OTHER_PROCESSES}".',
                id="consult.W001",
            )
        ]
    if backend == "channels_redis.core.RedisChannelLayer":
        return [
            Warning(
                "The channel layer drops events above its capacity and goes deaf when Redis restarts.",
                hint=f'Set CHANNEL_LAYERS["default"]["BACKEND"] = "{OTHER_PROCESSES}".',
                id="consult.W002",
            )
        ]
    return []


def _nearest(key: str) -> str:
    near = get_close_matches(key.upper(), DEFAULTS, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"It knows {', '.join(sorted(DEFAULTS))}."
