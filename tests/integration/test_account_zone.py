"""By whose clock an account lives: that of its quiet hours, else that of its readers."""

from datetime import UTC
from zoneinfo import ZoneInfo

from srhooks.accounts.account_zone import zone_of_account

from tests.support.harness import World

BERLIN, TOKYO = "Europe/Berlin", "Asia/Tokyo"


async def test_it_is_the_readers_last_one_unless_quiet_hours_say_another(world: World) -> None:
    store = world.services.store
    async with world.logged_in() as ada:
        (user_id,) = await store.user_ids()
        assert await zone_of_account(store, user_id) is UTC
        for told, kept in ((BERLIN, BERLIN), ("nonsense", BERLIN), (TOKYO, TOKYO), ("UTC", "UTC")):
            ada.session.cookie_jar.update_cookies({"zone": told})
            await ada.page("/notifications")
            assert await zone_of_account(store, user_id) == ZoneInfo(kept), told
        form = {
            "csrf": await ada.csrf(), "kind": "silent", "quietFrom": "22:00", "quietTo": "06:00",
            "timeZone": BERLIN,
        }  # fmt: skip
        async with ada.request("POST", "/account/alerts", data=form) as answer:
            assert answer.status == 303
        assert await zone_of_account(store, user_id) == ZoneInfo(BERLIN)
        await store.save_zone("nobody", TOKYO)
        assert await zone_of_account(store, "nobody") is UTC


async def test_a_zone_that_is_not_known_here_is_utc(world: World) -> None:
    store = world.services.store
    async with world.logged_in():
        (user_id,) = await store.user_ids()
        await store.save_zone(user_id, "Old/Name")
        assert await zone_of_account(store, user_id) is UTC
