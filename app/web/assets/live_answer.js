// Draws the text of an answer while it is written. What stays the same is left alone, so that nothing flickers and
// words that somebody selected stay selected. The text so far comes in a hidden element beside this one: a component
// can be drawn once in a run of the script, and there are many updates in one run.
const sameStyle = (before, segment) =>
  before.href === segment.href && before.styles.join() === segment.styles.join();

const growSegments = (holder, segments) => {
  const drawn = holder.drawn || (holder.drawn = []);
  segments.forEach((segment, number) => {
    const before = drawn[number];
    if (before && sameStyle(before.segment, segment) && segment.text.startsWith(before.segment.text)) {
      if (segment.text !== before.segment.text)
        before.text.appendData(segment.text.slice(before.segment.text.length));
      before.segment = segment;
      return;
    }
    const { node, text } = styledText(segment);
    if (before) before.node.replaceWith(node);
    else holder.append(node);
    drawn[number] = { node, text, segment };
  });
  drawn.splice(segments.length).forEach(({ node }) => node.remove());
};

const growBlocks = (holder, blocks) => {
  blocks.forEach((block, number) => {
    let node = holder.children[number];
    const isOther = node && (node.kind !== block.kind || node.number !== block.number);
    if (!node || isOther) {
      const fresh = emptyBlock(block);
      fresh.kind = block.kind;
      fresh.number = block.number;
      if (node) node.replaceWith(fresh);
      else holder.append(fresh);
      node = fresh;
    }
    const inside = node.holder || node;
    if (block.blocks.length) growBlocks(inside, block.blocks);
    else growSegments(inside, block.segments);
  });
  while (holder.children.length > blocks.length) holder.lastElementChild.remove();
};

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".text");
  const place = data.channel && document.querySelector(`.st-key-${CSS.escape(data.channel)}`);
  const show = () => {
    const told = place && place.querySelector(".fn-live-channel")?.textContent;
    if (told && told !== root.told) growBlocks(root, JSON.parse(told));
    root.told = told || root.told;
  };
  show();
  if (!root.told) growBlocks(root, data.blocks);
  if (!place) return undefined;
  const watcher = new MutationObserver(show);
  watcher.observe(place, { childList: true, subtree: true, characterData: true });
  return () => watcher.disconnect();
}
