"""The one-time address by which a person says which login a Slack account belongs to."""

from urllib.parse import urlsplit

from app.account_links import AccountLinks, SlackAccount
from app.slack.places import Asker

PATH = "slack-link"


class Linking:
    """Makes the addresses; they are for the account's owner alone, and are sent where nobody else reads."""

    def __init__(self, links: AccountLinks, web_url: str) -> None:
        self._links = links
        self._web_url = web_url

    def address_for(self, team: str, slack_user: str) -> str:
        """Return a new address for an account, '' where nobody knows the web application's own."""
        if not has_address(self._web_url):
            return ""
        code = self._links.offer(SlackAccount(team, slack_user))
        return f"{self._web_url.rstrip('/')}/{PATH}?code={code}"

    def refusal_for(self, asker: Asker, team: str) -> str:
        """Return what a refused person is told, where nobody else reads it, with an address if one would help."""
        if not asker.can_link:
            return asker.refusal
        address = self.address_for(team, asker.slack_user)
        if not address:
            return f"{asker.refusal} Ask whoever runs Footnote: the bot does not know the address of the web application."
        return (
            f"{asker.refusal} Log in to the web application, then open this address within 15 minutes. It is for you alone, "
            f"so do not pass it on: {address}"
        )


def has_address(web_url: str) -> bool:
    """Whether a text is an address of a web application: http or https with a host, and nothing behind its path."""
    try:
        parts = urlsplit(web_url)
        is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and is_plain
    except ValueError:
        return False
