// Buttons that copy a text, or an address of this application, and say that they did.
const CONFIRMED_MS = 2000;

// Without a secure context there is no clipboard: a selection that is copied by the browser's own command does too.
const copyBySelection = (text) => {
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  field.style.opacity = "0";
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  return copied;
};

const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
};

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".actions");
  const spoken = parentElement.querySelector(".spoken");

  const address = (entry) => new URL(entry.href, window.location.href).href;
  const draw = (entry) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = entry.label;
    button.title = entry.title;
    button.setAttribute("aria-label", entry.title);
    button.onclick = async () => {
      const text = entry.href ? address(entry) : entry.text;
      const copied = await copy(text);
      if (!copied) button.focus();
      if (copied && entry.signal) setTriggerValue("copied", { what: entry.signal, click: `${Date.now()}:${Math.random()}` });
      spoken.textContent = copied ? "Copied" : "Copying is not possible here";
      button.textContent = copied ? "Copied" : "Not possible";
      button.classList.toggle("done", copied);
      setTimeout(() => {
        button.textContent = entry.label;
        button.classList.remove("done");
        spoken.textContent = "";
      }, CONFIRMED_MS);
    };
    if (!entry.shown) return [button];
    const words = document.createElement("span");
    words.className = "address";
    words.textContent = address(entry);
    return [words, button];
  };

  // Drawing again would drop the keyboard focus, and the word that confirms.
  const signature = JSON.stringify(data.buttons);
  if (root.signature !== signature) {
    root.signature = signature;
    root.replaceChildren(...data.buttons.flatMap(draw));
  }
  // An address that names an answer brings it into view, once.
  if (data.reveal && !root.revealed) {
    const host = parentElement.host ?? parentElement;
    const turn = host.closest("[class*='st-key-turn_']");
    if (turn) requestAnimationFrame(() => turn.scrollIntoView({ block: "start" }));
  }
  root.revealed = data.reveal;
}
