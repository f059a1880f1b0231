// Show the overview, or the tag that the address names (#tag=cat).
const overview = document.getElementById("overview");
const tagView = document.getElementById("tag");
const pageTitle = document.title;
let tagShown = null;
let leftAt = 0;

// How many tags reach the figure of the upper middle one, by figures as they are shown: ties and an even number count right.
function halfOf(sorted) {
  const shown = sorted.map((model) => figure(model.average_precision));
  const middle = shown[Math.floor(shown.length / 2)];
  const reached = shown.filter((each) => each >= middle).length;
  if (reached === shown.length) return `All ${count(reached)} are at ${middle}${shown[shown.length - 1] > middle ? " or above" : ""}.`;
  return `${count(reached)} of the ${count(shown.length)} are at ${middle} or above.`;
}

// Draw every tag as a dot at its average precision, stacked where dots are close.
function drawSpread() {
  const place = document.getElementById("spread");
  const measured = [...modelsOf.values()].map(answering).filter((model) => isKnown(model.average_precision));
  place.hidden = measured.length < 3;
  if (place.hidden) return;
  const width = Math.max(280, place.clientWidth);
  const radius = width > 700 ? 6 : 4;
  const bins = Math.floor((width - 16) / (2 * radius + 1));
  const stacks = new Map();
  for (const model of measured.sort((one, two) => one.average_precision - two.average_precision)) {
    const bin = Math.min(bins - 1, Math.floor(model.average_precision * bins));
    if (!stacks.has(bin)) stacks.set(bin, []);
    stacks.get(bin).push(model);
  }
  const most = Math.max(...[...stacks.values()].map((stack) => stack.length));
  const step = Math.min(2 * radius + 1, 130 / most);
  const base = most * step + 8;
  const picture = drawn("svg", { viewBox: `0 0 ${width} ${base + 36}`, width, height: base + 36, "aria-label": "Tags by average precision" });
  const across = (bin) => 8 + ((bin + 0.5) / bins) * (width - 16);
  picture.append(drawn("line", { class: "base", x1: 8, x2: width - 8, y1: base, y2: base }));
  for (const at of TENTHS) {
    picture.append(label(8 + at * (width - 16), base + 16, figure(at, 1),
      { class: "tick", "text-anchor": at === 0 ? "start" : at === 1 ? "end" : "middle" }));
  }
  for (const [bin, stack] of stacks) {
    stack.forEach((model, index) => {
      const dot = drawn("circle", { class: model.warnings ? "dot doubted" : "dot", cx: across(bin),
        cy: base - 2 - radius - index * step, r: Math.min(radius, Math.max(1.2, step / 2)) },
        drawn("title", {}, `${plain(model.tag)}: ${figure(model.average_precision)}`));
      picture.append(drawn("a", { href: links.get(model.tag), tabindex: "-1" }, dot));
    });
  }
  place.replaceChildren(picture, element("figcaption", {},
    `Each dot is a tag, placed by average precision${run.mountain ? " on the mountain" : ""}: further right is better. ${halfOf(measured)} `,
    measured.some((model) => model.warnings) ? "Hollow dots have warnings." : ""));
}

function showAdvicePictures() {
  for (const place of document.querySelectorAll("[data-advice]")) {
    const images = run.advice[Number(place.dataset.advice)].images;
    place.replaceWith(element("div", { class: "pictures small" }, ...images.map((path) => picture({ file_path: path }))));
  }
}

function showOverview() {
  const from = tagShown;
  tagShown = null;
  tagView.hidden = true;
  tagView.replaceChildren();
  overview.hidden = false;
  document.getElementById("heading").hidden = false;
  document.title = pageTitle;
  if (from === null) return;
  scrollTo(0, leftAt);
  rowOf(from)?.querySelector("a").focus({ preventScroll: leftAt > 0 });
}

function showTag(tag) {
  if (tagShown === null) leftAt = scrollY;
  tagShown = tag;
  const order = tagsInOrder();
  const at = order.indexOf(tag);
  tagView.replaceChildren(tagPage(tag, at > 0 ? order[at - 1] : undefined, at < 0 ? undefined : order[at + 1]));
  overview.hidden = true;
  document.getElementById("heading").hidden = true;
  tagView.hidden = false;
  document.title = `${plain(tag)} – ${pageTitle}`;
  scrollTo(0, 0);
  tagView.querySelector("h2").focus({ preventScroll: true });
}

// Browsers may percent-encode an address differently from the link.
function tagOfAddress() {
  if (!location.hash.startsWith("#tag=")) return null;
  const direct = tagOfLink.get(location.hash);
  if (direct !== undefined) return direct;
  try {
    const name = decodeURIComponent(location.hash.slice("#tag=".length));
    return modelsOf.has(name) ? name : null;
  } catch {
    return null;  // an incomplete address
  }
}

function follow() {
  const tag = tagOfAddress();
  if (tag === null) showOverview();
  else showTag(tag);
  if (tag === null && location.hash.startsWith("#tag=")) say("There is no such tag in this training.");
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target.closest?.("input, textarea") !== null && event.target.type !== "radio";
  if (event.key === "Escape" && isTyping) event.target.blur();
  else if (event.key === "Escape" && tagShown !== null) location.hash = "";
  else if (event.key === "/" && !isTyping && tagShown === null) {
    event.preventDefault();
    document.getElementById("search").focus();
  } else if (tagShown !== null && !isTyping && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
    tagView.querySelector(event.key === "ArrowLeft" ? "a[rel=prev]" : "a[rel=next]")?.click();
  }
}

setUpTable();
showAdvicePictures();
drawSpread();
addEventListener("resize", () => { if (tagShown === null) drawSpread(); });
addEventListener("beforeprint", addAllRows);
addEventListener("hashchange", follow);
document.addEventListener("keydown", onKey);
follow();
