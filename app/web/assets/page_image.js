// Draws the picture of a page and boxes over the quoted words; a button shows it in its full size.
export default function (component) {
  const { data, parentElement } = component;
  const sheet = parentElement.querySelector(".sheet");
  const page = sheet.querySelector(".page");
  const zoom = parentElement.querySelector(".zoom");
  const image = page.querySelector("img");
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
  sheet.target = data.target;
  requestAnimationFrame(toFirstBox);
}
