"""Where a request comes from, to count by."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from django.http import HttpRequest


def network_of(request: HttpRequest) -> str:
    """The address it came from, of IPv6 the network: one household has more addresses than there are shops."""
    said: str = request.META.get("REMOTE_ADDR", "")
    try:
        address = ip_address(said.partition("%")[0])
    except ValueError:
        return said
    if not isinstance(address, IPv6Address):
        return said
    # A server that listens on IPv6 too writes the addresses of IPv4 so: of one network all of them.
    return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
