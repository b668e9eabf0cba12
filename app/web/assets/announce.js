// Changes the words of one live region that stays where it is: what is read out is the change.
export default function (component) {
  const { data, parentElement } = component;
  const region = parentElement.querySelector(".spoken");
  if (region.textContent !== data.words) region.textContent = data.words;
}
