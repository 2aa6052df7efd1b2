"""Which addresses an import may reach: all public ones, and of the networks inside those that are configured."""

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address
Lookup = Callable[[str], Iterable[str]]
NAT64 = ip_network("64:ff9b::/96")  # IPv4 addresses as IPv6-only networks see them (RFC 6052)


class FencedError(Exception):
    """An import wants to go where it may not."""


class Fence:
    """Decides on addresses. ``networks`` are those inside that are open; ``lookup`` names a host's addresses."""

    def __init__(self, networks: Iterable[str], lookup: Lookup) -> None:
        self._networks = [ip_network(network) for network in networks]
        self._lookup = lookup

    def open_to(self, address: Address) -> bool:
        """Tell whether an import may reach the address."""
        return public(address) or any(address in network for network in self._networks)

    def way_to(self, host: str) -> str:
        """Return the address of ``host`` to connect to, IPv4 before IPv6; raise FencedError when there is none.

        Whoever connects to the host must use this address, and not look the name up again: its owner may answer
        otherwise the next time. Blocks: call it in a thread.
        """
        try:
            found = sorted({ip_address(address) for address in self._lookup(host)}, key=lambda one: (one.version, one))
        except (OSError, UnicodeError, ValueError) as error:
            raise FencedError(f"{host} has no address: {error}") from error
        allowed = [str(address) for address in found if self.open_to(address)]
        if not allowed:
            raise FencedError(f"{host} is in a network that imports may not reach")
        return allowed[0]


def public(address: Address) -> bool:
    """Tell whether an address is of the public internet, looking through those that carry another."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return public(inner)
    return address.is_global and not address.is_multicast


def system_lookup(host: str) -> list[str]:
    """Return the addresses that the system knows of a host."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
