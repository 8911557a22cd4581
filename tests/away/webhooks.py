"""The addresses of a shop that lets its provider hand on what comes in by mail."""

from __future__ import annotations

from django.urls import include, path

from example_shop.urls import urlpatterns as those_of_the_shop

urlpatterns = [*those_of_the_shop, path("anymail/", include("anymail.urls"))]
