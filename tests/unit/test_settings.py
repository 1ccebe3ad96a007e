"""Every setting: its default, what it accepts, and one clear line for what it does not."""

from pathlib import Path
from typing import Any

import pytest
from srhooks.config import Settings, SettingsError, load_settings

REQUIRED = {"SESSION_SECRET": "x" * 32}
APP = {"SMARTRECRUITERS_CLIENT_ID": "id", "SMARTRECRUITERS_CLIENT_SECRET": "secret"}


def load(**more: str) -> Settings:
    return load_settings(REQUIRED | more)


def test_the_defaults() -> None:
    settings = load()
    assert settings.app_url == "http://localhost:8080"
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.database_url == "sqlite:///srhooks.db"
    assert settings.api_url == "https://api.smartrecruiters.com"
    assert settings.identity_url == "https://www.smartrecruiters.com"
    assert set(settings.scopes.split()) == {
        "webhooks_manage", "jobs_read", "candidates_read", "user_me_read", "approvals_read",
    }  # fmt: skip
    assert (settings.session_max_age, settings.session_lifetime) == (43200, 30 * 86_400)
    assert settings.allowed_companies == ()
    assert settings.retention_days == 30
    assert settings.max_body_bytes == 1048576
    assert (settings.log_level, settings.log_format) == ("info", "console")
    assert settings.metrics_token is None
    assert load(PORT="", METRICS_TOKEN=" ", LOG_LEVEL="") == settings


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("APP_URL", "https://hooks.example/", "app_url", "https://hooks.example"),
        ("HOST", "0.0.0.0", "host", "0.0.0.0"),  # noqa: S104 - the image's value
        ("PORT", "80", "port", 80),
        ("DATABASE_URL", "sqlite:////data/x.db", "database_url", "sqlite:////data/x.db"),
        ("DATABASE_URL", "postgresql://u:p@h/d", "database_url", "postgresql://u:p@h/d"),
        (
            "DATABASE_URL",
            "postgresql://u:p%2F@a:1,b:2/d",
            "database_url",
            "postgresql://u:p%2F@a:1,b:2/d",
        ),
        ("DATABASE_URL", "postgresql:///d?host=/run", "database_url", "postgresql:///d?host=/run"),
        ("LISTEN_DATABASE_URL", "postgres://u@h/d", "listen_database_url", "postgres://u@h/d"),
        ("SMARTRECRUITERS_API_URL", "http://127.0.0.1:1/", "api_url", "http://127.0.0.1:1"),
        ("SMARTRECRUITERS_IDENTITY_URL", "http://[::1]:1", "identity_url", "http://[::1]:1"),
        ("SMARTRECRUITERS_SCOPES", " a  b ", "scopes", "a b"),
        ("SESSION_MAX_AGE", "1", "session_max_age", 1),
        ("SESSION_LIFETIME", "60", "session_lifetime", 60),
        ("ALLOWED_COMPANIES", " acme, Beta ,acme", "allowed_companies", ("acme", "Beta")),
        ("RETENTION_DAYS", "365", "retention_days", 365),
        ("MAX_BODY_BYTES", "10", "max_body_bytes", 10),
        ("LOG_LEVEL", "DEBUG", "log_level", "debug"),
        ("LOG_FORMAT", "json", "log_format", "json"),
        ("METRICS_TOKEN", "t", "metrics_token", "t"),
        ("SESSION_SECRET", "a" * 32 + " , " + "b" * 40, "session_secrets", ("a" * 32, "b" * 40)),
    ],
)
def test_what_is_accepted(name: str, value: str, field: str, expected: Any) -> None:
    assert getattr(load(**{name: value}), field) == expected


