// Draws one flag beside its answer, evidence and trace. All words are somebody else's: they only ever become text nodes.
const element = (tag, name, text) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
};

const words = (tag, name, text) => {
  const node = element(tag, name, text);
  node.dir = "auto";
  return node;
};

const pane = (name, title, count) => {
  const box = element("section", `pane ${name}`);
  box.tabIndex = 0;
  box.setAttribute("aria-label", title);
  const head = element("h3", "", title);
  if (count) head.append(element("span", "count", String(count)));
  box.append(head);
  return box;
};

const facts = (list) => {
  const line = element("div", "facts");
  list.forEach((fact, place) => line.append(element("bdi", "", (place ? " · " : "") + fact)));
  return line;
};

const labelled = (label, text) => {
  const row = element("div", "labelled");
  row.append(element("span", "label", label), words("div", "", text));
  return row;
};

const drawFlag = (flag, isMain) => {
  const box = element("div", isMain ? "flag main" : "flag");
  box.append(element("div", "category", flag.about ? `${flag.category} · ${flag.about}` : flag.category));
  if (flag.selected && !isMain) box.append(words("q", "selected", flag.selected));
  if (flag.comment) box.append(words("div", "comment", flag.comment));
  if (flag.correction) box.append(labelled("Would be right", flag.correction));
  if (flag.correction_source) box.append(labelled("Stands in", flag.correction_source));
  box.append(facts(flag.facts));
  return box;
};

// Of the page, not of the element: one that is mounted anew must not take the focus again.
let lastFocus = "";

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".item");

  const showEvidence = (marker) => {
    const mark = root.querySelector(`mark[data-markers~="${marker}"]`);
    if (!mark) return;
    mark.closest("details").open = true;
    mark.tabIndex = -1;
    mark.focus({ preventScroll: true });
    mark.scrollIntoView({ block: "nearest" });
  };

  const chip = (marker) => {
    const button = element("button", "chip", String(marker));
    button.type = "button";
    button.setAttribute("aria-label", `Show the evidence of source ${marker}`);
    button.onclick = () => showEvidence(marker);
    return button;
  };

  const drawPart = (part) => {
    const run = element(part.flagged ? "mark" : "span", `claim ${part.verdict}`, part.text);
    const drawn = [run];
    if (part.label) {
      const verdict = element("span", `verdict ${part.verdict}`, part.label);
      if (part.reasons.length) verdict.title = part.reasons.join("\n");
      drawn.push(verdict, ...part.markers.map(chip));
    }
    return drawn;
  };

  const drawAnswer = () => {
    const box = pane("answer", "Answer");
    const text = words("div", `text ${data.answer.status}`);
    text.append(...data.answer.parts.flatMap(drawPart));
    box.append(text);
    const reasons = data.answer.parts.flatMap((part) => part.reasons);
    if (reasons.length) {
      const list = element("ul", "reasons");
      reasons.forEach((reason) => list.append(words("li", "", reason)));
      box.append(list);
    }
    data.answer.notes.forEach((note) => box.append(words("div", "note", note)));
    return box;
  };

  const drawPassage = (passage) => {
    const details = element("details");
    details.open = passage.is_cited;
    const summary = element("summary");
    summary.append(element("span", "rank", String(passage.rank)), words("span", "title", passage.title));
    const line = [`score ${passage.score}`, passage.found_by && `rank by ${passage.found_by}`, !passage.packed && "left out of the prompt"];
    summary.append(facts([passage.uri, ...line.filter(Boolean)]));
    if (passage.state) summary.append(element("div", "changed", `This document ${passage.state}.`));
    const text = words("div", "passage");
    passage.segments.forEach((segment) => {
      const run = element(segment.markers.length ? "mark" : "span", "", segment.text);
      if (segment.markers.length) {
        run.dataset.markers = segment.markers.join(" ");
        run.title = `Source ${segment.markers.join(", ")}`;
      }
      text.append(run);
    });
    details.append(summary, text);
    return details;
  };

  const drawEvidence = () => {
    const box = pane("evidence", "Evidence", data.evidence.length);
    data.sources.forEach((sentence) => box.append(words("div", "note changed", sentence)));
    if (!data.evidence.length) box.append(element("p", "empty", "The search found nothing to answer from."));
    box.append(...data.evidence.map(drawPassage));
    return box;
  };

  const table = (rows) => {
    const list = element("dl");
    rows.forEach(([name, value]) => list.append(element("dt", "", name), words("dd", "", value)));
    return list;
  };

  const drawTrace = () => {
    const box = pane("trace", "Trace");
    box.append(table(data.trace.facts));
    if (data.trace.timings.length) box.append(element("h4", "", "Time taken"), table(data.trace.timings));
    if (data.trace.history.length) {
      box.append(element("h4", "", "Asked before"));
      data.trace.history.forEach(([question, answer]) => {
        box.append(words("div", "asked", question), words("div", "answered", answer));
      });
    }
    return box;
  };

  const drawCause = () => {
    const box = element("section", "cause");
    const line = element("div", "suggested");
    line.append(element("span", "label", "Suggested cause"), element("b", "", data.cause.words));
    box.append(line, words("div", "because", data.cause.why));
    if (!data.cause.rows.some((row) => row.cells.length)) return box;
    const details = element("details");
    details.append(element("summary", "", "What each passage says of it"));
    const grid = element("ul", "matrix");
    data.cause.rows.forEach((row) => {
      const item = element("li");
      const cells = element("div", "cells");
      row.cells.forEach((cell) => {
        const chip = element("span", `cell ${cell.verdict}`);
        chip.append(element("b", "", String(cell.rank)), element("span", "", cell.label));
        cells.append(chip);
      });
      item.append(words("div", "claimed", row.claim), cells);
      grid.append(item);
    });
    details.append(grid);
    box.append(details);
    return box;
  };

  const drawHistory = () => {
    const box = element("section", "history");
    box.append(element("h3", "", "Decided before"));
    const list = element("ol");
    data.history.forEach((entry) => {
      const line = element("li");
      line.append(words("span", "", `${entry.who} ${entry.what}`), facts([entry.when]));
      if (entry.details) line.append(words("div", "comment", entry.details));
      list.append(line);
    });
    box.append(list);
    return box;
  };

  const draw = () => {
    const drawn = [words("h2", "", data.question)];
    if (data.flag) drawn.push(drawFlag(data.flag, true));
    if (data.cause) drawn.push(drawCause());
    if (data.flag?.why) drawn.push(words("div", "why", `Why it stands here: ${data.flag.why}.`));
    if (data.history.length) drawn.push(drawHistory());
    const panes = element("div", "panes");
    panes.append(drawAnswer(), drawEvidence());
    if (data.trace) panes.append(drawTrace());
    drawn.push(panes);
    if (data.others.length) {
      const others = element("section", "others");
      others.append(element("h3", "", "Also said of this answer"), ...data.others.map((flag) => drawFlag(flag, false)));
      drawn.push(others);
    }
    root.replaceChildren(...drawn);
  };

  // Drawing again would close what was opened and drop the focus.
  const { focus, ...content } = data;
  const signature = JSON.stringify(content);
  if (root.signature !== signature) draw();
  root.signature = signature;
  if (focus && lastFocus !== focus) {
    const evidence = root.querySelector(".evidence");
    evidence.focus({ preventScroll: true });
    evidence.scrollIntoView({ block: "start" });
  }
  lastFocus = focus;
}
