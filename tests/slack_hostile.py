"""Texts that try to be a mention, a command or a link in Slack; for hypothesis."""

import html
import re
import unicodedata

from hypothesis import strategies as st

PIECES = st.sampled_from(
    [
        "<", ">", "&", "&lt;", "&gt;", "&amp;lt;", "&#60;", "&#x3c", "\uff1c", "\uff1e", "\ufe64", "!", "@", "#", "|", "^",
        "channel", "here", "everyone", "!channel>", "@U0AB1", "#C0AB1|general", "!subteam^S1|@team", "!date^1^{date} at|x",
        "https://evil.example/x?q=1", "http://wiki.example.org/a", "https://a.docs.example.org/b", "www.evil.example",
        "javascript:alert(1)", "mailto:a@evil.example", "ann@evil.example", "evil.example", "README.md", "index.html",
        "[", "]", "(", ")", "![", "](", "](https://evil.example/x)", "[label](https://wiki.example.org/p)", "[r]: ",
        "`", "``", "```", "\n```\n", "\n", " ", "  ", "\t", "*", "_", "~", "\\", "\u200b", "\u202e", "\ufeff", "word", "5", "=",
        "-", ".", "/", ":", "data:text/html,x", "slack://open", "\n\n", "- ", "> ", "| ", "é", "日本", "😀",
    ]
)  # fmt: skip
HOSTILE = st.one_of(st.lists(PIECES, max_size=25).map("".join), st.text(max_size=80))

SEQUENCE = re.compile(r"<(?:[@#!]|[A-Za-z][A-Za-z0-9+.\-]*:)")


def decoded(text: str) -> str:
    """Return a text as a careless program would read it: entities resolved, look-alikes made the same."""
    for _ in range(4):
        text = re.sub(r"&(?:\w+;|#\w+;?)", lambda found: html.unescape(found[0]), text)
    return unicodedata.normalize("NFKC", text)
