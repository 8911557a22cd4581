"""What a browser says of the page it would show an invitation on, as far as it is kept."""

from __future__ import annotations

from typing import Any

from consult.chat import text, visits
from consult.invitations.models import Device

NUMBERS = ("page_s", "site_s", "pages", "visits", "idle_s")
UTM = ("source", "medium", "campaign")
LARGEST = 2**31
LONGEST = 200  # characters of a kind or a campaign
LONGEST_PATH = 1_000


def cleaned(said: object) -> dict[str, Any]:
    """Those facts of ``said`` that ``trigger.js`` judges by and that are as they should be; all else counts as unsaid.

    Of the address only the path: what stands behind it may let in whoever has it.
    """
    claims = said if isinstance(said, dict) else {}
    path = _cut(claims.get("path"), LONGEST_PATH).partition("?")[0].partition("#")[0]
    device, utm = claims.get("device"), claims.get("utm")
    kept = {
        "kind": _cut(claims.get("kind"), LONGEST),
        "path": path if path.startswith("/") else "",
        "referrer": visits.address(claims.get("referrer")),
        "device": device if device in Device.values else "",
        "utm": _campaign(utm if isinstance(utm, dict) else {}),
        **{name: claims[name] for name in NUMBERS if _is_number(claims.get(name))},
        **({"leaving": True} if claims.get("leaving") is True else {}),
    }
    return {name: value for name, value in kept.items() if value not in ("", {})}


def _campaign(utm: dict[str, Any]) -> dict[str, str]:
    said = {name: _cut(utm.get(name), LONGEST) for name in UTM}
    return {name: value for name, value in said.items() if value}


def _cut(said: object, limit: int) -> str:
    return text.clean(said, limit=limit) if isinstance(said, str) else ""


def _is_number(said: object) -> bool:
    return isinstance(said, int | float) and not isinstance(said, bool) and 0 <= said <= LARGEST
