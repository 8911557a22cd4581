"""A socket's handshake, as the request that Django would have made of it."""

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest
from django.utils.functional import SimpleLazyObject

SECURE = {"ws": "http", "wss": "https"}


def request_of(scope: dict[str, Any]) -> ASGIRequest | None:
    """The request behind a handshake: headers, cookies, and the session and its user, read when first asked for.

    None where the headers are none that Django would accept.
    """
    scheme = SECURE.get(scope.get("scheme", "ws"), scope.get("scheme"))
    try:
        request = ASGIRequest({**scope, "type": "http", "method": "GET", "scheme": scheme}, BytesIO())
    except (ValueError, UnicodeError):
        return None
    sessions = import_module(settings.SESSION_ENGINE).SessionStore
    request.session = sessions(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    request.user = SimpleLazyObject(lambda: get_user(request))  # type: ignore[assignment]
    return request
