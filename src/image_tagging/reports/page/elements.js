// Elements, with figures and names in them. Names are untrusted: they are only set as text, never as HTML; only the rows
// of the table are HTML, which the program wrote and escaped.
const SVG = "http://www.w3.org/2000/svg";

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

const element = (name, attributes = {}, ...children) => build(document.createElement(name), attributes, children);
const drawn = (name, attributes = {}, ...children) => build(document.createElementNS(SVG, name), attributes, children);

// Like `text.marked` of the program: one � for each control character and character that changes text direction.
const plain = (text) =>
  String(text).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (char) => (/[\u200c\u200d]/.test(char) ? char : "\ufffd"));

// A name whose text direction does not affect the text around it.
const named = (text) => element("bdi", {}, plain(text));

// The same where there may be too little room: it ends in an ellipsis, and all of it is in the title.
const cut = (text) => element("bdi", { class: "cut", title: plain(text) }, plain(text));

const isKnown = (value) => value !== null && value !== undefined;
const count = (number) => number.toLocaleString("en");
const counted = (number, what) => `${count(number)} ${what}${number === 1 ? "" : "s"}`;
const figure = (value, digits = 2) => (isKnown(value) ? value.toFixed(digits) : "–");
const share = (value) => (isKnown(value) ? `${Math.round(value * 100)}\u202f%` : "–");

// A probability, never rounded to 0 or 100 %.
function probability(value) {
  if (value > 0.995 && value < 1) return "> 99\u202f%";
  if (value > 0 && value < 0.005) return "< 1\u202f%";
  return share(value);
}

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const run = read("run");

const titles = new Map(run.kinds.map(([kind, title]) => [kind, title]));
const shortTitles = new Map(run.kinds.map(([kind, , shortTitle]) => [kind, shortTitle]));
const kindName = (kind) => plain(titles.get(kind));

// The same where there is little room, as parts of an element: the rest of a title is left out on the narrowest pages.
function shortKindName(kind) {
  const [title, short] = [kindName(kind), plain(shortTitles.get(kind))];
  if (!title.startsWith(short)) return [element("abbr", { title }, short)];
  return [short, element("span", { class: "rest-of-title" }, title.slice(short.length))];
}

const links = new Map(run.links);
const tagOfLink = new Map(run.links.map(([tag, link]) => [link, tag]));
const thumbnails = new Map(read("thumbnails"));
const modelsOf = new Map();
for (const [number, model] of run.models.entries()) {
  model.number = number;
  if (!modelsOf.has(model.tag)) modelsOf.set(model.tag, []);
  modelsOf.get(model.tag).push(model);
}

// The model of the kind that answers for the tag.
const answering = (models) => models.find((model) => model.answers);

// All of a model: its line of the details, which are large and so are read when its tag is opened.
let detailLines = null;
function whole(model) {
  detailLines ??= document.getElementById("details").textContent.split("\n");
  return { ...JSON.parse(detailLines[model.number]), answers: model.answers };
}
