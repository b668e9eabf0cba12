// Draws one answer: what is doubtful, the text with its claims, the sources; and the small window of a claim.
const HOVER_MS = 350;
const LEAVE_MS = 300;
const SETTLED_MS = 250;
const ECHO_MS = 500;

class AnswerElement {
  constructor(root) {
    this.root = root;
    this.body = element("div", "body");
    this.window = topBox("window", "dialog");
    this.window.tabIndex = -1;
    this.offer = topBox("offer");
    this.offer.append(pressable("⚑ Flag these words", "offer-words", () => this.openWords()));
    root.append(this.body, this.window, this.offer);
    this.open = null;
    this.pending = "";
    this.actedAt = -ECHO_MS;
  }

  update({ data, setTriggerValue }) {
    this.send = (name, value) => setTriggerValue(name, value);
    const signature = JSON.stringify({ ...data, outcome: null });
    const isNew = signature !== this.signature;
    this.signature = signature;
    this.data = data;
    this.sources = new Map(data.sources.map((source) => [source.marker, source]));
    // Drawing again would drop the keyboard focus and the selection.
    if (isNew) this.draw();
    if (isNew && this.open && !this.pending) this.fill();
    this.take(data.outcome);
  }

  // --- the answer ---------------------------------------------------------------------------------------

  draw() {
    const { data } = this;
    const focused = this.body.getRootNode().activeElement?.dataset?.name;
    this.pieces = [];
    const [strong, weak] = [data.notes.filter((n) => n.is_strong), data.notes.filter((n) => !n.is_strong)];
    const text = element("div", "text");
    text.append(...drawBlocks(data.blocks, (segment) => this.segment(segment)));
    const parts = [];
    if (data.heading) parts.push(element("div", "heading", data.heading));
    if (data.doubts.length) parts.push(this.doubts());
    parts.push(...strong.map((note) => this.note(note)), text);
    if (data.summary && !data.doubts.length) parts.push(element("div", `summary ${data.tone}`, data.summary));
    parts.push(...weak.map((note) => this.note(note)));
    if (data.sources.length) {
      const list = element("ol", "cards");
      list.append(...data.groups.map((group) => this.card(group)));
      parts.push(element("div", "label", data.sources_title), list);
    }
    this.root.className = `answer ${data.status}`;
    this.body.replaceChildren(...parts);
    if (focused) this.named(focused)?.focus();
    if (this.open) this.lit(true);
  }

  named(name) {
    return this.body.querySelector(`[data-name="${CSS.escape(name)}"]`);
  }

  segment(segment) {
    if (segment.marker !== null) return this.markerNodes(segment);
    const { node, text } = styledText(segment);
    this.pieces.push({ node: text, place: segment.start, written: segment.text });
    const claim = segment.claim === null ? null : this.data.claims[segment.claim];
    const words = element("span", claim ? `claim ${claim.verdict}` : "");
    words.append(node);
    if (segment.flags.length) words.classList.add("flagged");
    if (claim) this.listen(words, segment.claim);
    return [words, ...this.behind(segment)];
  }

  markerNodes(segment) {
    const chip = this.chip(segment.marker);
    this.pieces.push({ node: chip, place: segment.start, written: segment.text });
    return [chip, ...this.behind(segment)];
  }

  // Behind the last words of a claim: its verdict, then its sources; behind flagged words, their flag.
  behind(segment) {
    const nodes = segment.ends_claim ? [this.verdict(segment.claim)] : [];
    nodes.push(...segment.citations.map((marker) => this.chip(marker)));
    const end = segment.start + codePoints(segment.text);
    segment.flags.forEach((number) => {
      if (this.data.flags[number].end === end) nodes.push(this.flagSign(number));
    });
    return nodes;
  }

