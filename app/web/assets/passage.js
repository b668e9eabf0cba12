// Draws a window of a document with the cited words marked. Document text only ever becomes a text node.
const element = (name, className, children = []) => {
  const node = document.createElement(name);
  if (className) node.className = className;
  node.append(...children);
  return node;
};

// A blank line between two elements; anything else between them is part of what its owner wrote.
const isGap = (part) => part.kind === "plain" && part.text === "\n\n" && !part.marked;

const drawnParts = (parts) =>
  parts.map((part) => {
    const node = element(part.marked ? "mark" : "span", isGap(part) ? "gap" : part.kind);
    node.textContent = part.text;
    return node;
  });

const drawnRow = (row) => {
  const cells = row.cells.map((parts) => element("td", "", drawnParts(parts)));
  return element("tr", row.is_cited ? "cited" : "", cells);
};

const counted = (block) => {
  const last = block.first + block.rows.length - 1;
  if (!block.rows.length || block.rows.length === block.total) return "";
  const number = (value) => value.toLocaleString("en");
  return `Rows ${number(block.first)} to ${number(last)} of ${number(block.total)}`;
};

const drawn = {
  text: (block) => element("div", "running", drawnParts(block.parts)),
  page: (block) => element("div", "break", [block.label]),
  headers: (block) =>
    element(
      "dl",
      "headers",
      block.rows.flatMap((row) => [
        element("dt", "", drawnParts(row.cells[0])),
        element("dd", "", drawnParts(row.cells[1])),
      ]),
    ),
  table: (block) => {
    const table = element("table", "");
    const caption = counted(block);
    if (caption) table.append(element("caption", "", [caption]));
    if (block.columns.length) {
      const names = block.columns.map((parts) => {
        const name = element("th", "", drawnParts(parts));
        name.scope = "col";
        return name;
      });
      table.append(element("thead", "", [element("tr", "", names)]));
    }
    table.append(element("tbody", "", block.rows.map(drawnRow)));
    return table;
  },
};

// The Tab key of a Streamlit dialog passes what stands in an element's own tree: the element's host stands in for it,
// and hands the focus on.
const standIn = (parentElement, first) => {
  const { host } = parentElement;
  if (!host?.closest('[role="dialog"]')) return;
  host.tabIndex = 0;
  host.onfocus = (event) => event.target === host && !parentElement.activeElement && first.focus();
};

// The button that was pressed may be closed now. On the page the dialog would hear no key; on the dialog itself, where
// its own walk puts the focus when it is quicker than this, nobody would see where they are.
const keepFocus = (first, left = 12) =>
  setTimeout(() => {
    if (document.activeElement.matches('body, [role="dialog"]')) first.focus({ preventScroll: true });
    else if (left) keepFocus(first, left - 1);
  }, 150);

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".passage");
  standIn(parentElement, root);
  root.replaceChildren(...data.blocks.map((block) => drawn[block.kind](block)));
  // Only when another passage was opened: widening the window must not move the reader.
  if (root.target === data.target) return;
  if (root.target) keepFocus(root);
  root.target = data.target;
  const mark = root.querySelector("mark");
  requestAnimationFrame(() => {
    if (mark) root.scrollTop += mark.getBoundingClientRect().top - root.getBoundingClientRect().top - 96;
    else root.scrollTop = 0;
  });
}
