// Draws the blocks of an answer's text. Every word of it comes from a model or a document, so it only ever becomes
// a text node. Each text node knows its place: how many code points of the answer's text stand before it.
const element = (tag, name, text) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
};

const clip = (text, length) => (text.length > length ? text.slice(0, length - 1) + "…" : text);

const codePoints = (text) => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};

const TAGS = {
  paragraph: "p", line: "div", bullets: "ul", numbers: "ol", item: "li", quote: "blockquote",
  row: "tr", head: "th", cell: "td", rule: "hr",
};
const STYLES = { strong: "strong", em: "em", strike: "s", code: "code" };

// What scrolls sideways has to be reachable without a mouse.
const scroller = (inner, label) => {
  const box = element("div", "scroller");
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", label);
  box.append(inner);
  box.holder = inner.tagName === "TABLE" ? inner.tBodies[0] : inner.firstChild;
  return box;
};

const emptyBlock = (block) => {
  if (block.kind === "table") {
    const table = element("table");
    table.append(element("tbody"));
    return scroller(table, "Table");
  }
  if (block.kind === "code") {
    const pre = element("pre");
    pre.append(element("code"));
    return scroller(pre, "Code");
  }
  if (block.kind === "heading") return element(`h${Math.min(Math.max(block.number + 1, 3), 6)}`);
  const node = element(TAGS[block.kind] || "p");
  if (block.kind === "numbers" && block.number !== 1) node.start = block.number;
  if (block.kind === "head") node.scope = "col";
  if (block.kind !== "rule") node.dir = "auto";
  return node;
};

// Only an address that its words were written with is a link; the server lets none but web addresses through.
const outward = (href) => {
  const anchor = element("a", "outward");
  anchor.href = /^https?:\/\//i.test(href) ? href : "#";
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  anchor.title = href;
  return anchor;
};

const styledText = (segment) => {
  const text = document.createTextNode(segment.text);
  text.place = segment.start;
  let node = text;
  [...segment.styles].reverse().forEach((style) => {
    const around = element(STYLES[style]);
    around.append(node);
    node = around;
  });
  if (segment.href) {
    const anchor = outward(segment.href);
    anchor.append(node);
    node = anchor;
  }
  return { node, text };
};

// Draws blocks; `drawSegment` returns the nodes of one segment.
const drawBlocks = (blocks, drawSegment) =>
  blocks.map((block) => {
    const node = emptyBlock(block);
    const holder = node.holder || node;
    holder.append(...drawBlocks(block.blocks, drawSegment), ...block.segments.flatMap(drawSegment));
    return node;
  });