  // What holds has a quiet sign; what does not says so in words. Either opens the window from the keyboard.
  verdict(number) {
    const claim = this.data.claims[number];
    const isQuiet = claim.verdict === "supported";
    const button = pressable(isQuiet ? claim.label.split(" ")[0] : claim.label, `verdict ${claim.verdict}`, (event) => {
      this.toggle({ claim: number }, event.detail === 0);
    });
    const [, ...words] = claim.label.split(" ");
    button.setAttribute("aria-label", `This statement is ${words.join(" ")}. Show why`);
    button.setAttribute("aria-haspopup", "dialog");
    button.dataset.name = `claim ${number}`;
    button.dataset.claim = number;
    this.hoverable(button, number);
    return button;
  }

  flagSign(number) {
    const flag = this.data.flags[number];
    const button = pressable("⚑", "flag-sign", (event) => this.toggle({ flag: flag.id }, event.detail === 0));
    button.setAttribute("aria-label", `You flagged these words: ${flag.label}. Show the flag`);
    button.title = `You flagged this: ${flag.label}`;
    button.dataset.name = `flag ${flag.id}`;
    return button;
  }

  listen(words, number) {
    words.dataset.claim = number;
    words.addEventListener("click", (event) => {
      if (event.detail > 1 || selectedRange(this.body) || event.composedPath().some((node) => node.href)) return;
      this.toggle({ claim: number }, false);
    });
    this.hoverable(words, number);
  }

  hoverable(node, number) {
    node.addEventListener("pointerenter", (event) => {
      this.lightUp(number, true);
      if (event.pointerType !== "mouse" || this.open?.isPinned) return;
      this.later(() => this.show({ claim: number, isPinned: false }), HOVER_MS);
    });
    node.addEventListener("pointerleave", () => {
      this.lightUp(number, false);
      this.leave();
    });
  }

  later(action, delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(action, delay);
  }

  leave() {
    this.later(() => this.open && !this.open.isPinned && this.close(), LEAVE_MS);
  }

  lightUp(number, isOn) {
    this.body.querySelectorAll(`[data-claim="${number}"]`).forEach((node) => node.classList.toggle("lit", isOn));
  }

  doubts() {
    const { data } = this;
    const box = element("div", `doubtful ${data.tone}`);
    box.setAttribute("role", "note");
    box.append(element("div", `summary ${data.tone}`, data.summary));
    const list = element("ul", "doubts");
    data.doubts.forEach((doubt) => {
      const item = element("li");
      const button = pressable(doubt.label, `verdict ${doubt.verdict}`, (event) => this.goTo(doubt.claim, event));
      button.setAttribute("aria-label", `${doubt.label}: ${clip(doubt.text, 120)}. Show this statement`);
      item.append(button, element("q", "", doubt.text));
      doubt.reasons.forEach((reason) => item.append(element("span", "reason", reason)));
      list.append(item);
    });
    box.append(list);
    return box;
  }

  goTo(number, event) {
    const button = this.named(`claim ${number}`);
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    button?.scrollIntoView({ block: "nearest", behavior: isCalm ? "auto" : "smooth" });
    this.toggle({ claim: number }, event.detail === 0);
  }

  note(note) {
    const row = element("div", `note ${note.is_strong ? "strong" : ""}`);
    row.append(element("strong", "", note.title), element("span", "", note.text));
    return row;
  }

