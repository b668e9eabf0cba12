// Listens for the page's keys. Never while somebody types, never with a modifier, never under a dialog.
const FIELDS = "input, textarea, select, [contenteditable=''], [contenteditable='true'], [role=combobox], [role=listbox]";

const isTyping = (event) => event.composedPath().some((node) => node instanceof Element && node.matches(FIELDS));

const focusField = (wanted) => {
  const selector = wanted.slice(0, wanted.lastIndexOf(":"));
  const until = Date.now() + 10000;
  const attempt = () => {
    // Fields are drawn after their container, some of them by code that is loaded when it is first needed.
    const field = document.querySelector(selector);
    if (field) field.focus();
    else if (Date.now() < until) requestAnimationFrame(attempt);
  };
  attempt();
};

// Of the page, not of the element: one that is mounted anew must not take the focus again.
let lastFocus = "";

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".keys");
  root.wanted = data.keys;
  root.send = setTriggerValue;
  if (data.focus && lastFocus !== data.focus) focusField(data.focus);
  lastFocus = data.focus;
  if (!root.listener) {
    root.listener = (event) => {
      if (event.defaultPrevented || event.isComposing || event.repeat) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector("[role=dialog]")) return;
      if (isTyping(event)) {
        // The first Escape leaves the field, the next one reaches the page.
        if (event.key === "Escape") document.activeElement?.blur();
        return;
      }
      if (!root.wanted.includes(event.key)) return;
      event.preventDefault();
      root.send("pressed", { key: event.key, click: `${Date.now()}:${Math.random()}` });
    };
    document.addEventListener("keydown", root.listener);
    root.dataset.listening = "true";
  }
  return () => {
    document.removeEventListener("keydown", root.listener);
    root.listener = null;
  };
}
