"""Asks axe-core (MPL-2.0, shipped with `axe-playwright-python`) what a page does wrong for people who cannot see it,
cannot see it well, or use no mouse; in light and in dark, on the same visit.
"""

from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page, expect
from web_browser import IDLE, PATIENCE_MS

SCHEMES = ("light", "dark")
_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
_ALL = {"type": "tag", "values": list(_TAGS)}
# The second scheme has the same elements, names and roles: only what is seen can differ.
_SEEN = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
_RUN = """
async (only) => {
  // A colour that is on its way to another one is neither.
  const roots = (root) => [root, ...[...root.querySelectorAll("*")].flatMap((node) =>
    node.shadowRoot ? roots(node.shadowRoot) : [])];
  const moving = roots(document).flatMap((root) => root.getAnimations())
    .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
  await Promise.race([
    Promise.allSettled(moving.map((one) => one.finished)),
    new Promise((done) => setTimeout(done, 3000)),
  ]);
  const found = await axe.run(document, { runOnly: only, resultTypes: ["violations"] });
  return found.violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
    .flatMap(({ id, impact, nodes }) => nodes.map((node) => ({
      id, impact, target: node.target.flat().join(" "), html: node.html.slice(0, 200),
      why: [...node.any, ...node.all, ...node.none].map((check) => check.message).join("; "),
    })));
}
"""
_IS_DRAWN_IN = """
(scheme) => {
  const app = document.querySelector('[data-testid="stApp"]');
  const [red] = getComputedStyle(app).backgroundColor.match(/\\d+/g);
  return (Number(red) > 127 ? "light" : "dark") === scheme;
}
"""


@cache
def _axe() -> str:
    # Evaluated, not loaded as a script: the page's content security policy stays as it is.
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


class Inspection:
    """What was found, in all states that were looked at."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.states: list[str] = []

    def look(self, page: Page, state: str, schemes: tuple[str, ...] = SCHEMES) -> None:
        """Inspect the page as it stands in each scheme; findings are kept, so that one run tells all of them."""
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(_IS_DRAWN_IN, arg=scheme, timeout=PATIENCE_MS)
            only = _ALL if scheme == schemes[0] else _SEEN
            self._inspect(page, f"{state}, {scheme}", only)
        if len(schemes) > 1:
            page.emulate_media(color_scheme=schemes[0])

    def _inspect(self, page: Page, state: str, only: dict[str, Any]) -> None:
        expect(page.locator(IDLE)).to_be_attached(timeout=PATIENCE_MS)
        if not page.evaluate("Boolean(window.axe)"):
            page.evaluate(f"{_axe()}; undefined")
        self.states.append(state)
        for one in self.findings(page, only):
            self.found.append(
                f"{state}: {one['impact']} {one['id']}: {one['target']}\n    {one['html']}\n    {one['why']}"
            )

    @staticmethod
    def findings(page: Page, only: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what is serious or critical now."""
        return list(page.evaluate(_RUN, only))
