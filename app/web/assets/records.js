// Draws a table of records. File names and reasons are somebody else's words: they only ever become text nodes.
const element = (tag, name, text) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
};

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".records");
  const signature = JSON.stringify(data);
  // Drawing again would drop the keyboard focus that is on a row.
  if (root.signature === signature) return;
  root.signature = signature;

  const send = (event, value) => setTriggerValue(event, { value, click: `${Date.now()}:${Math.random()}` });

  const head = (column) => {
    const cell = element("th", column.align);
    cell.scope = "col";
    if (!column.sort) {
      cell.textContent = column.title;
      return cell;
    }
    const button = element("button", "sort", column.title);
    button.type = "button";
    if (data.sorted_by === column.sort) {
      cell.setAttribute("aria-sort", data.descending ? "descending" : "ascending");
      const arrow = element("span", "arrow", data.descending ? "↓" : "↑");
      arrow.setAttribute("aria-hidden", "true");
      button.append(arrow);
    }
    button.onclick = () => send("resorted", column.sort);
    cell.append(button);
    return cell;
  };

  const words = (cell) => {
    const box = element("span", cell.tone ? `badge ${cell.tone}` : "line");
    box.append(element("bdi", "", cell.text));
    return box;
  };

  const link = (row, cell) => {
    const anchor = element("a", "line open");
    anchor.href = row.href;
    anchor.append(element("bdi", "", cell.text));
    anchor.onclick = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      send("opened", row.row_id);
    };
    return anchor;
  };

  const drawRow = (row) => {
    const line = element("tr", row.href ? "opens" : "");
    row.cells.forEach((cell, place) => {
      const column = data.columns[place];
      const box = element(place ? "td" : "th", column.align);
      if (!place) box.scope = "row";
      box.dataset.label = column.title;
      const inner = element("span", "inner");
      inner.append(!place && row.href ? link(row, cell) : words(cell));
      ["note", "body"].filter((part) => cell[part]).forEach((part) => {
        const below = element("span", part);
        below.append(element("bdi", "", cell[part]));
        inner.append(below);
      });
      box.append(inner);
      line.append(box);
    });
    return line;
  };

  const table = element("table");
  const caption = element("caption", "", data.label);
  const top = element("thead");
  const names = element("tr");
  names.append(...data.columns.map(head));
  top.append(names);
  const body = element("tbody");
  body.append(...data.rows.map(drawRow));
  table.append(caption, top, body);
  root.replaceChildren(table);
}
