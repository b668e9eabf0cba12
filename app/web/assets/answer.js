// Draws one answer. Every word of it comes from a model or a document, so it only ever becomes a text node.
const element = (tag, name, text) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
};

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

  // What does not hold says so behind its words; where there are reasons, a press goes to them.
  const verdict = (part) => {
    const reasons = part.doubt === null ? [] : data.doubts[part.doubt].reasons;
    if (!reasons.length) return element("span", `verdict ${part.verdict}`, part.label);
    const button = element("button", `verdict ${part.verdict}`, part.label);
    button.type = "button";
    button.title = reasons.join("\n");
    button.setAttribute("aria-label", `${part.label}: show why`);
    button.onclick = () => root.querySelectorAll(".doubts > li")[part.doubt].focus();
    return button;
  };

  const drawPart = (part) => {
    const words = element("span", part.verdict ? `claim ${part.verdict}` : "", part.text);
    if (part.label) words.title = part.label;
    const drawn = [part.marker === null ? words : chip(part.marker)];
    if (part.flagged) drawn.push(verdict(part));
    return drawn.concat(part.citations.map(chip));
  };

  const drawNote = (note) => {
    const row = element("div", `note ${note.is_strong ? "strong" : ""}`);
    row.append(element("strong", "", note.title), element("span", "", note.text));
    return row;
  };

  const drawDoubt = (doubt) => {
    const item = element("li");
    item.tabIndex = -1;
    item.append(element("span", `verdict ${doubt.verdict}`, doubt.label), element("q", "", doubt.text));
    doubt.reasons.forEach((reason) => item.append(element("span", "reason", reason)));
    return item;
  };

  const quoted = (source) => [
    element("span", "number", String(source.marker)),
    element("span", "quote", clip(source.quote, 240)),
  ];

  // One card for one place; with several quotes each of them is a link of its own.
  const drawCard = (group) => {
    const sources = group.map((position) => data.sources[position]);
    const [first] = sources;
    const item = element("li");
    const box = sources.length > 1 ? element("div", "card several") : link(first, "card");
    const head = element("span", "head");
    // Elements of their own: a direction override inside a section's name must end with it.
    const where = element("span", "where");
    const updated = first.updated && `updated ${first.updated}`;
    [first.where, updated].filter(Boolean).forEach((words, place) => {
      where.append(element("bdi", "", (place ? " · " : "") + words));
    });
    head.append(element("span", "title", first.title), where);
    box.append(head);
    if (sources.length === 1) box.append(...quoted(first));
    else {
      const quotes = element("ol", "quotes");
      sources.forEach((source) => {
        const line = element("li");
        const anchor = link(source, "line");
        anchor.append(...quoted(source));
        line.append(anchor);
        quotes.append(line);
      });
      box.append(quotes);
      item.className = "wide";
    }
    item.append(box);
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
    list.append(...data.groups.map(drawCard));
    drawn.push(list);
  }

  // Drawing again would drop the keyboard focus that is on a source.
  const signature = JSON.stringify(data);
  if (root.signature === signature) return;
  root.signature = signature;
  root.className = `answer ${data.status}`;
  root.replaceChildren(...drawn);
}
