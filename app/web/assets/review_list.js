// Draws the queue. Questions and comments are somebody else's words, so they only ever become text nodes.
const element = (tag, name, text) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) {
    node.textContent = text;
    node.dir = "auto";
  }
  return node;
};

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".queue");

  const line = (entry) => {
    const item = element("li");
    if (entry.restricted) {
      const box = element("div", "entry restricted");
      box.append(element("span", "question", entry.restricted), element("span", "facts", `${entry.state} · ${entry.when}`));
      item.append(box);
      return item;
    }
    const button = element("button", `entry${entry.current ? " current" : ""}`);
    button.type = "button";
    if (entry.current) button.setAttribute("aria-current", "true");
    const head = element("span", "head");
    if (entry.urgency_words) head.append(element("span", `urgency ${entry.urgency}`, entry.urgency_words));
    head.append(element("span", "category", entry.category), element("span", "state", entry.state));
    button.append(head, element("span", "question", entry.question));
    if (entry.words) button.append(element("span", entry.is_quote ? "words quoted" : "words", entry.words));
    const facts = element("span", "facts");
    [...entry.facts, entry.when].forEach((fact, place) => {
      facts.append(element("bdi", "", (place ? " · " : "") + fact));
    });
    button.append(facts);
    button.onclick = () =>
      setTriggerValue("opened", { id: entry.id, click: `${Date.now()}:${Math.random()}` });
    item.append(button);
    return item;
  };

  // Drawing again would drop the keyboard focus that is on a line.
  const signature = JSON.stringify(data);
  if (root.signature === signature) return;
  root.signature = signature;
  const focused = parentElement.activeElement?.closest?.("li");
  const place = focused ? [...root.children].indexOf(focused) : -1;
  root.replaceChildren(...data.entries.map(line));
  if (place >= 0) root.children[place]?.querySelector("button")?.focus({ preventScroll: true });
  root.querySelector(".current")?.scrollIntoView({ block: "nearest" });
}
