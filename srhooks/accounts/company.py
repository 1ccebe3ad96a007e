"""The company of a credential: `GET /configuration/company` (scope `company_read`)."""

from typing import Any

from srhooks.domain.account import Company
from srhooks.smartrecruiters.client import Answer, raise_for_error

PATH = "/configuration/company"
MAX_TEXT = 200  # characters


def company_of(answer: Answer) -> Company | None:
    """None when it may not be read, or when the answer names no identifier.

    The field names are assumed: `identifier` or `id`, and `name`. Raises ServiceError for whatever
    else went wrong, an answer that is not JSON among it.
    """
    if answer.status in {403, 404}:
        return None
    raise_for_error(answer)
    if not answer.body.strip():
        return None
    value = answer.json()
    if not isinstance(value, dict):
        return None
    identifier = _text(value.get("identifier")) or _text(value.get("id"))
    return Company(identifier, _text(value.get("name")) or None) if identifier else None


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()[:MAX_TEXT]
