"""The look of the web application, in light and dark, as Streamlit configuration."""

_SHARED: dict[str, str | bool] = {
    "font": "sans-serif",
    "headingFont": "serif",
    # As page.css says a moment after the title is drawn: it does not shrink before the reader's eyes.
    "headingFontSizes": '["1.75rem"]',
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
    "greenColor": "#079464",
    "greenBackgroundColor": "#f1fbf6",
    "greenTextColor": "#0c5a44",
    "orangeColor": "#d9601f",
    "orangeBackgroundColor": "#fff6ed",
    "orangeTextColor": "#9b4519",
    "redColor": "#d94a57",
    "redBackgroundColor": "#fff1f2",
    "redTextColor": "#9e303b",
    "yellowColor": "#a87600",
    "yellowBackgroundColor": "#ffe48a",
    "yellowTextColor": "#1d232b",
    "grayColor": "#6b7280",
    "grayBackgroundColor": "#eef0f3",
    "grayTextColor": "#5a6472",
}
_DARK = {
    # White words stand on it; what Streamlit writes with it is given another colour in page.css.
    "primaryColor": "#3d7aa9",
    "backgroundColor": "#14181d",
    "secondaryBackgroundColor": "#1e242b",
    "textColor": "#e6e9ed",
    "linkColor": "#8fc1e8",
    "borderColor": "#363f49",
    "blueColor": "#5b9dcc",
    "blueBackgroundColor": "#1f3a50",
    "blueTextColor": "#b5d8f2",
    "greenColor": "#7ed5b0",
    "greenBackgroundColor": "#0e2f24",
    "greenTextColor": "#7ed5b0",
    "orangeColor": "#f2a56d",
    "orangeBackgroundColor": "#342414",
    "orangeTextColor": "#f2a56d",
    "redColor": "#f2919a",
    "redBackgroundColor": "#412023",
    "redTextColor": "#f2919a",
    "yellowColor": "#fbd54f",
    "yellowBackgroundColor": "#6b5415",
    "yellowTextColor": "#fff4cc",
    "grayColor": "#9aa5b1",
    "grayBackgroundColor": "#29313a",
    "grayTextColor": "#a6b0bb",
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
