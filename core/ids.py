"""Identifiers that sort by the time they were made."""

import secrets
import time


def new_id() -> str:
    """Return 26 characters: milliseconds since 1970 in hex, then 56 random bits."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(7)}"
