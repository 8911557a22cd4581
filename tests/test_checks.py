"""What ``manage.py check`` tells a shop before its visitors find out."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.checks import Tags, run_checks
from django.test import override_settings

from consult.checks import VALUES
from consult.conf import DEFAULTS

SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
POSTGRESQL = {"ENGINE": "django.db.backends.postgresql"}
ROOT = Path(__file__).resolve().parents[1]
MAILBOX = {"host": "imap.shop.example", "user": "reply", "password": "secret"}


def found(*, deploy: bool = False) -> dict[str, str]:
    """The hints of what ``check`` says about consult without being told of a database, by id."""
    said = run_checks(tags=[Tags.compatibility, Tags.security, Tags.urls], include_deployment_checks=deploy)
    return {str(one.id): one.hint or "" for one in said if str(one.id).startswith("consult.")}


def test_the_example_shop_is_right() -> None:
    assert found() == {}


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("ORDER_MODELS", "Did you mean 'ORDER_MODEL'?"),
        ("label_side", "Did you mean 'LABEL_SIDE'?"),
        ("XYZ", "It knows ASSISTED_DAYS, BASKET,"),
    ],
)
def test_a_key_that_consult_does_not_know(key: str, hint: str) -> None:
    with override_settings(CONSULT={key: 1}):
        assert found()["consult.E001"].startswith(hint)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("LABEL_SIDE", "left"),
        ("LABEL_SIDE", None),
        ("SAY_BURST", 0),
        ("SAY_BURST", 2.5),
        ("SAY_BURST", True),
        ("SAY_PER_SECOND", -1),
        ("SAY_PER_SECOND", "1"),
        ("SAY_PER_SECOND", float("nan")),
        ("ASSISTED_DAYS", -3),
        ("TOKEN_DAYS", "180"),
        ("INVITATIONS_PER_VISIT", 0),
        ("INVITATIONS_PER_30_DAYS", None),
        ("INVITATIONS_HOURS_APART", -1),
        ("INVITATIONS_SILENT_DAYS", 0.5),
        ("INVITATIONS_SILENT_DAYS", 9_999_999),
        ("SEGMENTS", None),
        ("SEGMENTS", {"": "tests.test_checks.found"}),
        ("SEGMENTS", {"x" * 41: "tests.test_checks.found"}),
        ("COUNTRY_HEADER", "CF IPCountry"),
        ("COUNTRY_HEADER", 2),
        ("SITE_URL", "shop.example"),
        ("SITE_URL", "https://shop.example/en/"),
        ("SITE_URL", "https://shop.example?x"),
        ("SITE_URL", 5),
        ("LETTERS_TO", "desk@shop.example"),
        ("LETTERS_TO", ["Olga <olga@shop.example>"]),
        ("LETTERS_TO", ["a@shop.example, b@shop.example"]),
        ("LETTERS_TO", [None]),
        ("MAILER", "letters"),
        ("MAILER", ["default"]),
        ("REPLY_ADDRESS", "shop.example"),
        ("REPLY_ADDRESS", "reply+x@shop.example"),
        ("REPLY_ADDRESS", "replies-here@shop.example"),
        ("REPLY_ADDRESS", 3),
        ("REPLY_AUTHSERV", "mx.shop.example 1"),
        ("REPLY_AUTHSERV", ["mx.shop.example"]),
        ("IMAP", "imap.shop.example"),
        ("IMAP", {"host": "imap.shop.example", "user": "reply"}),
        ("IMAP", MAILBOX | {"port": "993"}),
        ("IMAP", MAILBOX | {"tls": 1}),
        ("IMAP", MAILBOX | {"ssl": True}),
        ("PHONE_REGION", "de"),
        ("PHONE_REGION", "Germany"),
        ("PHONE_REGION", ["DE"]),
    ],
)
def test_a_value_that_makes_no_sense(key: str, value: object) -> None:
    with override_settings(CONSULT={key: value}):
        assert found()["consult.E006"] == VALUES[key][1]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("LABEL_SIDE", "start"),
        ("SAY_PER_SECOND", 2),
        ("SAY_PER_SECOND", 0.5),
        ("INVITATIONS_HOURS_APART", 0),
        ("INVITATIONS_SILENT_DAYS", 0),
        ("INVITATIONS_SILENT_DAYS", 36_500),
        ("SEGMENTS", {"x" * 40: "tests.test_checks.found"}),
        ("BASKET", "tests.test_checks.found"),
        ("PLACE", None),
        ("COUNTRY_HEADER", "CF-IPCountry"),
        ("PRODUCT_MODEL", "example_shop.Product"),
        ("SITE_URL", "https://shop.example"),
        ("SITE_URL", "http://127.0.0.1:8000/"),
        ("LETTERS_TO", ["desk@shop.example"]),
        ("REPLY_AUTHSERV", "mx.shop.example"),
        ("IMAP", MAILBOX),
        ("IMAP", MAILBOX | {"port": 143, "folder": "Replies", "tls": False}),
        ("PHONE_REGION", "DE"),
    ],
)
def test_a_value_that_does(key: str, value: object) -> None:
    with override_settings(CONSULT={key: value}):
        assert found() == {}


def test_every_value_is_looked_at() -> None:
    assert VALUES.keys() | {"ORDER_MODEL", "PRODUCT_MODEL", "BASKET", "PLACE"} == DEFAULTS.keys()


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("no.such.module", "that can't be imported (No module named 'no')"),
        ("tests.test_checks.nothing", "that can't be imported (Module"),
        ("function", "that can't be imported (function doesn't look like a module path)"),
        ("tests.test_checks.ROOT", "that is no function"),
        (len, "that is no function"),
    ],
)
@pytest.mark.parametrize("key", ["BASKET", "PLACE", "SEGMENTS"])
def test_a_function_that_is_not_there(key: str, path: object, wrong: str) -> None:
    with override_settings(CONSULT={key: {"wholesale": path} if key == "SEGMENTS" else path}):
        (said,) = [one for one in run_checks(tags=[Tags.compatibility]) if one.id == "consult.E009"]
    where = "CONSULT['SEGMENTS']['wholesale']" if key == "SEGMENTS" else f"CONSULT['{key}']"
    assert said.msg.startswith(f"{where} is {path!r}, and {wrong}")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("example_shop.Produkt", "Did you mean 'example_shop.Product'?"), (5, "Write 'app_label.Model'.")],
)
def test_a_product_that_is_not_there(name: object, hint: str) -> None:
    with override_settings(CONSULT={"PRODUCT_MODEL": name}):
        assert found() == {"consult.E010": hint}


def test_a_shop_without_our_addresses() -> None:
    with override_settings(ROOT_URLCONF="tests.test_checks"):
        assert 'include("consult.urls")' in found()["consult.E007"]


urlpatterns: list[Any] = []  # the addresses of a shop that has none


def test_a_shop_without_time_zones() -> None:
    with override_settings(USE_TZ=False):
        assert found() == {"consult.E008": "Set USE_TZ = True."}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("application = get_asgi_application()\n", {"consult.W004"}),
        ('application = ProtocolTypeRouter({"websocket": sockets})\n', set()),
        ("from consult_shop.routing import application\n", set()),
    ],
)
def test_a_shop_whose_sockets_lead_nowhere(
    source: str, expected: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bare_asgi.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with override_settings(ASGI_APPLICATION="bare_asgi.application"):
        assert found().keys() == expected


@pytest.mark.parametrize("application", [None, "nowhere.asgi.application", "no.where.application"])
def test_a_shop_whose_application_is_not_to_be_seen(application: str | None) -> None:
    with override_settings(ASGI_APPLICATION=application):
        assert found() == {}


DJANGO = "django.middleware.csp.ContentSecurityPolicyMiddleware"
DJANGO_CSP = "csp.middleware.CSPMiddleware"


@pytest.mark.parametrize(
    ("middleware", "policy", "lacking"),
    [
        (DJANGO, {"SECURE_CSP": {}}, []),
        (DJANGO, {"SECURE_CSP": {"default-src": ["'self'"]}}, []),
        (DJANGO, {"SECURE_CSP": {"img-src": ["'none'"]}}, []),
        (DJANGO, {"SECURE_CSP": {"default-src": ["'self'"], "connect-src": ["https://api.example"]}}, ["connect-src"]),
        (DJANGO, {"SECURE_CSP": {"default-src": ["'none'"], "connect-src": "*"}}, ["script-src", "style-src"]),
        (DJANGO, {"SECURE_CSP": {"script-src": ["'nonce-x'", "'strict-dynamic'"]}}, ["script-src"]),
        (DJANGO, {"SECURE_CSP": {"script-src": ["cdn.example"]}, "STATIC_URL": "https://cdn.example/"}, []),
        (DJANGO_CSP, {}, []),
        (DJANGO_CSP, {"CONTENT_SECURITY_POLICY": {"DIRECTIVES": {"connect-src": ["'none'"]}}}, ["connect-src"]),
        (DJANGO_CSP, {"CSP_DEFAULT_SRC": ("'self'",), "CSP_STYLE_SRC": ("fonts.example",)}, ["style-src"]),
        ("django.middleware.common.CommonMiddleware", {"SECURE_CSP": {"default-src": ["'none'"]}}, []),
    ],
)
def test_a_policy_under_which_the_widget_is_mute(middleware: str, policy: dict[str, Any], lacking: list[str]) -> None:
    with override_settings(MIDDLEWARE=[middleware], **policy):
        said = [one for one in run_checks(tags=[Tags.security]) if one.id == "consult.W005"]
        assert [one.msg.rpartition("its ")[2] for one in said] == [
            f"{directive} lacks 'self'." for directive in lacking
        ]


@pytest.mark.parametrize(
    ("database", "expected"),
    [
        (POSTGRESQL, set()),
        (POSTGRESQL | {"CONN_MAX_AGE": 0}, set()),
        (POSTGRESQL | {"CONN_MAX_AGE": 600}, {"consult.W006"}),
        (POSTGRESQL | {"CONN_MAX_AGE": None}, {"consult.W006"}),
        (POSTGRESQL | {"OPTIONS": {"pool": True}}, {"consult.W007"}),
        (POSTGRESQL | {"OPTIONS": {"pool": {"min_size": 2}}}, {"consult.W007"}),
        (POSTGRESQL | {"OPTIONS": {"pool": {"max_size": 12}}}, set()),
        (POSTGRESQL | {"OPTIONS": {"pool": {"min_size": 10}}}, set()),
    ],
)
def test_connections_that_are_too_many_or_too_few(
    database: dict[str, Any], expected: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_in(monkeypatch, {"default": database})
    assert found().keys() == expected


@pytest.mark.parametrize(("installed", "expected"), [("4.2.1", {"consult.W008"}), ("4.2.2", set()), ("5.0", set())])
def test_a_server_that_takes_anything(installed: str, expected: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consult.checks.version", lambda name: installed)
    assert found().keys() == expected


def test_every_check_and_every_setting_is_in_the_docs() -> None:
    written = (ROOT / "docs" / "settings.md").read_text()
    sources = "".join(path.read_text() for path in (ROOT / "consult").rglob("checks.py"))
    assert set(re.findall(r"^\| `consult\.([EW]\d+)`", written, re.MULTILINE)) == set(
        re.findall(r'id="consult\.([EW]\d+)"', sources)
    )
    for key, value in DEFAULTS.items():
        assert key in written
        assert f"`{str(value) if not isinstance(value, str) else chr(34) + value + chr(34)}`" in written


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
        POSTGRESQL,
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
    others = {name: getattr(settings, name, None) for name in ("ASGI_APPLICATION", "MIDDLEWARE", "USE_TZ")}
    monkeypatch.setattr("consult.checks.settings", SimpleNamespace(DATABASES=databases, **others))
