"""Check that a hook's public address answers a handshake, and name the likely cause if not.

The check goes to our own address (APP_URL) alone, never to another system's. It is made from this
machine: SmartRecruiters may see the address differently, so a failure is told, not enforced.
Source: developers.smartrecruiters.com, "Activating webhook subscriptions".
"""

from dataclasses import dataclass
from time import perf_counter

import aiohttp
from yarl import URL

from srhooks.egress import is_loopback
from srhooks.protocol.notification_headers import HANDSHAKE_HEADER

TIMEOUT = aiohttp.ClientTimeout(total=4)  # SmartRecruiters waits 20 s; a person waits for this
ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - a name, not a bind
SERVED_BY_PROXY = {
    401: "a proxy in front asks for a password",
    403: "a proxy or firewall in front refuses the request",
    404: "another server, or a proxy with another path, answers there",
    405: "a proxy or another server answers there",
    407: "a proxy in front asks for a password",
    413: "a proxy in front accepts no such request",
    429: "a proxy in front limits the rate of requests",
    502: "a proxy in front does not reach srhooks",
    503: "a proxy in front does not reach srhooks, or srhooks is overloaded",
    504: "a proxy in front gets no answer from srhooks in time",
}


@dataclass(frozen=True, slots=True)
class AddressCheck:
    ok: bool
    text: str  # what was found, and the likely cause
    ms: int


async def check_address(session: aiohttp.ClientSession, url: str, secret: str) -> AddressCheck:
    """Post a handshake to a hook address of our own; a failure is a result, not an exception."""
    began = perf_counter()
    problem: str | None
    try:
        async with session.post(
            url, data=b"{}", headers={HANDSHAKE_HEADER: secret, "Content-Type": "application/json"},
            allow_redirects=False, timeout=TIMEOUT,
        ) as answer:  # fmt: skip
            problem = cause_of_answer(answer.status, answer.headers.get(HANDSHAKE_HEADER), secret)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        problem = cause_of_error(error)
    ms = round((perf_counter() - began) * 1000)
    if problem is None:
        return AddressCheck(ok=True, text=f"The address answers ({ms} ms)", ms=ms)
    return AddressCheck(ok=False, text=f"The address does not answer correctly: {problem}", ms=ms)


def cause_of_answer(status: int, echoed: str | None, secret: str) -> str | None:
    """The likely cause of a wrong answer to the handshake; None when the answer is right."""
    if status == 200 and echoed == secret:
        return None
    if status == 200:
        missing = "no" if echoed is None else "another"
        return (
            f"it answered 200 with {missing} {HANDSHAKE_HEADER}. A proxy removes or changes that"
            " header on the way back, or another server answers there"
        )
    if status == 202:
        return f"the header {HANDSHAKE_HEADER} did not arrive: a proxy removes it on the way in"
    if 300 <= status < 400:
        return (
            f"it redirects ({status}), which SmartRecruiters does not follow. Set APP_URL to the"
            " address that it redirects to"
        )
    likely = SERVED_BY_PROXY.get(status, "another server or a proxy answers there")
    return f"it answered {status}: {likely}"


def cause_of_error(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientHttpProxyError | aiohttp.ClientProxyConnectionError):
        status = getattr(error, "status", None)
        how = f"answered {status}" if status else "cannot be reached"
        return (
            f"the proxy that calls from here go by (HTTPS_PROXY) {how}, so it was not tried. Name"
            " APP_URL's host in NO_PROXY to try it without"
        )
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return (
            f"its certificate is not trusted ({error.certificate_error}). Self-signed, expired or"
            " incomplete certificates are refused by SmartRecruiters, too"
        )
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return "there is no TLS at that port: APP_URL says https, the server speaks http"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its host name cannot be resolved. Check APP_URL and the DNS entry"
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT.total:g} s: a firewall drops the request, or it hangs"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "no connection: nothing listens there, or a firewall refuses it"
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return "it is not an address. Check APP_URL"
    return "the connection broke off before an answer came"


def doubts_about(url: str) -> str | None:
    """Why SmartRecruiters may not reach an address that answers from here; None otherwise."""
    address = URL(url)
    host = address.host or ""
    if is_loopback(host) or host == ANY_ADDRESS:
        return (
            f"{host} leads to this machine only. SmartRecruiters reaches srhooks by a"
            " public address: set APP_URL to it, or use a tunnel"
        )
    if address.scheme != "https":
        return "APP_URL is not https: SmartRecruiters calls https addresses"
    return None


def cause_of_refusal(*, arrived: bool, check: AddressCheck | None, url: str | None) -> str:
    """The likely cause of a refused activation."""
    if arrived:
        return (
            "The handshake arrived and was confirmed, so the address is reached. If SmartRecruiters"
            f" does not accept the confirmation, a proxy may remove {HANDSHAKE_HEADER} on"
            " the way back"
        )
    if check is not None and not check.ok:
        return f"No handshake arrived. {check.text}"
    doubt = doubts_about(url) if url else None
    if doubt is not None:
        return f"No handshake arrived. {doubt}"
    return (
        "No handshake arrived, although this machine reaches the address. SmartRecruiters may be"
        " kept away by a firewall, a name that only resolves here, or an incomplete certificate"
        " chain; or it refused for another reason, which its answer tells"
    )