  // A plain click opens the source beside the conversation; with a modifier it is an ordinary link.
  link(source, name) {
    const anchor = element("a", name);
    anchor.href = source.href;
    anchor.onclick = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.close();
      this.returnFocus(anchor);
      this.send("opened", { marker: source.marker, click: newClick() });
    };
    return anchor;
  }

  // A dialog gives the focus back to what stands in the page's own tree, never to what stands in this one.
  returnFocus(anchor) {
    let wasOpen = false;
    const watcher = new MutationObserver(() => {
      const isOpen = Boolean(document.querySelector('[role="dialog"]'));
      wasOpen ||= isOpen;
      if (!wasOpen || isOpen) return;
      watcher.disconnect();
      const links = [...this.body.querySelectorAll("a")];
      const again = links.find((link) => link === anchor) || links.find((link) => link.href === anchor.href);
      setTimeout(() => document.activeElement === document.body && again?.focus({ preventScroll: true }), 100);
    });
    watcher.observe(document.body, { childList: true, subtree: true });
  }

  chip(marker) {
    const source = this.sources.get(marker);
    const anchor = this.link(source, "chip");
    anchor.textContent = String(marker);
    anchor.title = `${source.title}\n“${clip(source.quote, 300)}”`;
    anchor.setAttribute("aria-label", `Source ${marker}: ${source.title}`);
    return anchor;
  }

  where(source) {
    // Elements of their own: a direction override inside a section's name must end with it.
    const where = element("span", "where");
    const updated = source.updated && `updated ${source.updated}`;
    [source.where, updated].filter(Boolean).forEach((words, place) => {
      where.append(element("bdi", "", (place ? " · " : "") + words));
    });
    return where;
  }

  quoted(source) {
    return [
      element("span", "number", String(source.marker)),
      element("span", "quote", clip(source.quote, 240)),
    ];
  }

  // One card for one place; with several quotes each of them is a link of its own.
  card(group) {
    const sources = group.map((position) => this.data.sources[position]);
    const [first] = sources;
    const item = element("li");
    const box = sources.length > 1 ? element("div", "card several") : this.link(first, "card");
    const head = element("span", "head");
    head.append(element("span", "title", first.title), this.where(first));
    box.append(head);
    if (sources.length === 1) box.append(...this.quoted(first));
    else {
      const quotes = element("ol", "quotes");
      sources.forEach((source) => {
        const line = element("li");
        const anchor = this.link(source, "line");
        anchor.append(...this.quoted(source));
        line.append(anchor);
        quotes.append(line);
      });
      box.append(quotes);
      item.className = "wide";
    }
    item.append(box);
    return item;
  }

  // --- the window ---------------------------------------------------------------------------------------

  // `what` is one of {claim}, {flag} and {words}.
  toggle(what, isKeyboard) {
    clearTimeout(this.timer);
    const isSame = this.open && this.open.claim === what.claim && this.open.flag === what.flag && !what.words;
    if (isSame && this.open.isPinned) this.close(true);
    else this.show({ ...what, isPinned: true, isKeyboard });
  }

  show(what) {
    clearTimeout(this.timer);
    this.close();
    document.dispatchEvent(new CustomEvent("footnote-window", { detail: this }));
    this.open = what;
    this.said = null;
    this.fill();
    this.window.showPopover();
    this.replace();
    this.lit(true);
    if (what.isKeyboard) this.window.focus({ preventScroll: true });
  }

  close(returnsFocus = false) {
    clearTimeout(this.timer);
    if (!this.open) return;
    const focusName = this.open.claim !== undefined ? `claim ${this.open.claim}` : `flag ${this.open.flag}`;
    this.lit(false);
    this.open = null;
    this.pending = "";
    this.window.hidePopover();
    if (returnsFocus) this.named(focusName)?.focus({ preventScroll: true });
  }

  lit(isOn) {
    if (this.open?.claim !== undefined) this.lightUp(this.open.claim, isOn);
    const button = this.open?.claim !== undefined && this.named(`claim ${this.open.claim}`);
    if (button) button.setAttribute("aria-expanded", String(isOn));
  }

  anchor() {
    if (this.open.words) return this.open.words.rect;
    const name = this.open.claim !== undefined ? `claim ${this.open.claim}` : `flag ${this.open.flag}`;
    const words = this.body.querySelectorAll(`.claim[data-claim="${this.open.claim}"]`);
    const lines = words.length ? words[words.length - 1].getClientRects() : [];
    const place = lines.length ? lines[lines.length - 1] : this.named(name)?.getBoundingClientRect();
    return place || this.body.getBoundingClientRect();
  }

  replace() {
    if (this.open) placeBox(this.window, this.anchor());
  }

  fill() {
    const { claim, words } = this.open;
    const parts = [this.top()];
    if (claim !== undefined) parts.push(...this.evidence(this.data.claims[claim]));
    if (words) parts.push(element("div", "chosen", `“${clip(words.words, 160)}”`));
    parts.push(this.status(), ...this.mine(), ...this.categories());
    this.window.replaceChildren(...parts.filter(Boolean));
  }

  top() {
    const { claim, words } = this.open;
    const view = claim === undefined ? null : this.data.claims[claim];
    let title = words ? "What is wrong with these words?" : "Your flag";
    if (view) title = view.verdict === "supported" ? "✓ Supported by" : capital(view.label);
    const row = element("div", "top");
    const name = element("div", view ? `verdict-line ${view.verdict}` : "verdict-line", title);
    name.id = "window-name";
    this.window.setAttribute("aria-labelledby", name.id);
    const shut = pressable("×", "shut", () => this.close(true));
    shut.setAttribute("aria-label", "Close");
    row.append(name, shut);
    return row;
  }

  evidence(claim) {
    const parts = claim.reasons.map((reason) => element("div", "reason", reason));
    claim.evidence.forEach((position) => {
      const source = this.data.sources[position];
      const box = this.link(source, "evidence");
      box.append(element("span", "quote-whole", `“${clip(source.quote, 400)}”`), element("span", "title", source.title));
      box.append(this.where(source));
      box.setAttribute("aria-label", `Open source ${source.marker}: ${source.title}`);
      parts.push(box);
    });
    if (!claim.evidence.length && claim.verdict !== "unchecked")
      parts.push(element("div", "reason", "No source is named for this statement."));
    return parts;
  }

  status() {
    const line = element("div", "said");
    line.setAttribute("role", "status");
    if (this.pending) line.append(element("span", "", "Saving…"));
    else if (this.said) this.tell(line, this.said);
    return line;
  }

  tell(line, { sentence, id, is_problem: isProblem }) {
    line.classList.toggle("problem", isProblem);
    line.append(element("span", "", sentence));
    if (id) line.append(...this.actions(id, true));
  }

  actions(id, canUndo) {
    const undo = pressable("Undo", "action", () => this.act({ act: "undo", id }));
    const details = pressable("Add details", "action", () => this.act({ act: "details", id }));
    return canUndo ? [undo, details] : [details];
  }

  // The flags that are there already, of this claim or this place.
  mine() {
    if (this.said?.id || this.pending) return [];
    const { claim, flag, words } = this.open;
    const view = claim === undefined ? null : this.data.claims[claim];
    const shown = this.data.flags.filter((one) =>
      view ? one.start < view.end && view.start < one.end : one.id === flag && !words,
    );
    return shown.map((one) => {
      const line = element("div", "said");
      line.append(element("span", "", `⚑ You flagged this: ${one.label} (${one.state})`));
      if (one.can_undo) line.append(...this.actions(one.id, true));
      return line;
    });
  }

  categories() {
    const { data } = this;
    const { claim, words } = this.open;
    if (!data.categories.length || this.pending || this.said?.id || (claim === undefined && !words)) return [];
    const span = words || { ...this.data.claims[claim], words: this.wordsOf(claim) };
    const list = element("div", "categories");
    list.setAttribute("role", "group");
    list.setAttribute("aria-label", "Something wrong?");
    data.categories.forEach(([category, label]) => {
      const { start, end, words: chosen } = span;
      list.append(pressable(label, "category", () => this.act({ act: "flag", category, start, end, words: chosen })));
    });
    return words ? [list] : [element("div", "ask", "Something wrong?"), list];
  }

  wordsOf(number) {
    const { start, end } = this.data.claims[number];
    return this.pieces.reduce((all, { place, written }) => {
      const points = Array.from(written);
      return all + points.slice(Math.max(start - place, 0), Math.max(end - place, 0)).join("");
    }, "");
  }

  act(event) {
    const click = newClick();
    this.pending = click;
    this.actedAt = performance.now();
    this.said = null;
    this.open.isPinned = true;
    this.fill();
    this.replace();
    this.window.focus({ preventScroll: true });
    if (event.act === "details") this.close();
    this.send("said", { ...event, click });
  }

  // The server's word on what was pressed last.
  take(outcome) {
    if (!outcome || outcome.click !== this.pending || !this.open) return;
    this.pending = "";
    this.said = outcome;
    this.fill();
    this.replace();
  }

  // --- chosen words -------------------------------------------------------------------------------------

  selectionChanged() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.offerWords(), SETTLED_MS);
  }

  offerWords() {
    const range = this.data?.categories.length ? selectedRange(this.body) : null;
    const span = range && markedSpan(range, this.pieces);
    if (!span) {
      this.offer.hidePopover();
      this.chosen = null;
      return;
    }
    const lines = range.getClientRects();
    this.chosen = { ...span, rect: lines.length ? lines[lines.length - 1] : range.getBoundingClientRect() };
    if (this.open?.words) return;
    this.offer.showPopover();
    placeBox(this.offer, this.chosen.rect);
  }

  openWords() {
    const words = this.chosen;
    this.offer.hidePopover();
    if (words) this.show({ words, isPinned: true, isKeyboard: true });
  }

  // --- listening ----------------------------------------------------------------------------------------

  listenToPage() {
    const over = new AbortController();
    const on = (target, name, action, options) =>
      target.addEventListener(name, action, { ...options, signal: over.signal });
    on(document, "selectionchange", () => this.selectionChanged());
    on(document, "footnote-window", (event) => event.detail !== this && this.close());
    on(document, "keydown", (event) => this.key(event), { capture: true });
    on(document, "pointerdown", (event) => {
      const path = event.composedPath();
      const isOwn = path.includes(this.window) || path.some((node) => node.dataset?.claim || node.dataset?.name);
      if (this.open && !this.isEcho(event) && !(isOwn && path.includes(this.root))) this.close();
    });
    on(document, "scroll", () => this.replace(), { capture: true, passive: true });
    on(window, "resize", () => this.replace());
    on(this.window, "pointerenter", () => clearTimeout(this.timer));
    on(this.window, "pointerleave", () => this.leave());
    on(this.window, "focusout", (event) => {
      const next = event.relatedTarget;
      if (next && !this.isEcho(event) && !this.window.contains(next)) this.close();
    });
    return () => over.abort();
  }

  // The second half of a double click lands where the window was, which has become smaller.
  isEcho(event) {
    return Boolean(this.pending) || event.timeStamp - this.actedAt < ECHO_MS;
  }

  key(event) {
    if (event.key === "Escape" && this.open) {
      event.stopPropagation();
      this.close(true);
    } else if (event.key === "Escape") this.offer.hidePopover();
    // From words that were chosen with the keyboard, the next stop is what can be done with them.
    const isFree = document.activeElement === document.body;
    if (event.key === "Tab" && !event.shiftKey && isFree && this.offer.matches(":popover-open")) {
      event.preventDefault();
      this.offer.firstChild.focus();
    }
  }
}

const newClick = () => `${Date.now()}:${Math.random()}`;

// A label begins with its sign.
const capital = (label) => {
  const [sign, first, ...rest] = label.split(" ");
  return [sign, first[0].toUpperCase() + first.slice(1), ...rest].join(" ");
};

export default function (component) {
  const root = component.parentElement.querySelector(".answer");
  if (!root.answer) root.answer = new AnswerElement(root);
  root.answer.update(component);
  return root.answer.listenToPage();
}
