"""The one place that reads ``settings.CONSULT``.

Every key has a default, is read at use (so ``override_settings`` works) and is checked by name in ``consult.checks``.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    # "app_label.Model" of the shop's order, which inherits consult.orders.SourcedOrder. None: the shop tags no orders.
    "ORDER_MODEL": None,
    # Where the label stands, along the line of text: "end" is the right in English, the left in Arabic.
    "LABEL_SIDE": "end",
    # What one author may say at once, and per second after that.
    "SAY_BURST": 10,
    "SAY_PER_SECOND": 1.0,
    # Days after a conversation within which an order counts as assisted by it.
    "ASSISTED_DAYS": 3,
    # Days after which a browser that has not come back is forgotten.
    "TOKEN_DAYS": 180,
}


class Conf:
    """``conf.LABEL_SIDE`` is what the shop set, or the default.

    Raises AttributeError for a name that is not a setting of consult.
    """

    ORDER_MODEL: str | None
    LABEL_SIDE: str
    SAY_BURST: int
    SAY_PER_SECOND: float
    ASSISTED_DAYS: int
    TOKEN_DAYS: int

    def __getattr__(self, name: str) -> Any:
        if name not in DEFAULTS:
            raise AttributeError(name)
        return chosen().get(name, DEFAULTS[name])


def chosen() -> dict[str, Any]:
    """What the shop wrote into ``settings.CONSULT``, unchecked."""
    return getattr(settings, "CONSULT", {})


conf = Conf()
