// Pinned tags: up to nine, each with a key that says yes to it for pictures of the page of any tag. The browser keeps them.

import { grid, mark } from "./cells.js";
import { ask, element, say } from "./server.js";

const MOST = 9;
const AT_ONCE = 40; // names in one address
const KEPT = `pinned tags of ${document.body.dataset.folder}`;

const isPin = (each) => ["tag", "address", "name"].every((part) => typeof each?.[part] === "string") && each.address.startsWith("/tag/");

export function pinned() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) || "[]");
    return Array.isArray(kept) ? kept.filter(isPin).slice(0, MOST) : [];
  } catch {
    return []; // this browser keeps nothing, or something else
  }
}

function keep(pins) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(pins));
  } catch {
    say("This browser keeps nothing for this page, so that no tag can be pinned.");
  }
  draw();
}

function toggle({ pin: tag, address, name }) {
  const pins = pinned();
  const others = pins.filter((each) => each.tag !== tag);
  if (others.length < pins.length) {
    keep(others);
    say(`${name} is no longer pinned.`);
  } else if (pins.length >= MOST) {
    say(`${MOST} tags are pinned, one for each key: unpin one first.`);
  } else {
    keep([...pins, { tag, address, name }]);
    say(`${name} is pinned: press ${pins.length + 1} on a picture that it is also true of.`);
  }
}

function item(pin, number) {
  const [line, key, link, button] = ["li", "kbd", "a", "button"].map((name) => document.createElement(name));
  key.textContent = number;
  link.href = pin.address;
  link.append(Object.assign(document.createElement("bdi"), { textContent: pin.name }));
  button.textContent = "×";
  button.setAttribute("aria-label", `Unpin ${pin.name}`);
  button.addEventListener("click", () => {
    toggle({ ...pin, pin: pin.tag });
    document.querySelector("#pins button").focus();
  });
  line.append(key, link, button);
  return line;
}

function draw() {
  const pins = pinned();
  element("pins")?.querySelector("ol").replaceChildren(...pins.map((pin, at) => item(pin, at + 1)));
  for (const button of document.querySelectorAll("button[data-pin]")) {
    const at = pins.findIndex((each) => each.tag === button.dataset.pin);
    button.setAttribute("aria-pressed", String(at >= 0));
    if (!button.closest("td")) continue;
    button.textContent = at < 0 ? "Pin" : `${at + 1}`;
    button.setAttribute("aria-label", at < 0 ? `Pin ${button.dataset.name}` : `${at + 1}, key of ${button.dataset.name}`);
  }
}

// What was said of pictures of the page: the other tags that they have.

const said = new Map();

export async function markSaid(cells) {
  const hashes = cells.map((cell) => cell.dataset.hash);
  for (let at = 0; at < hashes.length; at += AT_ONCE) {
    const names = hashes.slice(at, at + AT_ONCE);
    const found = await ask(`/said?${names.map((hash) => `of=${hash}`).join("&")}`);
    names.forEach((hash) => said.set(hash, (found[hash] || []).filter((tag) => tag !== grid().dataset.tag)));
  }
  for (const cell of cells) {
    cell.querySelector(".said")?.remove();
    const tags = said.get(cell.dataset.hash);
    if (!tags.length) continue;
    const note = document.createElement("p");
    note.className = "said";
    note.textContent = `also: ${tags.join(", ")}`;
    cell.append(note);
  }
}

// Say yes to the tag of a key, or take it back where all these pictures have it.
export async function judgePinned(key, cells) {
  const pin = pinned()[key - 1];
  if (!pin) { say(`No tag is pinned on ${key}: pin one here or in the list of tags.`); return; }
  if (!cells.length) return;
  if (pin.tag === grid().dataset.tag) {
    if (element("one")) { say(`${pin.name} is the tag of this page: press y.`); return; }
    cells.forEach((cell) => mark(cell, "yes"));
    say(`${pin.name} is the tag of this page: marked yes.`);
    return;
  }
  const take = cells.every((cell) => said.get(cell.dataset.hash)?.includes(pin.tag));
  const answer = await ask(`${pin.address}/pinned`, { hashes: cells.map((cell) => cell.dataset.hash), take });
  say(answer.said);
}

for (const button of document.querySelectorAll("button[data-pin]")) {
  button.addEventListener("click", () => toggle(button.dataset));
}
window.addEventListener("storage", draw);
draw();
