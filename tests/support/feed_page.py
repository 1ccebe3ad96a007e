"""The feed as a browser shows it, and something to show in it."""

from playwright.async_api import Page

from tests.support.harness import World


def rows(page: Page):  # type: ignore[no-untyped-def]
    return page.get_by_role("list", name="Notifications").get_by_role("listitem")


async def some(world: World, *names: str) -> str:
    """One notification of each name, oldest first; the id of their subscription."""
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        for number, name in enumerate(names):
            body = b'{"n": "needle-%d"}' % number
            await world.notify(created["hookId"], body, event_name=name, event_id=str(number))
    return str(created["id"])


async def hook_of(world: World) -> str:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        for number in range(3):
            await world.notify(created["hookId"], event_name="job.created", event_id=str(number))
    return str(created["hookId"])
