from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

View = Callable[..., HttpResponse]


def from_this_shop(view: View) -> View:
    """Let a form in only from a page of this shop, judged by the Origin every browser sends with a POST.

    For forms on pages that are to stay free of cookies, and a CSRF token would be one.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}":
            return view(request, *args, **kwargs)
        return HttpResponseForbidden(_("This form was not sent from a page of this shop."))

    return csrf_exempt(guarded)
