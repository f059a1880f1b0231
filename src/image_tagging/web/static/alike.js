// Near-duplicates of what was judged: the program finds them, and one key gives them the same verdict.

import { alone, ask, element, say } from "./server.js";

let offered = null; // the address of the tag, and the pictures that were judged
let asked = 0; // counts pages, so that an answer about an earlier one is left out

export function leaveAlike() {
  offered = null;
  asked += 1;
  element("alike").replaceChildren();
}

// Offer it after pictures were judged; what was kept is said with it. Nothing waits for it.
export async function offerAlike(address, mode, cells, kept) {
  const hashes = cells.filter((cell) => cell.dataset.copies).map((cell) => cell.dataset.hash);
  if (mode === "check" || !hashes.length) return;
  const mine = asked;
  let answer;
  try { answer = await ask(`${address}/alike`, { hashes }); } catch (error) { say(error.message); return; }
  if (!answer.offer || mine !== asked) return;
  offered = { address, hashes };
  element("alike").innerHTML = answer.offer;
  element("give-alike").addEventListener("click", () => alone(giveAlike));
  element("leave-alike").addEventListener("click", leaveAlike);
  say(`${kept} ${answer.said} Press d.`);
}

export async function giveAlike() {
  if (!offered) { say("No near-duplicates are offered now."); return; }
  const { address, hashes } = offered;
  const { said } = await ask(`${address}/alike`, { hashes, give: true });
  leaveAlike();
  say(said);
}
