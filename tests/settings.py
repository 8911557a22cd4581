"""The example shop as tests want it: all it writes in a folder of its own, quick passwords, plain static files."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

if "SHOP_VAR" not in os.environ:
    os.environ["SHOP_VAR"] = tempfile.mkdtemp(prefix="consult-tests-")
    atexit.register(shutil.rmtree, os.environ["SHOP_VAR"], ignore_errors=True)

from example_shop.settings import *

INSTALLED_APPS = [*INSTALLED_APPS, "anymail"]  # as where a provider hands on what comes in by mail

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file: each thread has a connection of its own, and one in memory would show each an empty database.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR / "test.sqlite3")}
    # Nobody pulls the plug on it, so that nothing has to wait for the disk.
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
STATIC_ROOT.mkdir(exist_ok=True)  # nothing was collected, and servestatic warns of a folder that is missing
