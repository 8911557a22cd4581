"""The example shop with its admin in the clothes that the environment variable THEME names."""

from __future__ import annotations

import os

from example_shop.settings import *

THEME = os.environ["THEME"]  # "stock", or the app that the theme is
if THEME != "stock":
    INSTALLED_APPS = [THEME, *INSTALLED_APPS]
ROOT_URLCONF = "tests.themes.urls"

# Themes write inline code: the shop that chose one can't have the policy that the example shop has.
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("example_shop.content_security")]
# Nor do all of them name their own files so that they can be hashed.
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}

JAZZMIN_SETTINGS = {"use_google_fonts_cdn": False}
JAZZMIN_UI_TWEAKS = {"default_theme_mode": "auto"}
