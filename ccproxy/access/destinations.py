"""Where a provider may be that was named over HTTP: not at the addresses by which a cloud tells a machine its secrets.

A URL in the configuration file is the operator's word. One that comes through the administration may be a trick to make
us fetch what only this machine can reach (SSRF). Private networks and this machine are where local models run, so they
are allowed; link-local addresses and the metadata services of clouds are not, in whatever way they are written.
"""

import ipaddress
import socket

from ccproxy.access.networks import Address, address

METADATA_HOSTS = frozenset({"metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal"})
"""Names by which clouds' metadata services are known, whatever they resolve to here."""

_METADATA = frozenset(
    {
        ipaddress.ip_address("100.100.100.200"),  # Alibaba
        ipaddress.ip_address("192.0.0.192"),  # Oracle
        ipaddress.ip_address("fd00:ec2::254"),  # Amazon, over IPv6
        ipaddress.ip_address("fd20:ce::254"),  # Google, over IPv6
        ipaddress.ip_address("168.63.129.16"),  # Azure
    }
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")


def literal(host: str) -> Address | None:
    """The address that a URL's host is, in any of the ways in which resolvers take one (`169.254.169.254`,
    `2852039166`, `0xa9.0xfe.43518`, `[fe80::1%eth0]`); None for a name."""
    text = host.strip("[]").rstrip(".")
    found = address(text)
    if found is not None:
        return found
    try:
        return ipaddress.IPv4Address(socket.inet_aton(text))
    except (OSError, ValueError):
        return None


def is_metadata_host(host: str) -> bool:
    """Whether this name is known for a metadata service."""
    return host.rstrip(".").lower() in METADATA_HOSTS


def is_forbidden(found: Address) -> bool:
    """Whether nobody should be sent to this address by a request of ours."""
    if isinstance(found, ipaddress.IPv6Address):
        inner = _inner(found)
        if inner is not None and is_forbidden(inner):
            return True
    return found.is_link_local or found.is_multicast or found in _METADATA


def _inner(found: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address within one of IPv6 that leads there."""
    if found.ipv4_mapped is not None:
        return found.ipv4_mapped
    if found in _NAT64:
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    if found in _SIX_TO_FOUR:
        return found.sixtofour
    return None
