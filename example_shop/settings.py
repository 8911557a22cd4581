"""The example shop's settings. With an empty environment: SQLite, one process, DEBUG off, all files in var/demo."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import django
import environ
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _


def kept_secret(path: Path) -> str:
    """The key in this file, made at the first start: sessions survive a restart, and no key stands in the code."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(get_random_secret_key())
        # Of two processes that start together one wins, and neither reads a half-written key.
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        draft.unlink()
    return path.read_text()


env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(env.str("SHOP_VAR", default=str(BASE_DIR / "var" / "demo")))
VAR.mkdir(parents=True, exist_ok=True)

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or kept_secret(VAR / "secret_key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "servestatic",
    "channels",
    "consult",
    "example_shop",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "example_shop.content_security.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "example_shop.urls"
ASGI_APPLICATION = "example_shop.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "example_shop.basket.in_the_header",
            ],
        },
    },
]

# consult

CONSULT = {
    "ORDER_MODEL": "example_shop.Order",
    "PRODUCT_MODEL": "example_shop.Product",
    "BASKET": "example_shop.basket.for_consult",
    "SEGMENTS": {"regulars": "example_shop.segments.is_regular"},
    "SITE_URL": env.str("SITE_URL", default="http://127.0.0.1:8000"),
    "PHONE_REGION": "DE",
}

# Where things are kept: a file and one process by default; Postgres, Redis and many processes by these two variables.

database: dict[str, Any] = env.db_url("DATABASE_URL", default=f"sqlite:///{VAR / 'shop.sqlite3'}")
if database["ENGINE"] == "django.db.backends.sqlite3":
    # A transaction that reads first and writes later would be refused at once under SQLite's default mode.
    database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    # Under ASGI requests come on many threads: a pool serves them all, a connection kept by each would not.
    database["CONN_MAX_AGE"] = 0
    database["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 12}} | database.get("OPTIONS", {})
DATABASES = {"default": database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

if redis := env.str("REDIS_URL", default=""):
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [redis]}},
    }

# Letters are written into files unless EMAIL_URL says otherwise.

mail: dict[str, Any] = env.email_url("EMAIL_URL", default=f"filemail:///{VAR / 'mail'}")
MAIL_FOLDER: str = mail["EMAIL_FILE_PATH"]  # "" where it goes to a server
if mail["EMAIL_BACKEND"].endswith("smtp.EmailBackend"):
    mail["EMAIL_TIMEOUT"] = 30  # seconds without a word from the server
DEFAULT_FROM_EMAIL = "Lampwick <hello@lampwick.example>"
if django.VERSION >= (6, 1):
    options = {
        "EMAIL_FILE_PATH": "file_path",
        "EMAIL_HOST": "host",
        "EMAIL_PORT": "port",
        "EMAIL_HOST_USER": "username",
        "EMAIL_HOST_PASSWORD": "password",
        "EMAIL_USE_TLS": "use_tls",
        "EMAIL_USE_SSL": "use_ssl",
        "EMAIL_TIMEOUT": "timeout",
    }
    MAILERS = {
        "default": {
            "BACKEND": mail["EMAIL_BACKEND"],
            "OPTIONS": {options[name]: value for name, value in mail.items() if name in options and value},
        },
    }
else:
    EMAIL_BACKEND = mail["EMAIL_BACKEND"]
    EMAIL_FILE_PATH = mail["EMAIL_FILE_PATH"]
    EMAIL_HOST = mail["EMAIL_HOST"] or "localhost"
    EMAIL_PORT = mail["EMAIL_PORT"] or 25
    EMAIL_HOST_USER = mail["EMAIL_HOST_USER"] or ""
    EMAIL_HOST_PASSWORD = mail["EMAIL_HOST_PASSWORD"] or ""
    EMAIL_USE_TLS = mail.get("EMAIL_USE_TLS", False)
    EMAIL_USE_SSL = mail.get("EMAIL_USE_SSL", False)
    EMAIL_TIMEOUT = mail.get("EMAIL_TIMEOUT")

# Accounts

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "shop:catalogue"
LOGOUT_REDIRECT_URL = "shop:catalogue"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Languages and time

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Berlin"

# Static files: hashed, compressed and immutable; with DEBUG straight from the sources.

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "servestatic.storage.CompressedManifestStaticFilesStorage"
        ),
    },
}

SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Frames are at most 32 KiB, which consult refuses by itself; this bounds what Daphne would gather before asking.

DAPHNE_WEBSOCKET_MAX_MESSAGE_SIZE = 64 * 1024
DAPHNE_WEBSOCKET_MAX_FRAME_SIZE = 64 * 1024

# What `check --deploy` asks for and this shop, on one's own machine, can't have: TLS; and, while the environment names
# neither, a mail server and a channel layer.

SILENCED_SYSTEM_CHECKS = [
    "security.W004",
    "security.W008",
    "security.W012",
    "security.W016",
    *([] if redis else ["consult.W001"]),
    *(["mail.E001"] if MAIL_FOLDER else []),
]
