"""What ``manage.py check`` tells a shop about its setting up. The ids are permanent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string
from django.utils.version import get_version_tuple
from phonenumbers import SUPPORTED_REGIONS

from consult.conf import DEFAULTS, chosen, conf
from consult.orders.checks import find, nearest_to  # which registers E002 to E004, and W003

SQLITE = (".sqlite3", ".spatialite")
POSTGRESQL = (".postgresql", ".postgis")
CENTURY = 36_500  # days
POOLED = 10  # connections of one process: those of consult.chat.pool, the writer's, and one for the shop's pages
OTHER_PROCESSES = "channels_redis.pubsub.RedisPubSubChannelLayer"
SAFE_DAPHNE = (4, 2, 2)  # below, a message may have any size (CVE-2026-44545)
DIRECTIVES = ("script-src", "style-src", "connect-src")
SOURCES = ("default-src", *DIRECTIVES)


def whole(value: object) -> bool:
    return type(value) is int and value > 0


def up_to_a_century(value: object) -> bool:
    """Whether it is a number of days, or of hours. The calendar ends some time after."""
    return type(value) is int and 0 <= value <= CENTURY


def named(segments: object) -> bool:
    """Whether each segment has a name that fits a line."""
    return isinstance(segments, dict) and all(isinstance(name, str) and 1 <= len(name) <= 40 for name in segments)


def address(value: object) -> bool:
    """Whether it is an e-mail address, without a name."""
    try:
        validate_email(str(value))
    except ValidationError:
        return False
    return isinstance(value, str)


def taking_replies(value: object) -> bool:
    """Whether it leaves room for what makes a reply address of it: 64 characters are before the @ at most."""
    return address(value) and re.fullmatch(r"[^+@]{1,11}@.+", str(value)) is not None


def mailbox(value: object) -> bool:
    """Whether it is complete, and has nothing that nobody reads."""
    types = {"host": str, "user": str, "password": str, "port": int, "folder": str, "tls": bool}
    return (
        isinstance(value, dict)
        and {"host", "user", "password"} <= value.keys() <= types.keys()
        and all(type(one) is types[key] for key, one in value.items())
    )


# What the shop may write, and how to say so. What names a model or a function has a check of its own.
VALUES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "LABEL_SIDE": (lambda value: value in ("start", "end"), 'Write "end" (right in English) or "start".'),
    "SAY_BURST": (whole, "Write a whole number of messages, 1 or more."),
    "SAY_PER_SECOND": (lambda value: type(value) in (int, float) and value > 0, "Write a number above 0."),
    "ASSISTED_DAYS": (whole, "Write a whole number of days, 1 or more."),
    "TOKEN_DAYS": (whole, "Write a whole number of days, 1 or more."),
    "INVITATIONS_PER_VISIT": (whole, "Write a whole number of invitations, 1 or more."),
    "INVITATIONS_PER_30_DAYS": (whole, "Write a whole number of invitations, 1 or more."),
    "INVITATIONS_HOURS_APART": (up_to_a_century, "Write a whole number of hours, 0 to 36500."),
    "INVITATIONS_SILENT_DAYS": (up_to_a_century, "Write a whole number of days, 0 to 36500."),
    "SEGMENTS": (named, "Write {name: dotted path}, each name having 1 to 40 characters."),
    "COUNTRY_HEADER": (
        lambda value: value is None or (isinstance(value, str) and re.fullmatch(r"[\w-]+", value) is not None),
        'Write the name of a header, such as "CF-IPCountry", or None.',
    ),
    "SITE_URL": (
        lambda value: value is None or re.fullmatch(r"https?://[^\s/?#]+/?", str(value)) is not None,
        'Write scheme and host, such as "https://shop.example", or None.',
    ),
    "LETTERS_TO": (
        lambda value: isinstance(value, list | tuple) and all(map(address, value)),
        "Write a list of e-mail addresses, each without a name.",
    ),
    "MAILER": (
        lambda value: value is None or (isinstance(value, str) and value in getattr(settings, "MAILERS", {})),
        "Write an alias of settings.MAILERS, which Django has from 6.1 on, or None.",
    ),
    "REPLY_ADDRESS": (
        lambda value: value is None or taking_replies(value),
        'Write an e-mail address without "+" and with 1 to 11 characters before its "@", or None.',
    ),
    "REPLY_AUTHSERV": (
        lambda value: value is None or (isinstance(value, str) and re.fullmatch(r"[\w.-]+", value) is not None),
        'Write one name, such as "mx.shop.example", or None.',
    ),
    "IMAP": (
        lambda value: value is None or mailbox(value),
        'Write {"host": …, "user": …, "password": …}, and besides only "port" (a whole number), "folder" and "tls" '
        "(True or False); or None.",
    ),
    "PHONE_REGION": (
        lambda value: value is None or (isinstance(value, str) and value in SUPPORTED_REGIONS),
        'Write the two capital letters of a country, such as "DE", or None.',
    ),
}


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
def settings_make_sense(**_: Any) -> list[CheckMessage]:
    return [
        Error(f"CONSULT[{key!r}] is {value!r}.", hint=VALUES[key][1], id="consult.E006")
        for key, value in chosen().items()
        if key in VALUES and not VALUES[key][0](value)
    ]


@register(Tags.compatibility)
def functions_are_there(**_: Any) -> list[CheckMessage]:
    """Those of the shop, which ``CONSULT`` names by dotted paths."""
    written = {f"CONSULT[{key!r}]": path for key in ("BASKET", "PLACE") if (path := getattr(conf, key)) is not None}
    if isinstance(conf.SEGMENTS, dict):
        written |= {f"CONSULT['SEGMENTS'][{name!r}]": path for name, path in conf.SEGMENTS.items()}
    return [
        Error(
            f"{where} is {path!r}, and {wrong}.",
            hint="Write the dotted path of a function that takes the request.",
            id="consult.E009",
        )
        for where, path in written.items()
        if (wrong := _no_function(path))
    ]


@register(Tags.compatibility)
def products_are_there(**_: Any) -> list[CheckMessage]:
    name = conf.PRODUCT_MODEL
    if name is None or find(name):
        return []
    return [
        Error(
            f"CONSULT['PRODUCT_MODEL'] is {name!r}, and there is no such model.",
            hint=f"Did you mean {nearest!r}?" if (nearest := nearest_to(name)) else "Write 'app_label.Model'.",
            id="consult.E010",
        )
    ]


@register(Tags.compatibility)
def times_have_a_zone(**_: Any) -> list[CheckMessage]:
    if settings.USE_TZ:
        return []
    return [
        Error(
            "Without USE_TZ nobody knows when something was said: operators and visitors have different clocks.",
            hint="Set USE_TZ = True.",
            id="consult.E008",
        )
    ]


@register(Tags.urls)
def urls_are_included(**_: Any) -> list[CheckMessage]:
    try:
        reverse("consult:contact")
    except NoReverseMatch:
        return [
            Error(
                "The addresses of consult are not among the shop's.",
                hint='Add path("consult/", include("consult.urls")) to the urlpatterns of your ROOT_URLCONF.',
                id="consult.E007",
            )
        ]
    return []


@register(Tags.compatibility)
def sockets_are_routed(**_: Any) -> list[CheckMessage]:
    """Judged by the text of the shop's ``asgi.py``: to import it would start what a command has no use for."""
    module = str(getattr(settings, "ASGI_APPLICATION", None) or "").rpartition(".")[0]
    if not module:
        return []
    try:
        spec = find_spec(module)
    except ImportError:
        spec = None
    if spec is None or spec.origin is None:
        return []  # whoever serves it will say so
    if "consult" in (source := Path(spec.origin).read_text()) or "websocket" in source:
        return []
    return [
        Warning(
            f"{module} answers no WebSocket: messages will take the slower way by HTTP.",
            hint='Make the application a ProtocolTypeRouter with "websocket": consult.routing.websocket, as '
            "docs/install.md shows.",
            id="consult.W004",
        )
    ]


