"""Login by OpenID Connect as Streamlit's server is told of it, and the secret that signs its cookies."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.errors import ConfigError
from core.loopback import is_loopback
from core.settings import OidcSettings, Settings
from index.database import storage_errors

SECRET_NAME = "cookie_secret"  # noqa: S105 - the name of a file
CALLBACK = "/oauth2callback"
_LEAST_SECRET_CHARS = 32
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")


def is_login_configured(oidc: OidcSettings) -> bool:
    """Return whether people have to log in; a half-made configuration locks them out."""
    return any((oidc.metadata_url, oidc.client_id, oidc.client_secret, oidc.redirect_url))


def streamlit_secrets(settings: Settings) -> dict[str, Any]:
    """Return the secrets that Streamlit logs people in with; none where nobody has to log in.

    Raises:
        ConfigError: the configuration is incomplete, or would not be safe.
    """
    oidc = settings.oidc
    if not is_login_configured(oidc):
        return {}
    _check(oidc, settings.web.base_path)
    if settings.offline and not is_loopback(urlsplit(oidc.metadata_url).hostname):
        raise ConfigError(
            f"FOOTNOTE_OFFLINE forbids to leave this machine, and the login asks {oidc.metadata_url!r}. "
            "Set FOOTNOTE_OFFLINE=0 to allow it, or leave the login out."
        )
    secret = oidc.client_secret
    return {
        "auth": {
            "redirect_uri": oidc.redirect_url,
            "cookie_secret": cookie_secret(settings),
            "client_id": oidc.client_id,
            "client_secret": secret.get_secret_value() if secret else "",
            "server_metadata_url": oidc.metadata_url,
        }
    }


def cookie_secret(settings: Settings) -> str:
    """Return the secret that signs cookies: the one that is set, else the data folder's own.

    Raises:
        ConfigError: the one that is set is short.
        DataFolderError: the data folder cannot be read or written.
    """
    if settings.cookie_secret is None:
        return _own_secret(settings.data_dir / SECRET_NAME)
    given = settings.cookie_secret.get_secret_value()
    if len(given) < _LEAST_SECRET_CHARS:
        raise ConfigError(
            f"FOOTNOTE_COOKIE_SECRET has {len(given)} characters, which can be guessed. Use at least "
            f"{_LEAST_SECRET_CHARS} random ones, or leave it out: then Footnote makes one."
        )
    return given


def _own_secret(path: Path) -> str:
    """Return the secret in a file, which only its owner can read; it is made when it is missing."""
    with storage_errors(path.parent):
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            made = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
            with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
                file.flush()
                os.fsync(file.fileno())
            # The first of two processes wins, and neither ever reads half a secret.
            try:
                os.link(made, path)
            except FileExistsError:
                pass
            finally:
                made.unlink()
        secret = path.read_text(encoding="ascii").strip()
    if len(secret) < _LEAST_SECRET_CHARS:
        raise ConfigError(
            f"The file {str(path)!r} holds no secret. Remove it: a new one is made, and everyone logs in again."
        )
    return secret


def _check(oidc: OidcSettings, base_path: str) -> None:
    parts = {
        "METADATA_URL": oidc.metadata_url,
        "CLIENT_ID": oidc.client_id,
        "CLIENT_SECRET": oidc.client_secret,
        "REDIRECT_URL": oidc.redirect_url,
    }
    missing = [f"FOOTNOTE_OIDC__{name}" for name, value in parts.items() if not value]
    if missing:
        raise ConfigError(
            f"The login is not complete: {', '.join(missing)} must be set too. Leave all four empty for no login."
        )
    for name in ("METADATA_URL", "REDIRECT_URL"):
        _check_address(f"FOOTNOTE_OIDC__{name}", str(parts[name]))
    path = "/".join(("", *filter(None, base_path.split("/")))) + CALLBACK
    if urlsplit(oidc.redirect_url).path != path:
        raise ConfigError(
            f"FOOTNOTE_OIDC__REDIRECT_URL is {oidc.redirect_url!r}, but must be the application's address with the "
            f"path {path!r}."
        )


def _check_address(name: str, address: str) -> None:
    url = urlsplit(address)
    if url.scheme == "https" and url.hostname:
        return
    # Over plain HTTP anyone on the way could log in as anybody.
    if url.scheme != "http" or not is_loopback(url.hostname):
        raise ConfigError(
            f"{name} is {address!r}. It must begin with https:// (http:// is for this machine alone)."
        )
