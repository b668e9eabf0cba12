// Draws a window of a document with the cited words marked. Document text only ever becomes a text node.
export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".passage");
  const drawn = data.segments.map((segment) => {
    const node = document.createElement(segment.marked ? "mark" : "span");
    node.className = segment.kind;
    node.textContent = segment.text;
    return node;
  });
  root.replaceChildren(...drawn);
  // Only when another passage was opened: widening the window must not move the reader.
  if (root.target === data.target) return;
  root.target = data.target;
  const mark = root.querySelector("mark");
  requestAnimationFrame(() => {
    if (mark) root.scrollTop += mark.getBoundingClientRect().top - root.getBoundingClientRect().top - 96;
    else root.scrollTop = 0;
  });
}
