"""How calls leave this machine: straight, or by a proxy; which certificates are trusted.

A proxy is used only when it was asked for, and only for https: what is sent is encrypted between
us and the host that is called, and the proxy sees no more than that host's name (RFC 9110, 9.3.6).
"""

import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import unquote

import aiohttp
from yarl import URL

Reader = Callable[[str], str | None]
LOOPBACK_NAME = "localhost"
PROXY_EXAMPLE = "HTTPS_PROXY must be such as http://user:password@proxy.example.com:3128"


class EgressError(ValueError):
    """One line for the person who set the program up; it holds no secret."""


@dataclass(frozen=True, kw_only=True)
class Egress:
    proxy: URL | None = field(default=None, repr=False)  # without user and password
    proxy_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    direct_hosts: tuple[str, ...] = ()  # NO_PROXY, lower case
    tls: ssl.SSLContext | None = field(default=None, compare=False)  # None: the system's

    def proxy_for(self, url: URL) -> URL | None:
        """The proxy that a call goes by, if any."""
        host = (url.host or "").lower()
        if self.proxy is None or url.scheme not in {"https", "wss"} or is_loopback(host):
            return None
        if any(_matches(host, url.port, rule) for rule in self.direct_hosts):
            return None
        return self.proxy

    def leads_by_proxy(self, url: str) -> bool:
        """Whether the host of an address is reached by the proxy, were it https."""
        return self.proxy_for(URL(url).with_scheme("https")) is not None

    async def middleware(
        self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Of an HTTP session: it chooses the way at the last moment, so no caller can forget it."""
        proxy = self.proxy_for(request.url)
        if proxy is not None:
            request.update_proxy(proxy, None, dict(self.proxy_headers))
        return await send(request)


DIRECT = Egress()


def load_egress(get: Reader) -> Egress:
    """From the settings. Raises EgressError."""
    ca_file = get("CA_FILE")
    tls = _trusting(Path(ca_file)) if ca_file else None
    asked = (get("USE_PROXY") or "no").lower()
    if asked not in {"yes", "no"}:
        raise EgressError(f"USE_PROXY must be one of yes, no, not {asked!r}")
    address, rules = get("HTTPS_PROXY"), (get("NO_PROXY") or "").lower()
    if asked == "no":
        return Egress(tls=tls)
    if not address:
        raise EgressError("USE_PROXY is yes, and HTTPS_PROXY is not set: it names the proxy")
    proxy, headers = _proxy(address)
    direct_hosts = tuple(rules.replace(",", " ").split())
    return Egress(proxy=proxy, proxy_headers=headers, direct_hosts=direct_hosts, tls=tls)


def is_loopback(host: str) -> bool:
    """Whether a host, by its name or as an address, is this machine itself."""
    if host.lower() == LOOPBACK_NAME:
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _trusting(ca_file: Path) -> ssl.SSLContext:
    """The system's authorities and those of a file. Raises EgressError."""
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca_file)
    except ssl.SSLError:
        raise EgressError(f"CA_FILE: {ca_file} holds no certificates in PEM form") from None
    except OSError as error:
        raise EgressError(f"CA_FILE: cannot read {ca_file}: {error.strerror}") from None
    return context


def _proxy(address: str) -> tuple[URL, dict[str, str]]:
    """Its address, and what it is told about who comes. The value may hold a password."""
    try:
        url = URL(address if "://" in address else f"http://{address}")
        port = url.explicit_port
        user, password = url.raw_user, url.raw_password
    except ValueError:
        raise EgressError(f"{PROXY_EXAMPLE}; percent-encode special characters") from None
    plain = address.isprintable() and " " not in address
    if not plain or url.scheme not in {"http", "https"} or not url.host or port == 0:
        raise EgressError(PROXY_EXAMPLE)
    if url.path not in {"", "/"} or url.query or url.fragment:
        raise EgressError(f"{PROXY_EXAMPLE}, without a path")
    headers = {}
    if user is not None:
        pair = f"{unquote(user)}:{unquote(password or '')}".encode()
        headers["Proxy-Authorization"] = f"Basic {b64encode(pair).decode()}"
    return url.with_user(None), headers


def _matches(host: str, port: int | None, rule: str) -> bool:
    """NO_PROXY: `*`, a host and all below it, an IP address or network; each with a port or not."""
    name, colon, rule_port = rule.rpartition(":")
    if colon and rule_port.isdigit() and (":" not in name or name.endswith("]")):
        if int(rule_port) != port:
            return False
        rule = name
    rule = rule.strip("[]")
    if rule == "*":
        return True
    try:
        return ip_address(host) in ip_network(rule, strict=False)
    except ValueError:
        name = rule.removeprefix("*").lstrip(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