WRONG = {
    "SESSION_SECRET": ["", "short", "x" * 31, "x" * 32 + ",short", ","],
    "APP_URL": ["localhost:8080", "ftp://x", "http://", "http://a:99999", "http://a?b", "http://u@a",
                "http://a b", "http://[::1", "http://a#b", "https://a\nb", "https://a/path", "https://a/b/"],
    "PORT": ["x", "-1", "65536", "8080.5", "\N{FULLWIDTH DIGIT NINE}"],
    "DATABASE_URL": ["srhooks.db", "mysql://x/y", "sqlite://", "sqlite:///", "postgresql://",
                     "postgresql://u:Pass/word@h/d", "postgresql://u:Pass#word@h/d",
                     "postgresql://u:Pass?word@h/d", "postgresql://u:Pass[word@h/d"],
    "LISTEN_DATABASE_URL": ["sqlite:///x.db", "postgresql://", "h/d", "postgresql://u:Pass#word@h/d"],
    "SMARTRECRUITERS_API_URL": ["api.smartrecruiters.com", "http://a:b"],
    "SMARTRECRUITERS_IDENTITY_URL": ["//x"],
    "SESSION_MAX_AGE": ["0", "never", "-5"],
    "SESSION_LIFETIME": ["0", "x"],
    "LOGIN_METHODS": ["oauth", "api-key,oauth", "password", ","],
    "ALLOWED_COMPANIES": [",", " , "],
    "RETENTION_DAYS": ["0", "x", "99999999999"],
    "MAX_BODY_BYTES": ["0", "1MB"],
    "SMTP_URL": ["host:25", "http://host", "smtp://", "smtp://a:b@h/path", "smtp://a b@h", "smtp://h"],
    "ALERT_WEBHOOK_URL": ["chat.example", "http://chat.example"],
    "HEARTBEAT_URL": ["ftp://x"],
    "ALERT_APPRISE_URLS": ["slack://x"],
    "LOG_LEVEL": ["loud"],
    "LOG_FORMAT": ["xml"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_what_is_wrong_is_named_in_one_line(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        load(**{name: value})
    assert name in str(wrong.value)
    assert "\n" not in str(wrong.value)
    assert "Pass" not in str(wrong.value)


def test_secrets_can_come_from_files(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from the file and long enough to be one secret\n")
    without = {name: value for name, value in REQUIRED.items() if name != "SESSION_SECRET"}
    settings = load_settings(without | {"SESSION_SECRET_FILE": str(file)})
    assert settings.session_secrets == (file.read_text().strip(),)
    with pytest.raises(SettingsError, match="SESSION_SECRET"):
        load_settings(without | {"SESSION_SECRET_FILE": str(tmp_path / "none")})
    with pytest.raises(SettingsError, match="SESSION_SECRET"):
        load_settings(REQUIRED | {"SESSION_SECRET_FILE": str(file)})


def test_the_oauth_app_is_set_as_a_whole_or_not_at_all() -> None:
    assert load().client_id == ""
    assert load(**APP).client_secret == "secret"
    for missing in APP:
        with pytest.raises(SettingsError, match=missing):
            load(**{**APP, missing: ""})


@pytest.mark.parametrize(
    ("given", "offered"),
    [
        ({}, {"api-key", "client-credentials"}),
        (APP, {"oauth"}),
        (APP | {"LOGIN_METHODS": "api-key, OAuth"}, {"api-key", "oauth"}),
        ({"LOGIN_METHODS": "client-credentials"}, {"client-credentials"}),
    ],
)
def test_the_ways_to_log_in(given: dict[str, str], offered: set[str]) -> None:
    settings = load(**given)
    methods = ("oauth", "api-key", "client-credentials")
    assert {method for method in methods if settings.offers(method)} == offered


def test_how_alerts_are_sent() -> None:
    mail = {"SMTP_URL": "smtps://u:p%40@mail.example", "SMTP_FROM": "a@b.example"}
    settings = load(**mail, SMTP_TRUSTED_DOMAINS="Acme.example, @beta.example")
    assert settings.smtp_url == mail["SMTP_URL"]
    assert settings.smtp_trusted_domains == ("acme.example", "beta.example")
    with pytest.raises(SettingsError, match="SMTP_FROM"):
        load(**mail | {"SMTP_FROM": "nobody"})
    chat = {"ALERT_WEBHOOK_URL": "https://chat.example/x", "ALERT_WEBHOOK_SECRET": "whsec_YWJj"}
    assert load(**chat).alert_webhook_secret == "whsec_YWJj"
    with pytest.raises(SettingsError, match="ALERT_WEBHOOK_SECRET"):
        load(**chat | {"ALERT_WEBHOOK_SECRET": ""})


def test_a_wrong_smtp_url_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as wrong:
        load(SMTP_URL="smtp://user:pa#ss@host", SMTP_FROM="a@b.example")
    assert "pa#ss" not in str(wrong.value)
    assert "percent-encode" in str(wrong.value)


PROXY = {"USE_PROXY": "yes", "HTTPS_PROXY": "http://proxy.example:3128"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"USE_PROXY": "maybe"}, "USE_PROXY must be one of yes, no"),
        ({"USE_PROXY": "yes"}, "HTTPS_PROXY is not set"),
        (PROXY | {"HTTPS_PROXY": "socks5://a:pass@b:1"}, "HTTPS_PROXY must be such as"),
        (PROXY | {"HTTPS_PROXY": "http://a:pass@b:x"}, "percent-encode"),
        (PROXY | {"HTTPS_PROXY": "http://a:pass@b:1/path"}, "without a path"),
        (PROXY | {"SMARTRECRUITERS_API_URL": "http://api.example"}, "_API_URL is not https"),
        (PROXY | {"SMARTRECRUITERS_IDENTITY_URL": "http://x.example"}, "_IDENTITY_URL is not"),
        ({"CA_FILE": "/nowhere/ca.pem"}, "cannot read /nowhere/ca.pem"),
        ({"CA_FILE": __file__}, "holds no certificates"),
    ],
)
def test_a_wrong_way_out_is_refused(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load(**wrong)
    assert said in str(raised.value)
    assert "pass@" not in str(raised.value)


def test_the_way_out(tmp_path: Path) -> None:
    assert load(HTTPS_PROXY="http://proxy.example:3128").egress.proxy is None
    direct = {"SMARTRECRUITERS_API_URL": "http://inner.example"}
    assert load(**PROXY, **direct, NO_PROXY="inner.example").egress.proxy is not None
    assert load(**PROXY, SMARTRECRUITERS_API_URL="http://127.0.0.1:1").egress.proxy is not None
    file = tmp_path / "proxy"
    file.write_text("http://u:p@proxy.example:3128\n")
    settings = load(USE_PROXY="yes", HTTPS_PROXY_FILE=str(file))
    assert str(settings.egress.proxy) == "http://proxy.example:3128"
    assert "p@" not in repr(settings)
    assert "Basic" not in repr(settings)
