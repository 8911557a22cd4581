"""In which language a form is read: that of the page it is shown on, which may not be the one of the request."""

from __future__ import annotations

from contextlib import AbstractContextManager

from django.http import HttpRequest
from django.utils import translation


def asked(request: HttpRequest) -> AbstractContextManager[None]:
    """The language of ``?language=`` as the shop has it, else the one that is active already."""
    try:
        language = translation.get_supported_language_variant(request.GET.get("language", ""))
    except LookupError:
        language = translation.get_language()
    return translation.override(language)
