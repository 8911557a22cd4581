"""The strictest policy the shop's pages can live under, sent with every answer."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
    ]
)
TRUSTED_TYPES = "require-trusted-types-for 'script'"


def policy_for(path: str) -> str:
    """The policy of this page: everywhere without inline code, with Trusted Types wherever the scripts can take it.

    Django's own admin writes HTML by jQuery, which Trusted Types forbid; the desk is consult's and doesn't.
    """
    stock_admin = path.startswith(reverse("admin:index")) and not path.startswith(
        reverse("admin:consult_desk_changelist")
    )
    return POLICY if stock_admin else f"{POLICY}; {TRUSTED_TYPES}"


class ContentSecurityPolicy(MiddlewareMixin):
    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Content-Security-Policy", policy_for(request.path))
        return response
