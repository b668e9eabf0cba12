"""The look of the web application, in light and dark, as Streamlit configuration."""

_SHARED: dict[str, str | bool] = {
    "font": "sans-serif",
    "headingFont": "serif",
    "baseRadius": "0.625rem",
    "showWidgetBorder": True,
}
_LIGHT = {
    "primaryColor": "#24537a",
    "backgroundColor": "#ffffff",
    "secondaryBackgroundColor": "#f4f5f7",
    "textColor": "#1d232b",
    "linkColor": "#24537a",
    "borderColor": "#d9dee4",
    "blueColor": "#2f6f9f",
    "blueBackgroundColor": "#e3eef7",
    "blueTextColor": "#1c4c73",
    "yellowBackgroundColor": "#ffe48a",
    "yellowTextColor": "#1d232b",
    "grayTextColor": "#5a6472",
}
_DARK = {
    "primaryColor": "#3f7cab",
    "backgroundColor": "#14181d",
    "secondaryBackgroundColor": "#1e242b",
    "textColor": "#e6e9ed",
    "linkColor": "#8fc1e8",
    "borderColor": "#363f49",
    "blueColor": "#5b9dcc",
    "blueBackgroundColor": "#1f3a50",
    "blueTextColor": "#b5d8f2",
    "yellowBackgroundColor": "#6b5415",
    "yellowTextColor": "#fff4cc",
    "grayTextColor": "#9aa5b1",
}
_LIGHT_SIDEBAR = {"backgroundColor": "#f7f8f9", "secondaryBackgroundColor": "#e9ecef"}
_DARK_SIDEBAR = {"backgroundColor": "#191e24", "secondaryBackgroundColor": "#262d35"}


def theme_options() -> dict[str, str | bool]:
    """Return the options, keyed as Streamlit names them."""
    sections: dict[str, dict[str, str | bool]] = {
        "theme": _SHARED,
        "theme.light": {**_LIGHT},
        "theme.dark": {**_DARK},
        "theme.light.sidebar": {**_LIGHT_SIDEBAR},
        "theme.dark.sidebar": {**_DARK_SIDEBAR},
    }
    return {
        f"{section}.{name}": value
        for section, options in sections.items()
        for name, value in options.items()
    }
