"""DATABASE_URL for PostgreSQL: which of libpq's parameters are taken, and which are refused.

The driver takes what it does not know for a setting of the server, which then refuses to let
anybody in. (postgresql.org/docs/current/libpq-connect.html, "Parameter Key Words")
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

CONNECT_TIMEOUT = 3.0  # seconds
LONGEST_TIMEOUT = 60.0  # seconds
BY_THE_DRIVER = frozenset({
    "host", "port", "dbname", "database", "user", "password", "passfile", "sslmode", "sslcert",
    "sslkey", "sslrootcert", "sslnegotiation", "sslcrl", "sslpassword", "ssl_min_protocol_version",
    "ssl_max_protocol_version", "target_session_attrs", "krbsrvname", "gsslib",
})  # fmt: skip
BY_THE_SERVER = frozenset({"application_name", "options"})
# Parameters that mean nothing here with these values, and cannot be had with others.
HARMLESS: Mapping[str, frozenset[str]] = {
    "channel_binding": frozenset({"disable", "prefer"}),
    "gssencmode": frozenset({"disable", "prefer"}),
    "client_encoding": frozenset({"utf8", "utf-8", "auto"}),
    "sslcompression": frozenset({"0"}),
    "keepalives": frozenset({"1"}),
    "load_balance_hosts": frozenset({"disable"}),
}


class UrlError(ValueError):
    """One line that names the parameter."""


@dataclass(frozen=True)
class Address:
    dsn: str = field(repr=False)  # it holds the password
    timeout: float = CONNECT_TIMEOUT  # seconds to connect
    # How many prepared statements a connection keeps: 0 behind a pooler in transaction mode.
    statements: int | None = None
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, Any]:
        """For the driver."""
        given: dict[str, Any] = {
            "dsn": self.dsn,
            "timeout": self.timeout,
            "server_settings": dict(self.settings),
        }
        return (
            given if self.statements is None else given | {"statement_cache_size": self.statements}
        )


def read_address(url: str) -> Address:
    """Raises UrlError."""
    parts = urlsplit(url)
    kept: list[tuple[str, str]] = []
    settings = {"application_name": "srhooks"}
    timeout, statements = CONNECT_TIMEOUT, None
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name in BY_THE_DRIVER:
            kept.append((name, value))
        elif name in BY_THE_SERVER:
            settings[name] = value
        elif name == "fallback_application_name":
            settings.setdefault("application_name", value)
        elif name == "connect_timeout":
            timeout = float(_whole(name, value)) or CONNECT_TIMEOUT
        elif name == "statement_cache_size":
            statements = _whole(name, value)
        elif value.lower() not in HARMLESS.get(name, ()):
            raise UrlError(_refusal(name, value))
    dsn = urlunsplit(parts._replace(query=urlencode(kept)))
    return Address(dsn, min(timeout, LONGEST_TIMEOUT), statements, settings)


def _whole(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 7):
        raise UrlError(f"DATABASE_URL: {name} must be a whole number, not {value!r}")
    return int(value)


def _refusal(name: str, value: str) -> str:
    if name in HARMLESS:
        choices = " or ".join(sorted(HARMLESS[name]))
        return f"DATABASE_URL: {name}={value} is not supported: leave it out, or say {choices}"
    return f"DATABASE_URL: the parameter {name!r} is not supported: leave it out"
