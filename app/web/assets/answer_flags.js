// What a reader does with a claim or with chosen words: sees the evidence, says what is wrong, takes it back.

// Characters are counted in code points by the server and in UTF-16 units by the browser.
const unitsToPoints = (text, units) => {
  const isInPair = units > 0 && /[\uD800-\uDBFF]/.test(text[units - 1]) && /[\uDC00-\uDFFF]/.test(text[units] || "");
  return codePoints(text.slice(0, isInPair ? units - 1 : units));
};

const pointsToUnits = (text, points) => Array.from(text).slice(0, points).join("").length;

// Returns what a range marks of an answer's text: code points and the words, null where that is nothing.
const markedSpan = (range, pieces) => {
  let span = null;
  pieces.forEach(({ node, place, written }) => {
    if (!range.intersectsNode(node)) return;
    const units = written.length;
    const from = node === range.startContainer ? range.startOffset : 0;
    const to = node === range.endContainer ? range.endOffset : units;
    const isWhole = node.nodeType !== Node.TEXT_NODE;
    const begin = isWhole ? 0 : unitsToPoints(written, from);
    const end = isWhole ? codePoints(written) : unitsToPoints(written, to);
    if (begin >= end) return;
    const words = Array.from(written).slice(begin, end).join("");
    if (!span) span = { start: place + begin, end: place + end, words };
    else span = { start: span.start, end: place + end, words: span.words + words };
  });
  return span && trimmed(span);
};

const trimmed = ({ start, end, words }) => {
  const front = codePoints(words) - codePoints(words.trimStart());
  const back = codePoints(words) - codePoints(words.trimEnd());
  return words.trim() ? { start: start + front, end: end - back, words: words.trim() } : null;
};

// The selection inside a shadow root is told differently by every browser.
const selectedRange = (root) => {
  const selection = document.getSelection();
  const shadow = root.getRootNode();
  if (selection?.getComposedRanges && shadow instanceof ShadowRoot) {
    const [found] = selection.getComposedRanges({ shadowRoots: [shadow] });
    if (!found || !root.contains(found.startContainer) || !root.contains(found.endContainer)) return null;
    const range = document.createRange();
    range.setStart(found.startContainer, found.startOffset);
    range.setEnd(found.endContainer, found.endOffset);
    return range.collapsed ? null : range;
  }
  const inside = shadow.getSelection ? shadow.getSelection() : selection;
  if (!inside?.rangeCount || inside.isCollapsed) return null;
  const range = inside.getRangeAt(0);
  return root.contains(range.commonAncestorContainer) ? range : null;
};

const EDGE = 8;

// Places a box of the top layer under what it belongs to, above it where there is more room.
const placeBox = (box, anchor) => {
  const [width, height] = [document.documentElement.clientWidth, window.innerHeight];
  box.style.maxHeight = "";
  const size = box.getBoundingClientRect();
  const [below, above] = [height - anchor.bottom - 2 * EDGE, anchor.top - 2 * EDGE];
  const isBelow = size.height <= below || below >= above;
  box.style.maxHeight = `${Math.max(isBelow ? below : above, 120)}px`;
  const shown = Math.min(size.height, Math.max(isBelow ? below : above, 120));
  const top = isBelow ? anchor.bottom + EDGE : anchor.top - EDGE - shown;
  box.style.top = `${Math.min(Math.max(top, EDGE), Math.max(height - shown - EDGE, EDGE))}px`;
  box.style.left = `${Math.min(Math.max(anchor.left, EDGE), Math.max(width - size.width - EDGE, EDGE))}px`;
};

const topBox = (name, role) => {
  const box = element("div", name);
  box.popover = "manual";
  if (role) box.setAttribute("role", role);
  return box;
};

const pressable = (words, name, onPress) => {
  const button = element("button", name, words);
  button.type = "button";
  // Pressing must not take the selection away that it is about.
  button.onpointerdown = (event) => event.preventDefault();
  button.onclick = onPress;
  return button;
};
