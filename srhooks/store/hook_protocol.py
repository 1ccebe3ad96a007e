"""What subscriptions and the hook route ask of the store: part of its protocol (protocol.py)."""

from typing import Protocol

from srhooks.domain.models import Hook, HookKey


class HookStore(Protocol):
    async def add_hook(self, hook: Hook) -> None: ...

    async def hook(self, hook_id: str) -> Hook | None: ...

    async def hooks(self, user_id: str) -> list[Hook]:
        """The user's hooks, those of deleted subscriptions included."""

    async def bind_hook(self, hook_id: str, subscription_id: str) -> None: ...

    async def keep_events(self, hook_id: str, events: str) -> None:
        """Keep what its subscription listens to (a JSON list)."""

    async def name_hook(self, hook_id: str, name: str | None) -> None:
        """Keep what a person calls its subscription; None: it is called by its events."""

    async def retire_hook(self, hook_id: str, at: int) -> None:
        """The subscription was deleted. The hook goes on accepting late deliveries."""

    async def delete_hook(self, hook_id: str) -> None:
        """Remove a hook that no subscription came to use."""

    async def keys(self, hook_id: str) -> list[HookKey]:
        """Newest first."""

    async def add_key(self, hook_id: str, sealed: bytes, at: int) -> None:
        """A new signing key; it retires the others as of `at`."""

    async def reseal_key(self, key_id: int, sealed: bytes) -> None: ...

    async def begin_activation(self, user_id: str, subscription_id: str) -> None:
        """Drop the steps of the activation before."""

    async def add_activation_step(self, user_id: str, subscription_id: str, step: str) -> None:
        """Keep one more step (JSON), unless there are very many."""

    async def activations(self, user_id: str) -> dict[str, str]:
        """The steps of the last activation (a JSON list), by subscription."""

    async def delete_activation(self, user_id: str, subscription_id: str) -> None: ...

    async def hooks_with_keys(self, user_id: str) -> set[str]:
        """The ids of the user's hooks that have had a signing key."""
