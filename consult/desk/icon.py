"""The icon of the desk's tab, which says how many wait: drawn here, since a strict policy allows no `data:`."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

MOST = 9  # more than this is "9+": an icon is 16 pixels wide

BUBBLE = (
    '<path fill="#417690" d="M4 3h24a3 3 0 0 1 3 3v15a3 3 0 0 1-3 3H15l-8 7v-7H4a3 3 0 0 1-3-3V6a3 3 0 0 1 3-3z"/>'
)
MARK = (
    '<circle cx="20" cy="20" r="12" fill="#ba2121"/>'
    '<text x="20" y="26" fill="#fff" font-family="sans-serif" font-size="{size}" font-weight="700" '
    'text-anchor="middle">{text}</text>'
)


@require_safe
@cache_control(public=True, max_age=24 * 60 * 60)
def show(request: HttpRequest, count: int) -> HttpResponse:
    """A bubble, and on it ``count`` if any. It tells nothing of anybody: who asks for a number gets it.

    Raises Http404 for more than it tells apart: what any cache may keep must not have endless addresses.
    """
    if count > MOST + 1:
        raise Http404
    mark = MARK.format(text=count if count <= MOST else f"{MOST}+", size=17 if count <= MOST else 14) if count else ""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{BUBBLE}{mark}</svg>'
    return HttpResponse(svg, content_type="image/svg+xml")
