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
        """Store the events of its subscription (a JSON list)."""

    async def name_hook(self, hook_id: str, name: str | None) -> None:
        """Store the name of its subscription; None: it is named by its events."""

    async def retire_hook(self, hook_id: str, at: int) -> None:
        """Record that the subscription was deleted. The hook still accepts late deliveries."""

    async def delete_hook(self, hook_id: str) -> None:
        """Delete a hook whose subscription was never created."""

    async def keys(self, hook_id: str) -> list[HookKey]:
        """The sealed keys of the hook, newest first."""

    async def add_key(self, hook_id: str, sealed: bytes, at: int) -> None:
        """A new signing key; it retires the others as of `at`."""

    async def reseal_key(self, key_id: int, sealed: bytes) -> None: ...

    async def begin_activation(self, user_id: str, subscription_id: str) -> None:
        """Start a new activation: delete the steps of the previous one."""

    async def add_activation_step(self, user_id: str, subscription_id: str, step: str) -> None:
        """Keep one more step (JSON), unless there are very many."""

    async def activations(self, user_id: str) -> dict[str, str]:
        """The steps of the last activation (a JSON list), by subscription."""

    async def delete_activation(self, user_id: str, subscription_id: str) -> None: ...

    async def hooks_with_keys(self, user_id: str) -> set[str]:
        """The ids of the user's hooks that have had a signing key."""
