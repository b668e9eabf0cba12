"""Which logins count: what the claims must say, and how Streamlit is told of the provider."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.login import MAX_GROUPS, Login, Refusal, read_login
from app.web.oidc import cookie_secret, is_login_configured, streamlit_secrets
from core.errors import ConfigError
from core.settings import OidcSettings, Settings, load_settings

NOW = 1_800_000_000.0
HOUR_S = 3600
OIDC = OidcSettings(session_hours=12)
WHOLE = {
    "METADATA_URL": "https://login.example.org/.well-known/openid-configuration",
    "CLIENT_ID": "footnote",
    "CLIENT_SECRET": "hush",
    "REDIRECT_URL": "https://answers.example.org/oauth2callback",
}

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)


def claims(**changed: Any) -> dict[str, Any]:
    usual = {
        "is_logged_in": True,
        "email": "Ann@Example.org",
        "email_verified": True,
        "name": "Ann Lee",
        "groups": ["hr", "it"],
        "iat": NOW - 60,
        "exp": NOW + HOUR_S,
    }
    return {**usual, **changed}


def reason(oidc: OidcSettings = OIDC, **changed: Any) -> str:
    found = read_login(claims(**changed), oidc, NOW)
    return found.reason if isinstance(found, Refusal) else "in"


def configured(monkeypatch: pytest.MonkeyPatch, offline: str = "0", **changed: str) -> Settings:
    for name, value in {**WHOLE, **changed}.items():
        monkeypatch.setenv(f"FOOTNOTE_OIDC__{name}", value)
    monkeypatch.setenv("FOOTNOTE_OFFLINE", offline)
    return load_settings()


def test_a_login_has_the_email_in_lower_case_the_name_and_the_groups() -> None:
    assert read_login(claims(), OIDC, NOW) == Login(
        "ann@example.org", "Ann Lee", ("hr", "it"), NOW - 60
    )


def test_nobody_is_in_without_a_login() -> None:
    assert read_login({}, OIDC, NOW) == Refusal("logged_out")
    assert reason(is_logged_in=False) == "logged_out"
    assert reason(is_logged_in="yes") == "logged_out"


@pytest.mark.parametrize("email", [None, "", "ann", 7, ["ann@example.org"], "a b@x.org", "a@b@c"])
def test_a_login_without_a_usable_email_does_not_count(email: object) -> None:
    assert reason(email=email) == "no_email"


@pytest.mark.parametrize(
    ("verified", "told"),
    [(False, "not_verified"), ("false", "not_verified"), (None, "in"), ("true", "in")],
)
def test_an_email_that_is_not_verified_does_not_count(verified: object, told: str) -> None:
    assert reason(email_verified=verified) == told


def test_only_allowed_domains_come_in() -> None:
    oidc = OidcSettings(allowed_domains=("@Example.org", "example.com"))
    assert reason(oidc) == "in"
    assert reason(oidc, email="ann@EXAMPLE.com") == "in"
    for email in (
        "ann@evil.org",
        "ann@sub.example.org",
        "ann@notexample.org",
        "example.org@evil.org",
    ):
        assert reason(oidc, email=email) == "domain"


def test_a_login_ends_when_the_provider_says_so() -> None:
    assert reason(exp=NOW + 1) == "in"
    assert reason(exp=NOW) == "expired"


def test_a_login_ends_when_it_is_too_old() -> None:
    late = NOW + 100 * HOUR_S
    assert reason(iat=NOW - 12 * HOUR_S + 1, exp=late) == "in"
    assert reason(iat=NOW - 12 * HOUR_S, exp=late) == "expired"
    assert reason(iat=NOW + 2 * HOUR_S, exp=late) == "expired"


@pytest.mark.parametrize("missing", ["iat", "exp"])
@pytest.mark.parametrize("value", [None, "1900000000", True, []])
def test_a_login_that_does_not_say_when_it_ends_does_not_count(missing: str, value: object) -> None:
    assert reason(**{missing: value}) == "expired"


def test_groups_are_short_texts_and_not_too_many() -> None:
    odd = ["hr", 3, None, ["x"], "x" * 201, " ", " hr "]
    found = read_login(claims(groups=odd), OIDC, NOW)
    assert isinstance(found, Login)
    assert found.groups == ("hr",)
    found = read_login(claims(groups=[f"g{n}" for n in range(5000)]), OIDC, NOW)
    assert isinstance(found, Login)
    assert len(found.groups) == MAX_GROUPS


def test_groups_come_from_the_claim_that_is_set() -> None:
    oidc = OidcSettings(groups_claim="roles")
    found = read_login(claims(roles="it"), oidc, NOW)
    assert isinstance(found, Login)
    assert found.groups == ("it",)


@given(st.dictionaries(st.sampled_from(sorted(claims())), ANYTHING))
def test_whatever_the_claims_are_the_answer_is_a_login_or_a_reason(odd: dict[str, Any]) -> None:
    found = read_login(claims(**odd), OIDC, NOW)
    if isinstance(found, Login):
        assert all(isinstance(group, str) for group in found.groups)
        assert found.email == found.email.casefold()


def test_without_settings_nobody_has_to_log_in() -> None:
    settings = load_settings()
    assert not is_login_configured(settings.oidc)
    assert streamlit_secrets(settings) == {}


def test_streamlit_is_told_of_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = configured(monkeypatch)
    assert is_login_configured(settings.oidc)
    assert streamlit_secrets(settings)["auth"] == {
        "redirect_uri": WHOLE["REDIRECT_URL"],
        "cookie_secret": cookie_secret(settings),
        "client_id": "footnote",
        "client_secret": "hush",
        "server_metadata_url": WHOLE["METADATA_URL"],
    }


def test_offline_a_login_that_leaves_this_machine_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigError, match="FOOTNOTE_OFFLINE"):
        streamlit_secrets(configured(monkeypatch, offline="1"))
    here = "http://localhost:9/.well-known/openid-configuration"
    assert streamlit_secrets(configured(monkeypatch, offline="1", METADATA_URL=here))


@pytest.mark.parametrize("missing", sorted(WHOLE))
def test_an_incomplete_login_is_an_error_and_locks_everyone_out(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    settings = configured(monkeypatch, **{missing: ""})
    assert is_login_configured(settings.oidc)
    with pytest.raises(ConfigError, match=f"FOOTNOTE_OIDC__{missing} must be set"):
        streamlit_secrets(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("METADATA_URL", "http://login.example.org/x"),
        ("METADATA_URL", "login.example.org"),
        ("REDIRECT_URL", "http://answers.example.org/oauth2callback"),
        ("REDIRECT_URL", "https://answers.example.org/"),
        ("REDIRECT_URL", "https://answers.example.org/footnote/oauth2callback"),
    ],
)
def test_an_address_that_cannot_be_safe_or_right_is_an_error(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(ConfigError, match=f"FOOTNOTE_OIDC__{name}"):
        streamlit_secrets(configured(monkeypatch, **{name: value}))


def test_the_way_back_lies_below_the_base_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_WEB__BASE_PATH", "/footnote/")
    address = "http://localhost:8501/footnote/oauth2callback"
    assert streamlit_secrets(configured(monkeypatch, REDIRECT_URL=address))


def test_the_cookie_secret_is_made_once_and_only_its_owner_reads_it(data_dir: Path) -> None:
    settings = load_settings()
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: cookie_secret(settings), range(16)))
    assert len(made) == 1
    assert len(made.pop()) == 64
    assert [path.name for path in data_dir.iterdir()] == ["cookie_secret"]
    assert stat.S_IMODE((data_dir / "cookie_secret").stat().st_mode) == 0o600


def test_a_cookie_secret_that_can_be_guessed_is_an_error(
    monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    monkeypatch.setenv("FOOTNOTE_COOKIE_SECRET", "hunter2")
    with pytest.raises(ConfigError, match="FOOTNOTE_COOKIE_SECRET") as told:
        cookie_secret(load_settings())
    assert "hunter2" not in str(told.value)
    monkeypatch.delenv("FOOTNOTE_COOKIE_SECRET")
    data_dir.mkdir()
    (data_dir / "cookie_secret").touch()
    with pytest.raises(ConfigError, match="holds no secret"):
        cookie_secret(load_settings())
