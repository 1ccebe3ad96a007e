"""What is wrong with a subscription is said before the service is asked, without its secrets."""

from typing import Any

import pytest
from srhooks.subscriptions.new_subscription import (
    InvalidSubscriptionError,
    checked_subscription,
)

BASIC = {"type": "basic", "username": "u", "password": "planted"}
HEADER = {"type": "header", "headerName": "X-Key", "headerValue": "planted"}
OAUTH2 = {
    "type": "oauth2", "clientId": "c", "clientSecret": "planted",
    "tokenServiceUrl": "https://h.example/token",
}  # fmt: skip


@pytest.mark.parametrize("given", [None, BASIC, HEADER, OAUTH2, {**HEADER, "type": "HEADER"}])
def test_what_the_service_takes(given: dict[str, Any] | None) -> None:
    made = checked_subscription([" a ", "a", ""], "you@example.com", given, active=True)
    assert made.events == ("a",)
    assert made.active
    kept = made.callback_authentication
    assert kept == (None if given is None else {**given, "type": given["type"].lower()})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "type must be one of basic, header, oauth2"),
        ({"type": "digest"}, "type must be one of"),
        ({"type": {}}, "type must be one of"),
        ({"type": "basic"}, "fill in User name, Password"),
        ({**BASIC, "username": "a:b"}, "user name must not contain a colon"),
        ({**BASIC, "password": "planted\x07"}, "password must be one line"),
        ({**BASIC, "password": 5}, "password must be a text"),
        ({**HEADER, "headerName": "Api-Key"}, "begin with x-"),
        ({**HEADER, "headerName": "X-Key: a"}, "begin with x-"),
        ({**HEADER, "headerName": "X-Hook-Secret"}, "taken by handshakes"),
        ({**HEADER, "headerValue": "planted\r\nEvil: 1"}, "header value must be one line"),
        ({**OAUTH2, "tokenServiceUrl": "ftp://planted"}, "token address must be an address"),
        ({**OAUTH2, "clientSecret": "planted\n"}, "client secret must be one line"),
    ],
)
def test_what_is_wrong_with_an_authentication(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSubscriptionError) as caught:
        checked_subscription(["a"], None, given, active=False)
    assert words in str(caught.value)
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    ("events", "email", "words"),
    [
        (["a\x07b"], None, r'"a\x07b" is not an event name'),
        (["x" * 900], None, "is not an event name"),
        ([" "], None, "at least one event"),
        ([f"e{place}" for place in range(201)], None, "At most 200 events"),
        (["a"], "you@example.com, evil@example.com", "is not an e-mail address"),
        (["a"], "", "is not an e-mail address"),
    ],
)
def test_what_is_wrong_with_the_rest(events: list[str], email: str | None, words: str) -> None:
    with pytest.raises(InvalidSubscriptionError) as caught:
        checked_subscription(events, email, None, active=False)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()
