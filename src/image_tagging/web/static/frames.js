// Animated pictures are shown by their first frame: their cells say so.

import { ask } from "./server.js";

const MAY_MOVE = new Set(["AVIF", "FLI", "GIF", "PNG", "WEBP"]);
const AT_ONCE = 40; // names in one address

const counted = new Map();

const inWords = (count) => `animated, ${count} frames`;

// Write it into each of the elements that has a hash and a format.
export async function markAnimated(elements) {
  const mayMove = elements.filter((each) => MAY_MOVE.has(each.dataset.format));
  const unknown = mayMove.map((each) => each.dataset.hash).filter((hash) => !counted.has(hash));
  for (let at = 0; at < unknown.length; at += AT_ONCE) {
    const names = unknown.slice(at, at + AT_ONCE);
    const found = await ask(`/frames?${names.map((hash) => `of=${hash}`).join("&")}`);
    names.forEach((hash) => counted.set(hash, found[hash] || 1));
  }
  for (const each of mayMove) {
    const count = counted.get(each.dataset.hash);
    if (count < 2 || each.querySelector(".frames")) continue;
    const note = document.createElement("p");
    note.className = "frames";
    note.textContent = inWords(count);
    each.append(note);
  }
}
