// Brings the place where it stands to the top of the page, once: a question that was just asked.
export default function (component) {
  const { data, parentElement } = component;
  if (parentElement.revealed === data.asked) return;
  parentElement.revealed = data.asked;
  const host = parentElement.host ?? parentElement;
  const place = host.closest(".st-key-live") ?? host;
  requestAnimationFrame(() => place.scrollIntoView({ block: "start" }));
}
