"""Where somebody is, by what the shop has for it. Nobody outside is asked."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from consult.conf import conf
from consult.invitations.audience import Place

UNKNOWN = "XX"  # as CDNs write it; the Tor network is T1, which is no country either


def of(request: HttpRequest) -> Place:
    """By the CDN's header, or else by the address. Raises what GeoIP2 does for a database that it can't read."""
    code = country(request.headers.get(conf.COUNTRY_HEADER, "")) if conf.COUNTRY_HEADER else ""
    return Place(code) if code else by_address(request.META.get("REMOTE_ADDR", ""))


def country(said: str) -> str:
    """The code of a country that ``said`` is, or ""."""
    code = said.strip().upper()
    return code if re.fullmatch("[A-Z]{2}", code) and code != UNKNOWN else ""


def by_address(remote: str) -> Place:
    path = getattr(settings, "GEOIP_PATH", None)
    if not path or find_spec("geoip2") is None:
        return Place()
    from geoip2.errors import AddressNotFoundError

    known = database(str(path))
    try:
        address = ip_address(remote)  # as an address: GeoIP2 would ask the name servers for anything else
        found = known.city(address) if known.is_city else known.country(address)
    except (ValueError, AddressNotFoundError):
        return Place()
    return Place(found["country_code"] or "", found.get("region_name") or "")


@lru_cache
def database(path: str) -> Any:
    """The shop's GeoIP2, opened once."""
    from django.contrib.gis.geoip2 import GeoIP2  # it is only there with the package

    return GeoIP2(path)
