"""Why an address cannot be reached, in words that say what to look at."""

import aiohttp
import pytest
from srhooks.subscriptions.address_check import cause_of_error, doubts_about


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (aiohttp.ClientConnectorDNSError.__new__(aiohttp.ClientConnectorDNSError), "DNS entry"),
        (aiohttp.ClientConnectorSSLError.__new__(aiohttp.ClientConnectorSSLError), "no TLS"),
        (aiohttp.ClientConnectorError.__new__(aiohttp.ClientConnectorError), "no connection"),
        (TimeoutError(), "no answer within"),
        (ValueError("no address"), "not an address"),
        (aiohttp.ServerDisconnectedError(), "broke off"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_kind_of_error_has_its_words(error: BaseException, words: str) -> None:
    assert words in cause_of_error(error)


@pytest.mark.parametrize("host", ["localhost", "127.3.2.1", "[::1]", "[::ffff:127.0.0.1]"])
def test_an_address_on_this_machine_is_doubted_however_it_is_written(host: str) -> None:
    assert "this machine only" in (doubts_about(f"https://{host}/hooks/x") or "")


@pytest.mark.parametrize("host", ["hooks.example.com", "203.0.113.7", "[::ffff:203.0.113.7]"])
def test_a_public_address_by_https_is_not_doubted(host: str) -> None:
    assert doubts_about(f"https://{host}/hooks/x") is None
