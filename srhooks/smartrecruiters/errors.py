"""What can go wrong with the outside service.

ServiceError
├── ServiceUnreachableError   no answer: network, time-out, an answer that breaks off
├── ServiceAnsweredError      an error status, with the service's own words
│   └── UnauthorizedError     401: the access token is not taken
│   └── FreshTokenRefusedError  of tokens: a new one would be refused like the one before
├── OddAnswerError            an answer that is not what the documentation promises
│   └── TooLargeError         an answer beyond the bound
└── GrantDeadError            the user must log in again
"""


class ServiceError(Exception):
    """Its text is fit for a person and holds no secret."""


class ServiceUnreachableError(ServiceError):
    def __init__(self, message: str, *, was_sent: bool = False) -> None:
        super().__init__(message)
        self.was_sent = was_sent


class ServiceAnsweredError(ServiceError):
    def __init__(self, status: int, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after  # seconds


class UnauthorizedError(ServiceAnsweredError):
    pass


class FreshTokenRefusedError(ServiceUnreachableError):
    def __init__(self) -> None:
        super().__init__("SmartRecruiters refuses a token that it has just given")


class OddAnswerError(ServiceError):
    pass


class TooLargeError(OddAnswerError):
    pass


def may_be_done(error: ServiceError) -> bool:
    """Whether what was asked for may have been done all the same."""
    if isinstance(error, ServiceAnsweredError):
        return error.status >= 500
    return not isinstance(error, ServiceUnreachableError) or error.was_sent


def brief(error: BaseException) -> str:
    """For the log: the kind and the status. The service's own words may name a candidate."""
    status = f" {error.status}" if isinstance(error, ServiceAnsweredError) else ""
    return type(error).__name__ + status


class GrantDeadError(ServiceError):
    def __init__(self) -> None:
        super().__init__("Your SmartRecruiters login has expired: log in again")
