// Draws one answer. Every word of it comes from a model or a document, so it only ever becomes a text node.
const element = (tag, name, text) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
};

// What changes how far an answer can be relied on.
const STRONG = new Set(["conflict", "unsupported", "incomplete", "false_premise", "injection"]);

const clip = (text, length) => (text.length > length ? text.slice(0, length - 1) + "…" : text);

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".answer");
  const cards = new Map(data.sources.map((source) => [source.marker, source]));

  // A plain click opens the source beside the conversation; with a modifier it is an ordinary link.
  const link = (source, name) => {
    const anchor = element("a", name);
    anchor.href = source.href;
    anchor.onclick = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      setTriggerValue("opened", { marker: source.marker, click: `${Date.now()}:${Math.random()}` });
    };
    return anchor;
  };

  const chip = (marker) => {
    const source = cards.get(marker);
    const anchor = link(source, "chip");
    anchor.textContent = String(marker);
    anchor.title = `${source.title}\n“${clip(source.quote, 300)}”`;
    anchor.setAttribute("aria-label", `Source ${marker}: ${source.title}`);
    return anchor;
  };

  const drawPart = (part) => {
    if (part.marker !== null) return [chip(part.marker), ...part.citations.map(chip)];
    const span = element("span", part.verdict ? `claim ${part.verdict}` : "", part.text);
    const drawn = [span];
    if (part.label) span.title = part.label;
    if (part.flagged) drawn.push(element("span", `verdict ${part.verdict}`, part.label));
    return drawn.concat(part.citations.map(chip));
  };

  const drawNote = (note) => {
    const row = element("div", `note ${STRONG.has(note.kind) ? "strong" : ""}`);
    row.append(element("strong", "", note.title), element("span", "", note.text));
    return row;
  };

  const drawDoubt = (doubt) => {
    const item = element("li");
    item.append(element("span", `verdict ${doubt.verdict}`, doubt.label), element("q", "", doubt.text));
    doubt.reasons.forEach((reason) => item.append(element("span", "reason", reason)));
    return item;
  };

  const drawCard = (source) => {
    const item = element("li");
    const anchor = link(source, "card");
    const words = element("span", "words");
    // Elements of their own: a direction override inside a section's name must end with it.
    const where = element("span", "where");
    const updated = source.updated && `updated ${source.updated}`;
    [source.where, updated].filter(Boolean).forEach((words, place) => {
      where.append(element("bdi", "", (place ? " · " : "") + words));
    });
    words.append(element("span", "title", source.title));
    words.append(where);
    words.append(element("span", "quote", clip(source.quote, 240)));
    anchor.append(element("span", "number", String(source.marker)), words);
    item.append(anchor);
    return item;
  };

  const drawn = [];
  if (data.heading) drawn.push(element("div", "heading", data.heading));
  const text = element("div", "text");
  text.dir = "auto";
  text.append(...data.parts.flatMap(drawPart));
  drawn.push(text);
  if (data.summary) drawn.push(element("div", `summary ${data.tone}`, data.summary));
  if (data.doubts.length) {
    const doubts = element("ul", "doubts");
    doubts.append(...data.doubts.map(drawDoubt));
    drawn.push(doubts);
  }
  drawn.push(...data.notes.map(drawNote));
  if (data.sources.length) {
    drawn.push(element("div", "label", data.sources_title));
    const list = element("ol", "cards");
    list.append(...data.sources.map(drawCard));
    drawn.push(list);
  }

  // Drawing again would drop the keyboard focus that is on a source.
  const signature = JSON.stringify(data);
  if (root.signature === signature) return;
  root.signature = signature;
  root.className = `answer ${data.status}`;
  root.replaceChildren(...drawn);
}
