"""Draws the real blocks as Slack does, near enough to judge them, and saves the pictures of docs/slack.md.

    python tests/slack_pictures.py [folder]

A look-alike: Slack's own drawing differs in fonts and distances, not in what is said. Only what the bot uses is drawn.
"""

import html
import re
import sys
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from playwright.sync_api import sync_playwright
from slack_answers import abstained, supported, with_doubts

from app.slack.blocks import HomeLine, SourceLinks, answer_blocks, flag_modal, home_view

ROOT = Path(__file__).parents[1]
CHROMIUM_NAMES = ("/usr/bin/chromium", "/usr/bin/chromium-browser")
_THUMB = (
    "M1 7h3v7H1zM5 7l3-6c1.6 0 2 1 1.7 2.4L9.3 6H14c.8 0 1.3.8 1 1.6l-1.8 5.6c-.2.5-.6.8-1.1.8H5z"
)
MOST_BYTES = 120_000
WIDTH = 720

_STYLE = """
body { background: #fff; color: #1d1c1d; font: 15px/1.47 Lato, "Liberation Sans", Arial, sans-serif; margin: 0; }
main { padding: 16px 20px; width: 680px; }
a { color: #1264a3; text-decoration: none; }
.message { display: grid; gap: 0 12px; grid-template-columns: 36px 1fr; }
.face { background: #2d5b8a; border-radius: 6px; color: #fff; font: bold 20px/36px sans-serif; height: 36px; text-align: center; }
.who b { margin-right: 6px; } .who i { background: #e8e8e8; border-radius: 2px; color: #616061; font: 10px/14px sans-serif; padding: 1px 3px; }
.who time { color: #616061; font-size: 12px; margin-left: 6px; }
.block { margin: 4px 0 8px; } .block p { margin: 0 0 8px; }
.context { color: #616061; font-size: 13px; line-height: 1.5; }
.row { display: flex; gap: 8px; margin: 8px 0; }
.button { border: 1px solid #bbb; border-radius: 8px; display: inline-block; font-size: 13px; font-weight: bold; padding: 4px 12px; }
.primary { background: #007a5a; border-color: #007a5a; color: #fff; }
.modal { border: 1px solid #ccc; border-radius: 10px; box-shadow: 0 4px 16px #0002; width: 520px; margin: 4px; }
.modal h1 { border-bottom: 1px solid #ddd; font-size: 20px; margin: 0; padding: 14px 20px; }
.modal .inside { padding: 12px 20px; } .modal footer { border-top: 1px solid #ddd; padding: 12px 20px; text-align: right; }
label { display: block; font-weight: bold; margin: 12px 0 4px; } label em { color: #616061; font-style: normal; font-weight: normal; }
.field { border: 1px solid #868686; border-radius: 4px; color: #868686; min-height: 22px; padding: 6px 10px; }
.tall { min-height: 44px; } .choice::before { content: "○  "; } .chosen::before { content: "◉  "; }
.thumb { fill: none; height: 13px; stroke: #454447; stroke-width: 1.3; vertical-align: -2px; width: 13px; }
main:has(.modal) { width: fit-content; }
h2 { font-size: 18px; margin: 16px 0 4px; } hr { border: 0; border-top: 1px solid #ddd; }
"""


def mrkdwn_html(text: str) -> str:
    """Draw mrkdwn: links, bold, line breaks; entities as Slack reads them, once."""
    drawn = re.sub(
        r"<([^|<>]*)(?:\|([^<>]*))?>",
        lambda found: f'<a href="{found[1]}">{found[2] or found[1]}</a>',
        text,
    )
    drawn = re.sub(r"(?<!\w)\*([^*\n]+)\*(?!\w)", r"<b>\1</b>", drawn)
    return drawn.replace("\n", "<br>")


def text_html(text: dict[str, Any]) -> str:
    return mrkdwn_html(text["text"]) if text["type"] == "mrkdwn" else html.escape(text["text"])


