"""Reads the style sheets and scripts that ship beside this module."""

from functools import cache
from pathlib import Path

ASSETS = Path(__file__).parent / "assets"


@cache
def asset_text(name: str) -> str:
    """Return one shipped asset."""
    return (ASSETS / name).read_text(encoding="utf-8")