@register(Tags.security)
def policy_lets_us_work(**_: Any) -> list[CheckMessage]:
    """The policy of Django 6 or of django-csp, where one is sent."""
    policy = content_security_policy()
    return [
        Warning(
            f"The shop's Content-Security-Policy keeps the widget from working: its {directive} lacks 'self'.",
            hint=f"Let {directive} have 'self'. It needs no 'unsafe-inline' and no nonce.",
            id="consult.W005",
        )
        for directive in DIRECTIVES
        if not lets(policy, directive)
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


@register(Tags.compatibility)
def connections_are_shared(**_: Any) -> list[CheckMessage]:
    """Under ASGI queries come on many threads: a connection that each of them keeps is one too many."""
    kept = [
        Warning(
            f"The database {alias!r} keeps a connection for each thread (CONN_MAX_AGE is {age!r}).",
            hint=f'Set DATABASES["{alias}"]["CONN_MAX_AGE"] = 0 and, with PostgreSQL, an OPTIONS["pool"].',
            id="consult.W006",
        )
        for alias, database in settings.DATABASES.items()
        if (age := database.get("CONN_MAX_AGE", 0)) != 0
    ]
    small = [
        Warning(
            f"The database {alias!r} has a pool of {size} connections; consult alone may want {POOLED - 1} at once.",
            hint=f'Set DATABASES["{alias}"]["OPTIONS"]["pool"] = {{"min_size": 1, "max_size": {POOLED}}} or more.',
            id="consult.W007",
        )
        for alias, database in settings.DATABASES.items()
        if database.get("ENGINE", "").endswith(POSTGRESQL)
        and (size := pool_size(database.get("OPTIONS", {}).get("pool"))) < POOLED
    ]
    return [*kept, *small]


@register(Tags.security)
def daphne_is_safe(**_: Any) -> list[CheckMessage]:
    try:
        installed = version("daphne")
    except PackageNotFoundError:
        return []
    if get_version_tuple(installed) >= SAFE_DAPHNE:
        return []
    return [
        Warning(
            f"Daphne {installed} takes WebSocket messages of any size (CVE-2026-44545).",
            hint="pip install 'daphne>=4.2.2'",
            id="consult.W008",
        )
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


def _no_function(path: object) -> str:
    """What is wrong with ``path``, if anything."""
    try:
        found = import_string(path) if isinstance(path, str) else None
    except ImportError as error:
        return f"that can't be imported ({error})"
    return "" if callable(found) else "that is no function"


def pool_size(pool: object) -> float:
    """How many connections the pool of a database may have; without one there is no limit but the server's."""
    if not pool:
        return float("inf")
    options = pool if isinstance(pool, Mapping) else {}
    smallest = options.get("min_size", 4)  # psycopg's own default, and that of max_size is min_size
    return float(options.get("max_size") or smallest)


def content_security_policy() -> Mapping[str, Any]:
    """The directives of the policy that is sent with every page; none where none is sent."""
    if "django.middleware.csp.ContentSecurityPolicyMiddleware" in settings.MIDDLEWARE:
        return getattr(settings, "SECURE_CSP", {})
    if "csp.middleware.CSPMiddleware" in settings.MIDDLEWARE:
        new = (getattr(settings, "CONTENT_SECURITY_POLICY", None) or {}).get("DIRECTIVES", {})
        old = {name: getattr(settings, f"CSP_{name.upper().replace('-', '_')}", None) for name in SOURCES}
        return new or {name: sources for name, sources in old.items() if sources is not None}
    return {}


def lets(policy: Mapping[str, Any], directive: str) -> bool:
    """Whether ``policy`` lets our own files and lines through. Where the static files have a host of their own, that
    host's name is for the shop to know.
    """
    sources = policy.get(directive, policy.get("default-src"))
    if sources is None:
        return True
    named = {sources} if isinstance(sources, str) else set(sources if isinstance(sources, Iterable) else ())
    if directive != "connect-src" and "//" in str(settings.STATIC_URL):
        return bool(named - {"'none'"})
    return bool(named & {"'self'", "*"})
