"""Words and signs can be told from what they stand on, in light and in dark, for every colour that we set."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from app.web.shipped import ASSETS
from app.web.theme import theme_options

TEXT, GRAPHIC = 4.5, 3.0
"""Contrast that WCAG 2.1 AA asks for: of words, and of signs, lines that mean something and outlines."""
SCHEMES = ("light", "dark")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_VARIABLE = re.compile(r"var\(--st-([a-z-]+?)(?:,[^)]*)?\)")
_HEX = re.compile(r"#[0-9a-f]{6}\b")
# Signs before words, and the figure of the logotype.
_SIGNS = ("::before", "::after", ".fn-brand sup")
# On these a sheet draws its words itself: a picture of a printed page, and a frame that says nothing.
_NOT_ON_OUR_PAGE = {"page_image.css"}
_FRAMES = ("border-color", "secondary-background-color", "background-color")


def colours(scheme: str, sidebar: bool = False) -> dict[str, str]:
    """Return the colours of a scheme by the names that style sheets have for them."""
    found: dict[str, str] = {}
    for section in (f"theme.{scheme}.", *((f"theme.{scheme}.sidebar.",) if sidebar else ())):
        for name, value in theme_options().items():
            word = name.removeprefix(section)
            if name.startswith(section) and "." not in word and str(value).startswith("#"):
                found[re.sub("([A-Z])", r"-\1", word).lower()] = str(value)
    return found


def luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def rules() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the declarations of every rule of our style sheets, named by file and selector."""
    for path in sorted(Path(ASSETS).glob("*.css")):
        if path.name in _NOT_ON_OUR_PAGE:
            continue
        sheet = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
        for selector, body in _RULE.findall(sheet):
            pairs = (part.partition(":") for part in body.split(";") if ":" in part)
            yield (
                f"{path.name}: {' '.join(selector.split())}",
                {name.strip(): value.strip() for name, _, value in pairs},
            )


def chosen(value: str, theme: dict[str, str]) -> list[str]:
    """Return the colours that a value names."""
    return [theme[name] for name in _VARIABLE.findall(value) if name in theme] + _HEX.findall(value)


def named(value: str, theme: dict[str, str]) -> list[str]:
    """Return the colours of lines that mean something: frames of boxes say nothing by their colour."""
    frames = {theme[name] for name in _FRAMES}
    return [colour for colour in chosen(value, theme) if colour not in frames]


def background(given: dict[str, str], theme: dict[str, str]) -> list[str]:
    """Return what a rule puts its words on: its own background, or those of the page."""
    own = given.get("background", given.get("background-color", ""))
    return chosen(own, theme) or [theme["background-color"], theme["secondary-background-color"]]


def too_pale(
    scheme: str,
    properties: re.Pattern[str],
    least: float,
    on_page: bool = False,
    is_sign: bool = False,
) -> list[str]:
    theme = colours(scheme)
    page = [theme["background-color"]]
    return [
        f"{rule} {name}: {front} on {back} has {contrast(front, back):.2f}"
        for rule, given in rules()
        if rule.endswith(_SIGNS) == is_sign or on_page
        for name, value in given.items()
        if properties.fullmatch(name)
        for front in (named(value, theme) if on_page else chosen(value, theme))
        for back in (page if on_page else background(given, theme))
        if contrast(front, back) < least
    ]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("sidebar", [False, True])
def test_words_of_the_theme_are_readable_on_each_of_its_backgrounds(
    scheme: str, sidebar: bool
) -> None:
    theme = colours(scheme, sidebar)
    backgrounds = (theme["background-color"], theme["secondary-background-color"])
    for name in ("text-color", "link-color", "gray-text-color"):
        for back in backgrounds:
            assert contrast(theme[name], back) >= TEXT, (name, back)
    # Words on a button, on a chosen option and on the calendar's chosen day are white.
    assert contrast("#ffffff", theme["primary-color"]) >= TEXT
    for back in backgrounds:
        assert contrast(theme["primary-color"], back) >= GRAPHIC, back


@pytest.mark.parametrize("scheme", SCHEMES)
def test_words_of_a_badge_are_readable_on_its_tint_and_on_the_page(scheme: str) -> None:
    theme = colours(scheme)
    for name in ("blue", "green", "orange", "red", "gray"):
        words = theme[f"{name}-text-color"]
        for back in (theme[f"{name}-background-color"], theme["background-color"]):
            assert contrast(words, back) >= TEXT, (name, back)
        assert contrast(theme[f"{name}-color"], theme["background-color"]) >= GRAPHIC, name
    assert contrast(theme["yellow-text-color"], theme["yellow-background-color"]) >= TEXT


@pytest.mark.parametrize("scheme", SCHEMES)
def test_words_of_our_style_sheets_are_readable_where_they_stand(scheme: str) -> None:
    assert too_pale(scheme, re.compile("color"), TEXT) == []
    assert too_pale(scheme, re.compile("color"), GRAPHIC, is_sign=True) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_lines_and_outlines_of_our_style_sheets_can_be_seen(scheme: str) -> None:
    properties = re.compile(r"(border|outline|text-decoration)(-[a-z-]+)?")
    assert too_pale(scheme, properties, GRAPHIC, on_page=True) == []


def test_the_style_sheets_are_read() -> None:
    selectors = list(chain.from_iterable(rule.split(",") for rule, _ in rules()))
    assert any(".verdict.contradicted" in one for one in selectors)
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#3f7cab", "#ffffff") == pytest.approx(4.48, abs=0.01)
