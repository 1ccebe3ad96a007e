"""The settings of a sandbox."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class SandboxSettings:
    """All have defaults that suit a person trying a receiver on their own machine."""

    base_url: str | None = None  # public base; None: the Host each request came to
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"  # noqa: S105 - invented, printed on the sandbox's own page
    api_key: str = "5a4db0c3e1f2478f9d6b7a8c9e0f1a2b"  # 32 characters; it opens invented data alone
    redirect_uris: tuple[str, ...] = ()  # empty: any https or loopback address is accepted
    access_token_seconds: int = 1800
    refresh_token_seconds: int = 28 * 86400
    speed: float = 1.0  # the re-delivery schedule is divided by this
    rate_limit: int = 10  # requests a second per credential; 0 turns both limits off
    concurrent_limit: int = 8  # 0 turns this one off
    latency: float = 0.0  # seconds added to each API answer
    list_style: Literal["array", "content"] = "array"
    log_bounds: Literal["exclusive", "inclusive"] = "exclusive"  # of the callbacks log's times
    suspend_after: int = 5  # failures in a row; 0 never suspends
    control_from_anywhere: bool = False
    seed: int | None = None  # for reproducible people and jobs
    delivery_timeout: float = 5.0  # the service's own limits, settable so that tests needn't wait
    handshake_timeout: float = 20.0
