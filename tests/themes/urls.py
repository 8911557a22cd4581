from __future__ import annotations

from django.urls import include, path

from example_shop.urls import urlpatterns as shop
from tests.themes.settings import THEME

urlpatterns = [path("grappelli/", include("grappelli.urls")), *shop] if THEME == "grappelli" else shop
