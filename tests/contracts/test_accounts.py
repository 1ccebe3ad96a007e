"""What a store promises of accounts: credentials, sessions, personal tokens."""

from dataclasses import replace

from srhooks.domain.account import (
    Company,
    CredentialUse,
    PersonalToken,
    SealedCredential,
    Session,
)
from srhooks.domain.clock import now_ms
from srhooks.store import Store

from tests.support.stored import TOKENS, person

ACME = Company("acme", "Acme Ltd")


def session(name: str, **changed: object) -> Session:
    fresh = Session(name, "u1", 1000, 1000, 5000, "Firefox/1")
    return replace(fresh, **changed)  # type: ignore[arg-type]


async def test_a_credential_is_replaced_by_what_it_was_renewed_to_alone(store: Store) -> None:
    assert await store.credential("u1") == TOKENS
    fresh = SealedCredential(b"new", None, 5, 6, dead=False, scopes=("a", "b"))
    assert await store.replace_credential("u1", TOKENS, fresh)
    assert await store.credential("u1") == fresh
    assert not await store.replace_credential("u1", TOKENS, TOKENS)  # somebody logged in meanwhile
    assert await store.credential("u1") == fresh
    assert await store.credential("nobody") is None
    assert sorted(await store.user_ids()) == ["u1", "u2"]


async def test_a_log_in_keeps_what_it_does_not_know(store: Store) -> None:
    new = replace(person(3), sr_id="company:acme", name="Acme Ltd", company=ACME)
    key = replace(TOKENS, kind="api-key", renewal=None)
    await store.save_user(new, key)
    again = replace(new, id="other", name="", company=None, credential="api-key")
    saved = await store.save_user(again, key)
    assert (saved.id, saved.name, saved.company) == ("u3", "Acme Ltd", ACME)
    assert saved.credential == "api-key"
    assert await store.user_of("company:acme") == saved == await store.user("u3")
    assert await store.user_of("company:other") is None
    stored = await store.credential("u3")
    assert stored == key


async def test_when_a_credential_was_used_is_the_newest_credentials(store: Store) -> None:
    await store.record_use("u1", CredentialUse(5, None, None))
    await store.record_use("u1", CredentialUse(None, 6, "403, for an entity"))
    await store.record_use("u1", CredentialUse(7, None, None))
    assert await store.credential_use("u1") == CredentialUse(7, 6, "403, for an entity")
    await store.mark_unreadable("u1", "offer", 8)
    await store.mark_unreadable("u1", "offer", 9)
    await store.mark_unreadable("u1", "review", 9)
    assert await store.unreadable_kinds("u1") == {"offer": 9, "review": 9}
    assert await store.mark_readable("u1", "review")
    assert not await store.mark_readable("u1", "review")
    await store.save_user(person(1), TOKENS)
    assert await store.credential_use("u1") == CredentialUse(None, None, None)
    assert await store.unreadable_kinds("u1") == {}


async def test_an_api_key_is_known_by_its_digest(store: Store) -> None:
    assert await store.user_of_api_key("digest") is None
    await store.remember_api_key("digest", "u1")
    await store.remember_api_key("digest", "u2")
    found = await store.user_of_api_key("digest")
    assert found is not None
    assert found.id == "u2"
    await store.close_account("u2", 1)
    assert await store.user_of_api_key("digest") is None


async def test_sessions(store: Store) -> None:
    for one in (session("a"), session("b", used_at=2000), session("c", until=1500)):
        await store.add_session(one)
    await store.add_session(session("d", user_id="u2"))
    found = await store.session("a", 1600)
    assert found is not None
    assert (found[0].id, found[1]) == ("u1", session("a"))
    assert await store.session("a", 5000) is None
    assert await store.session("nobody", 0) is None
    assert [one.id for one in await store.sessions("u1", 1600)] == ["b", "a"]
    await store.touch_session("a", 3000, 9000)
    assert [one.id for one in await store.sessions("u1", 1600)] == ["a", "b"]
    assert await store.session("a", 8999) is not None
    assert not await store.end_session("u2", "a")
    assert await store.end_session("u1", "a")
    assert await store.session("a", 1600) is None
    await store.add_session(session("e", until=now_ms() + 60_000))
    await store.purge(0, now_ms(), 1)
    assert [one.id for one in await store.sessions("u1", 0)] == ["e"]
    assert await store.end_sessions("u1") == 1
    assert await store.sessions("u1", 0) == []


async def test_who_is_expelled_has_neither_session_nor_token(store: Store) -> None:
    await store.add_session(session("a"))
    await store.add_session(session("b", user_id="u2"))
    await store.add_personal_token(PersonalToken("t", "u1", "", 5, None, 9), "digest", 2)
    await store.revoke_access("u1")
    assert await store.session("a", 0) is None
    assert await store.session("b", 0) is not None
    assert await store.personal_token("digest") is None
    user = await store.user("u1")
    assert user is not None
    assert user.grant_dead


async def test_personal_tokens(store: Store) -> None:
    def token(number: int, user_id: str = "u1", expires_at: int = 1000) -> PersonalToken:
        return PersonalToken(f"t{number}", user_id, "Laptop", number, None, expires_at)

    assert await store.add_personal_token(token(1), "digest 1", 2)
    assert await store.add_personal_token(token(2, expires_at=7), "digest 2", 2)
    assert not await store.add_personal_token(token(3), "digest 3", 2)
    assert await store.add_personal_token(token(4, "u2"), "digest 4", 2)
    assert await store.personal_token("digest 1") == token(1)
    assert await store.personal_token("digest 3") is None
    await store.touch_personal_token("t1", 99)
    assert [(one.id, one.used_at) for one in await store.personal_tokens("u1")] == [
        ("t1", 99),
        ("t2", None),
    ]
    assert await store.add_personal_token(token(8), "digest 8", 2)  # one of the two has ended
    assert not await store.delete_personal_token("u1", "t4")
    assert await store.delete_personal_token("u1", "t1")
    assert await store.personal_token("digest 1") is None
    await store.close_account("u1", 9)
    assert await store.personal_tokens("u1") == []
    assert len(await store.personal_tokens("u2")) == 1
