"""Shared by several commands: types of options, and the session for outgoing calls."""

import argparse
import math
from collections.abc import Callable

import aiohttp

from srhooks.egress import Egress


def whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text[:18]) <= high:
            raise argparse.ArgumentTypeError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def number_between(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be a number from {low:g} to {high:g}")
        return value

    return parse


def http_url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError("must start with http:// or https://")
    return text


def client_session(egress: Egress, timeout: float | None = None) -> aiohttp.ClientSession:
    """A session that uses the proxy and certificates of the settings.

    `timeout`: seconds for a whole exchange, unless a call sets its own.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=egress.tls or True),
        timeout=aiohttp.ClientTimeout(total=timeout),
        middlewares=(egress.middleware,),
    )
