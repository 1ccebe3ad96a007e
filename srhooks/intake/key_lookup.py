"""Ask SmartRecruiters for the signing key of a hook's subscription."""

from srhooks.accounts.user_client import UserClient
from srhooks.domain.models import Hook
from srhooks.smartrecruiters.client import raise_for_error
from srhooks.smartrecruiters.webhooks_api import read_key, unchecked_path


async def newest_key(user_client: UserClient, hook: Hook) -> str | None:
    """The signing key that the service holds for the hook now. Raises ServiceError."""
    if hook.subscription_id is None:
        return None
    answer = await user_client.call(
        hook.user_id, "GET", unchecked_path(hook.subscription_id, "/secret-key"), foreground=True
    )
    return None if answer.status == 404 else read_key(raise_for_error(answer))
