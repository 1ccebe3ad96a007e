"""Why an address cannot be reached, in words that say what to look at."""

import aiohttp
import pytest
from srhooks.subscriptions.address_check import cause_of_error


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
