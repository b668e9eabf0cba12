"""The Slack bot: a thin face over the same use cases as the web application."""