def block_html(block: dict[str, Any]) -> str:
    kind = block["type"]
    if kind == "markdown":
        return f'<div class="block">{MarkdownIt("commonmark", {"html": False}).render(block["text"])}</div>'
    if kind == "section":
        return f'<div class="block">{text_html(block["text"])}</div>'
    if kind == "context":
        inside = "".join(text_html(text) for text in block["elements"])
        return f'<div class="block context">{inside}</div>'
    if kind == "header":
        return f"<h2>{text_html(block['text'])}</h2>"
    if kind == "divider":
        return "<hr>"
    if kind == "input":
        return input_html(block)
    return (
        f'<div class="row">{"".join(element_html(element) for element in block["elements"])}</div>'
    )


def element_html(element: dict[str, Any]) -> str:
    if element["type"] == "feedback_buttons":
        signs = ((_thumb(up=True), "positive_button"), (_thumb(up=False), "negative_button"))
        return "".join(
            f'<span class="button">{sign} {text_html(element[name]["text"])}</span> '
            for sign, name in signs
        )
    return f'<span class="button">{text_html(element["text"])}</span>'


def _thumb(*, up: bool) -> str:
    """Return a drawn thumb: no font has to have one."""
    turn = "" if up else ' style="transform: rotate(180deg)"'
    return f'<svg class="thumb" viewBox="0 0 16 16"{turn}><path d="{_THUMB}"/></svg>'


def input_html(block: dict[str, Any]) -> str:
    element = block["element"]
    optional = " <em>(optional)</em>" if block.get("optional") else ""
    drawn = f"<label>{text_html(block['label'])}{optional}</label>"
    chosen = element.get("initial_option")
    if element["type"] == "radio_buttons":
        return drawn + "".join(
            f'<div class="{"chosen" if option == chosen else "choice"}">{text_html(option["text"])}</div>'
            for option in element["options"]
        )
    if element["type"] == "static_select":
        return f'{drawn}<div class="field">{text_html(chosen["text"])} ▾</div>'
    hint = text_html(element["placeholder"]) if "placeholder" in element else ""
    return f'{drawn}<div class="field {"tall" if element["multiline"] else ""}">{hint}</div>'


def message_html(blocks: list[dict[str, Any]]) -> str:
    inside = "".join(map(block_html, blocks))
    head = '<div class="who"><b>Footnote</b><i>APP</i><time>10:24</time></div>'
    return f'<div class="message"><div class="face">F</div><div>{head}{inside}</div></div>'


def modal_html(view: dict[str, Any]) -> str:
    inside = "".join(map(block_html, view["blocks"]))
    buttons = f'<span class="button">{text_html(view["close"])}</span> <span class="button primary">{text_html(view["submit"])}</span>'
    return f'<div class="modal"><h1>{text_html(view["title"])}</h1><div class="inside">{inside}</div><footer>{buttons}</footer></div>'


def pictures() -> dict[str, str]:
    """Return what each picture shows, by its name."""
    links = SourceLinks("https://footnote.example.org/")

    def drawn(one: Any, *, is_private: bool = True, with_escalation: bool = True) -> str:
        messages = answer_blocks(one, links, is_private=is_private, with_escalation=with_escalation)
        return "".join(map(message_html, messages))

    questions = [
        HomeLine(
            "How many days of leave do we get?", "22 November 2026", links.of_conversation("c1")
        ),
        HomeLine(
            "Who approves travel to a conference?", "20 November 2026", links.of_conversation("c2")
        ),
    ]
    flags = [
        HomeLine(
            "New parents get 60 days more.",
            "Wrong fact · being reviewed",
            links.of_conversation("c1"),
        )
    ]
    home = home_view(questions, flags)
    return {
        "slack-answer": drawn(supported(), is_private=False),
        "slack-unsupported": drawn(with_doubts()),
        "slack-abstention": drawn(abstained()),
        "slack-modal": modal_html(flag_modal(with_doubts(), "wrong_fact")),
        "slack-home": "".join(map(block_html, home["blocks"])),
    }


def main(folder: Path) -> None:
    """Save all pictures in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    chromium = next(name for name in CHROMIUM_NAMES if Path(name).exists())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 400})
        for name, body in pictures().items():
            page.set_content(
                f"<!doctype html><meta charset=utf-8><style>{_STYLE}</style><main>{body}</main>"
            )
            saved = folder / f"{name}.png"
            page.locator("main").screenshot(path=saved)
            size = saved.stat().st_size
            if size > MOST_BYTES:
                raise SystemExit(f"{saved} has {size} bytes, more than {MOST_BYTES}")
            print(f"{saved} {size}")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
