"""The settings, read once from the environment. A wrong one is a `SettingsError` that names it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from srhooks.egress import DIRECT, Egress, EgressError, load_egress

DEFAULT_SCOPES = "webhooks_manage jobs_read candidates_read user_me_read approvals_read"
LOGIN_METHODS = ("oauth", "api-key", "client-credentials")
# Each may be given as the path of a file with its value instead, in NAME_FILE.
FROM_FILE = (
    "SMARTRECRUITERS_CLIENT_ID", "SMARTRECRUITERS_CLIENT_SECRET", "SESSION_SECRET", "DATABASE_URL",
    "LISTEN_DATABASE_URL", "METRICS_TOKEN", "SMTP_URL", "ALERT_WEBHOOK_SECRET",
    "ALERT_APPRISE_URLS", "HTTPS_PROXY",
)  # fmt: skip
ADDRESS = re.compile(r"[^\s@<>(),;:\"\[\]\\]{1,64}@[A-Za-z0-9.-]{1,253}")
LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
LOG_FORMATS = ("console", "json")
MIN_SECRET = 32
MAX_DAYS = 3650

Reader = Callable[[str], str | None]


class SettingsError(Exception):
    """One line for the person who set the program up."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    session_secrets: tuple[str, ...]  # the first encrypts, all decrypt
    client_id: str = ""  # of the OAuth app; empty: there is none
    client_secret: str = ""
    app_url: str = "http://localhost:8080"  # no trailing slash
    host: str = "127.0.0.1"
    port: int = 8080
    database_url: str = "sqlite:///srhooks.db"
    listen_database_url: str = ""  # for what processes tell each other; empty: database_url
    database_wait: int = 60  # seconds for another process to leave the database
    api_url: str = "https://api.smartrecruiters.com"  # no trailing slash
    identity_url: str = "https://www.smartrecruiters.com"  # no trailing slash
    scopes: str = DEFAULT_SCOPES
    login_methods: tuple[str, ...] = ()  # none: as the OAuth app is set or not
    allowed_companies: tuple[str, ...] = ()  # none: any
    session_max_age: int = 43200  # seconds without use
    session_lifetime: int = 30 * 86_400  # seconds in all
    retention_days: int = 30
    max_body_bytes: int = 1048576
    log_level: str = "info"
    log_format: str = "console"
    metrics_token: str | None = None
    watch_interval: float = 300  # seconds; 0: off
    smtp_url: str | None = None  # smtp:// or smtps://, with user and password
    smtp_from: str = ""
    smtp_trusted_domains: tuple[str, ...] = ()  # lower case
    alert_webhook_url: str | None = None
    alert_webhook_secret: str = ""
    alert_apprise_urls: tuple[str, ...] = ()
    heartbeat_url: str | None = None
    backfill: str = "ask"  # or "auto": what was missed is stored by itself
    erase_deleted_candidates: bool = False
    egress: Egress = DIRECT

    def offers(self, method: str) -> bool:
        """Whether people may log in this way."""
        by_default = ("oauth",) if self.client_id else ("api-key", "client-credentials")
        return method in (self.login_methods or by_default)

    @property
    def secure_cookies(self) -> bool:
        return self.app_url.startswith("https://")

    @property
    def redirect_uri(self) -> str:
        return f"{self.app_url}/auth/callback"

    def hook_url(self, hook_id: str) -> str:
        return f"{self.app_url}/hooks/{hook_id}"


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check every setting. Raises SettingsError for the first that is missing or wrong."""
    get = _reader(environ)
    client_id, client_secret = _oauth_app(get)
    api_url = _url(get, "SMARTRECRUITERS_API_URL", Settings.api_url)
    identity_url = _url(get, "SMARTRECRUITERS_IDENTITY_URL", Settings.identity_url)
    return Settings(
        client_id=client_id,
        client_secret=client_secret,
        login_methods=_login_methods(get("LOGIN_METHODS"), has_oauth_app=bool(client_id)),
        allowed_companies=_companies(get("ALLOWED_COMPANIES")),
        session_secrets=_secrets(_required("SESSION_SECRET", get)),
        app_url=_origin(get, "APP_URL", Settings.app_url),
        host=get("HOST") or Settings.host,
        port=_number(get, "PORT", Settings.port, 0, 65535),
        database_url=_database(get("DATABASE_URL") or Settings.database_url),
        listen_database_url=_listen_database(get("LISTEN_DATABASE_URL")),
        database_wait=_number(get, "DATABASE_WAIT", Settings.database_wait, 0, 86_400),
        api_url=api_url,
        identity_url=identity_url,
        egress=_egress(
            get,
            SMARTRECRUITERS_API_URL=api_url,
            SMARTRECRUITERS_IDENTITY_URL=identity_url,
        ),
        scopes=" ".join((get("SMARTRECRUITERS_SCOPES") or DEFAULT_SCOPES).split()),
        session_max_age=_number(get, "SESSION_MAX_AGE", Settings.session_max_age, 1, 31_536_000),
        session_lifetime=_number(get, "SESSION_LIFETIME", Settings.session_lifetime, 1, 31_536_000),
        retention_days=_number(get, "RETENTION_DAYS", Settings.retention_days, 1, MAX_DAYS),
        max_body_bytes=_number(get, "MAX_BODY_BYTES", Settings.max_body_bytes, 1, 64 * 1024 * 1024),
        log_level=_choice(get, "LOG_LEVEL", Settings.log_level, LOG_LEVELS),
        log_format=_choice(get, "LOG_FORMAT", Settings.log_format, LOG_FORMATS),
        metrics_token=get("METRICS_TOKEN"),
        watch_interval=_number(get, "WATCH_INTERVAL", int(Settings.watch_interval), 0, 86_400),
        **_alerts(get),
        backfill=_choice(get, "BACKFILL", Settings.backfill, ("ask", "auto")),
        erase_deleted_candidates=_choice(get, "ERASE_DELETED_CANDIDATES", "no", ("yes", "no"))
        == "yes",
    )


def load_client_egress(environ: Mapping[str, str]) -> Egress:
    """For a program that calls srhooks. Raises SettingsError."""
    return _egress(_reader(environ))


def _egress(get: Reader, **addresses: str) -> Egress:
    """How calls leave; `addresses` are those that credentials are sent to."""
    try:
        egress = load_egress(get)
    except EgressError as error:
        raise SettingsError(str(error)) from None
    for name, address in addresses.items():
        if address.startswith("http://") and egress.leads_by_proxy(address):
            raise SettingsError(
                f"{name} is not https: the proxy would read what is sent there. Use https, or name"
                " its host in NO_PROXY"
            )
    return egress


def load_database_url(environ: Mapping[str, str]) -> str:
    """For a command that needs the database alone. Raises SettingsError."""
    return _database(_reader(environ)("DATABASE_URL") or Settings.database_url)


def check_database_url(name: str, value: str) -> None:
    """For a command that is given an address. Raises SettingsError, which calls it `name`."""
    try:
        _database(value)
    except SettingsError as error:
        raise SettingsError(str(error).replace("DATABASE_URL", name)) from None


def _reader(environ: Mapping[str, str]) -> Reader:
    def get(name: str) -> str | None:
        value = environ.get(name, "").strip()
        path = environ.get(f"{name}_FILE", "").strip()
        if name in FROM_FILE and path:
            if value:
                raise SettingsError(f"{name} and {name}_FILE are both set: keep one of them")
            try:
                value = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "not a text file"
                raise SettingsError(f"{name}_FILE: cannot read {path}: {reason}") from None
        return value or None

    return get


def _required(name: str, get: Reader) -> str:
    value = get(name)
    if not value:
        raise SettingsError(f"{name} is not set (or give the path of a file in {name}_FILE)")
    return value


def _alerts(get: Reader) -> dict[str, Any]:
    """How people are told of incidents."""
    smtp_url, sender = get("SMTP_URL"), get("SMTP_FROM") or ""
    if smtp_url is not None:
        _check_smtp(smtp_url)
        if not ADDRESS.fullmatch(sender):
            raise SettingsError(
                "SMTP_FROM must be the sender's e-mail address: SMTP_URL requires it"
            )
    webhook, secret = get("ALERT_WEBHOOK_URL"), get("ALERT_WEBHOOK_SECRET") or ""
    if webhook is not None:
        _target("ALERT_WEBHOOK_URL", webhook)
        try:
            Webhook(secret)
        except (ValueError, RuntimeError, EmptyWebhookSecretError):
            raise SettingsError(
                "ALERT_WEBHOOK_SECRET must be a secret as Standard Webhooks has it (whsec_ and"
                " base64): ALERT_WEBHOOK_URL requires it"
            ) from None
    apprise_urls = tuple((get("ALERT_APPRISE_URLS") or "").split())
    if apprise_urls and find_spec("apprise") is None:
        raise SettingsError("ALERT_APPRISE_URLS needs the extra: pip install 'srhooks[apprise]'")
    heartbeat = get("HEARTBEAT_URL")
    if heartbeat is not None:
        _target("HEARTBEAT_URL", heartbeat)
    return {
        "smtp_url": smtp_url,
        "smtp_from": sender,
        "smtp_trusted_domains": tuple(
            domain.lower().lstrip("@") for domain in _listed(get("SMTP_TRUSTED_DOMAINS"))
        ),
        "alert_webhook_url": webhook,
        "alert_webhook_secret": secret,
        "alert_apprise_urls": apprise_urls,
        "heartbeat_url": heartbeat,
    }


def _check_smtp(value: str) -> None:
    """The value may hold a password: it is never repeated."""
    wanted = "SMTP_URL must be smtp://user:password@host:587 or smtps://user:password@host"
    try:
        parts = urlsplit(value)
        _ = parts.port
        whole = value.isprintable() and " " not in value
    except ValueError:
        whole = False
    if not whole or parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise SettingsError(f"{wanted}; percent-encode special characters of the password")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise SettingsError(f"{wanted}, without a path")


def _target(name: str, value: str) -> None:
    """An address that is called; it may hold a secret, so it is never repeated."""
    try:
        parts = urlsplit(value)
        _ = parts.port
        right = parts.scheme in {"http", "https"} and parts.hostname and value.isprintable()
    except ValueError:
        right = False
    if not right or " " in value:
        raise SettingsError(f"{name} must be an address that starts with http:// or https://")


def _oauth_app(get: Reader) -> tuple[str, str]:
    """Client id and secret, or twice nothing."""
    names = ("SMARTRECRUITERS_CLIENT_ID", "SMARTRECRUITERS_CLIENT_SECRET")
    values = [get(name) or "" for name in names]
    for name, other, value in zip(names, reversed(names), values, strict=True):
        if not value and any(values):
            raise SettingsError(f"{name} is not set but {other} is: set both or neither")
    return values[0], values[1]


def _login_methods(value: str | None, *, has_oauth_app: bool) -> tuple[str, ...]:
    methods = tuple(method.lower() for method in _listed(value))
    unknown = [method for method in methods if method not in LOGIN_METHODS]
    if unknown or (value is not None and not methods):
        raise SettingsError(
            f"LOGIN_METHODS must be some of {', '.join(LOGIN_METHODS)} with commas between,"
            f" not {value!r}"
        )
    if "oauth" in methods and not has_oauth_app:
        raise SettingsError(
            "LOGIN_METHODS has oauth, which needs SMARTRECRUITERS_CLIENT_ID and"
            " SMARTRECRUITERS_CLIENT_SECRET"
        )
    return methods


def _companies(value: str | None) -> tuple[str, ...]:
    companies = _listed(value)
    if value is not None and not companies:  # else a slip of the pen would let everybody in
        raise SettingsError("ALLOWED_COMPANIES names no company: leave it out to allow any")
    return companies


def _listed(value: str | None) -> tuple[str, ...]:
    """Texts with commas between, each once."""
    parts = [part.strip() for part in (value or "").split(",")]
    return tuple(dict.fromkeys(part for part in parts if part))


def _secrets(value: str) -> tuple[str, ...]:
    secrets = tuple(part.strip() for part in value.split(",") if part.strip())
    if not secrets or any(len(secret) < MIN_SECRET for secret in secrets):
        raise SettingsError(
            f"SESSION_SECRET must have {MIN_SECRET} characters or more (each, when several are"
            " given with commas between)"
        )
    return secrets


def _number(get: Reader, name: str, default: int, low: int, high: int) -> int:
    value = get(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit()) or not low <= int(value[:20]) <= high:
        raise SettingsError(f"{name} must be a whole number from {low} to {high}, not {value!r}")
    return int(value)


def _choice(get: Reader, name: str, default: str, choices: tuple[str, ...]) -> str:
    value = get(name)
    chosen = (value or default).lower()
    if chosen not in choices:
        raise SettingsError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
    return chosen


def _url(get: Reader, name: str, default: str) -> str:
    value = get(name) or default
    try:
        parts = urlsplit(value)  # it drops line breaks and keeps spaces: neither is an address
        if not value.isprintable() or " " in value:
            raise ValueError
        _ = parts.port  # raises on a bad one
    except ValueError:
        raise SettingsError(f"{name} is not a valid address: {value!r}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(f"{name} must start with http:// or https://, not {value!r}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsError(f"{name} must be a plain address without user, query or fragment")
    return value.rstrip("/")


def _origin(get: Reader, name: str, default: str) -> str:
    """An address without a path: cookies, redirects and pages are made for the root of a host."""
    url = _url(get, name, default)
    if urlsplit(url).path:
        raise SettingsError(
            f"{name} must not have a path: srhooks is served at the root of a host, such as"
            f" {url.removesuffix(urlsplit(url).path)}"
        )
    return url


def _database(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    if separator and scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return value
    if separator and scheme in {"postgresql", "postgres"} and rest:
        _check_percent_encoded("DATABASE_URL", value)
        return value
    raise SettingsError(
        "DATABASE_URL must be sqlite:///FILE, sqlite:////absolute/file"
        " or postgresql://user:password@host/database"
    )


def _listen_database(value: str | None) -> str:
    """A direct connection to the same database, where DATABASE_URL leads to a pooler."""
    if value is None:
        return ""
    if not re.match(r"postgres(ql)?://.", value):
        raise SettingsError(
            "LISTEN_DATABASE_URL must be postgresql://user:password@host/database: it is for"
            " PostgreSQL alone"
        )
    _check_percent_encoded("LISTEN_DATABASE_URL", value)
    return value


def _check_percent_encoded(name: str, url: str) -> None:
    """A `/`, `?`, `#` or `[` in the password ends it early. The message must not hold it."""
    try:
        parts = urlsplit(url)
        _ = parts.port if "," not in parts.netloc.rpartition("@")[2] else None  # several hosts
        wrong = bool(parts.fragment)
    except ValueError:
        wrong = True
    if wrong:
        raise SettingsError(
            f"{name} cannot be read: percent-encode special characters of user and password"
            " (`/` is %2F, `#` is %23, `?` is %3F, `@` is %40, `%` is %25)"
        )
