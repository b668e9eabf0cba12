"""Works a page with the keys that move and press, and sees that the place where one is can be seen."""

import re
import time
from typing import Any

from playwright.sync_api import Page
from web_browser import PATIENCE_MS

LEAST = 3.0
_MOST_STOPS = 120
# What has the focus, into elements' own trees; where it can be seen, and how well.
_FOCUS = """
() => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  if (!node || node === document.body) return null;
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).map(Number);
    if (parts[3] === 0) return null;
    const [red, green, blue] = parts.map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = light(getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor);
  const contrast = (colour) => {
    const one = light(colour);
    return one === null ? 1 : (Math.max(one, ground) + 0.05) / (Math.min(one, ground) + 0.05);
  };
  // The frame of a field, and of a switch, is drawn by what stands around it.
  const around = [node];
  const isField = node.matches("input, textarea");
  for (let up = node.parentElement; up && isField && around.length < 5; up = up.parentElement) around.push(up);
  const best = Math.max(...around.map((one) => {
    const style = getComputedStyle(one);
    const has = (side, width) => side !== "none" && parseFloat(width) >= 1;
    return Math.max(
      has(style.outlineStyle, style.outlineWidth) ? contrast(style.outlineColor) : 1,
      isField && has(style.borderTopStyle, style.borderTopWidth) ? contrast(style.borderTopColor) : 1,
    );
  }));
  const labels = [...(node.labels || [])].map((label) => label.innerText).join(" ");
  // A scroller's own words are all that is in it: they are no name.
  const own = node.matches("a, button, summary, [role=button], [role=tab], [role=radio], [role=option], [role=menuitem]") && node.innerText;
  const words = [node.getAttribute("aria-label"), labels, node.placeholder, own];
  return { name: words.find((one) => one && one.trim())?.trim() || "", tag: node.localName, contrast: best };
}
"""


class Keyboard:
    """Keeps each place that was passed and could not be told from others by its looks."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.unseen: set[str] = set()

    def focus(self) -> dict[str, Any]:
        """Return what has the focus: `name`, `tag`, `contrast` of the line around it."""
        return self._page.evaluate(_FOCUS) or {"name": "", "tag": "body", "contrast": 21}

    def reach(self, name: str, key: str = "Tab") -> None:
        """Press a key until what has the focus has a name that matches."""
        passed = []
        for _ in range(_MOST_STOPS):
            self._page.keyboard.press(key)
            now = self.focus()
            if now["contrast"] < LEAST:
                # A line that fades in has its colour a little later.
                self._page.wait_for_timeout(400)
                now = self.focus()
            if now["contrast"] < LEAST:
                self.unseen.add(f"{now['tag']} {now['name']!r}: {now['contrast']:.2f}")
            if re.search(name, now["name"]):
                return
            passed.append(now["name"])
        raise AssertionError(f"{key} never came to {name!r}, but to {passed}")

    def expect_focus(self, name: str) -> None:
        """Wait until the focus is on what has this in its name."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while name not in self.focus()["name"]:
            assert time.monotonic() < deadline, f"the focus is on {self.focus()}, not on {name!r}"
            self._page.wait_for_timeout(100)

    def press(self, *keys: str) -> None:
        for key in keys:
            self._page.keyboard.press(key)
