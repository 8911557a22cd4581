"""Which pages may talk to us: those that Django's CSRF protection would trust.

The same rule as django.middleware.csrf: our own scheme, host and port (behind a proxy as SECURE_PROXY_SSL_HEADER and
USE_X_FORWARDED_HOST say), or what CSRF_TRUSTED_ORIGINS lists. A missing Origin is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.utils.http import is_same_domain

if TYPE_CHECKING:
    from django.http import HttpRequest


def allowed(request: HttpRequest) -> bool:
    """Whether ``request`` was sent by a page we trust. Asks no database and raises nothing."""
    origin = request.META.get("HTTP_ORIGIN", "")
    try:
        ours = f"{request.scheme}://{request.get_host()}"
        named = urlsplit(origin)
    except (DisallowedHost, ValueError):
        return False
    if origin == ours or origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    return any(
        named.scheme == trusted.scheme and is_same_domain(named.netloc, trusted.netloc.lstrip("*"))
        for trusted in map(urlsplit, settings.CSRF_TRUSTED_ORIGINS)
        if trusted.netloc.startswith("*")
    )
