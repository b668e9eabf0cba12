// Draws the picture of a page and boxes over the quoted words; a button shows it in its full size.
// The Tab key of a Streamlit dialog passes what stands in an element's own tree: the element's host stands in for it,
// and hands the focus on.
const standIn = (parentElement, first) => {
  const { host } = parentElement;
  if (!host?.closest('[role="dialog"]')) return;
  host.tabIndex = 0;
  host.onfocus = (event) => event.target === host && !parentElement.activeElement && first.focus();
};

// Between the two stops inside, the dialog's own walk would leave the element.
const passOn = (event, isBack, other) => {
  if (event.key !== "Tab" || event.shiftKey !== isBack) return;
  event.preventDefault();
  event.stopPropagation();
  other.focus();
};

// The button that was pressed may be closed now. On the page the dialog would hear no key; on the dialog itself, where
// its own walk puts the focus when it is quicker than this, nobody would see where they are.
const keepFocus = (first, left = 12) =>
  setTimeout(() => {
    if (document.activeElement.matches('body, [role="dialog"]')) first.focus({ preventScroll: true });
    else if (left) keepFocus(first, left - 1);
  }, 150);

export default function (component) {
  const { data, parentElement } = component;
  const sheet = parentElement.querySelector(".sheet");
  const page = sheet.querySelector(".page");
  const zoom = parentElement.querySelector(".zoom");
  const image = page.querySelector("img");
  standIn(parentElement, zoom);
  zoom.onkeydown = (event) => passOn(event, false, sheet);
  sheet.onkeydown = (event) => passOn(event, true, zoom);
  image.alt = data.description;
  image.style.aspectRatio = String(data.ratio);
  const source = `data:image/png;base64,${data.png}`;
  if (image.src !== source) image.src = source;
  page.querySelectorAll(".box").forEach((box) => box.remove());
  for (const place of data.boxes) {
    const box = document.createElement("div");
    box.className = "box";
    for (const side of ["left", "top", "width", "height"]) box.style[side] = `${100 * place[side]}%`;
    page.append(box);
  }
  const toFirstBox = () => {
    const box = page.querySelector(".box");
    if (!box) {
      sheet.scrollTo(0, 0);
      return;
    }
    const frame = sheet.getBoundingClientRect();
    const seen = box.getBoundingClientRect();
    sheet.scrollTop += seen.top - frame.top - frame.height / 3;
    sheet.scrollLeft += seen.left - frame.left - 24;
  };
  zoom.onclick = () => {
    const large = sheet.classList.toggle("large");
    zoom.textContent = large ? "Fit to width" : "Larger";
    requestAnimationFrame(toFirstBox);
  };
  if (sheet.target === data.target) return;
  if (sheet.target) keepFocus(sheet);
  sheet.target = data.target;
  requestAnimationFrame(toFirstBox);
}
