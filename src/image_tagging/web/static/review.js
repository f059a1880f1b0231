// Judging the pictures of one tag: marks, keys, and what is sent. Nothing is kept here but the page in hand.

import { watchMarks } from "./ahead.js";
import { giveAlike, leaveAlike, offerAlike } from "./alike.js";
import { following, showMore } from "./bins.js";
import { MOVES, cells, chosen, clearRange, flip, focused, grid, mark, move, watchMouse } from "./cells.js";
import { markAnimated } from "./frames.js";
import { watchMissing } from "./missing.js";
import { judgePinned, markSaid } from "./pins.js";
import { alone, ask, element, newNumber, say } from "./server.js";
import { resetThreshold } from "./threshold.js";
import { enlarge, openZoom } from "./zoom.js";

const isOne = Boolean(element("one"));
const TRIED_AGAIN_AFTER = 1500;

let number = newNumber();

// Pages

function judged(only) {
  return cells().map((cell, position) => ({
    hash: cell.dataset.hash, verdict: cell.dataset.verdict, position,
    score: cell.dataset.score === "" ? null : Number(cell.dataset.score), cell,
  })).filter((each) => !only || each.cell === only).map(({ cell, ...each }) => each);
}

function show(html) {
  element("page").innerHTML = html;
  number = newNumber();
  clearRange();
  if (isOne) { at = 0; showOne(); } else { focused()?.focus(); }
  refresh();
}

async function refresh() {
  const { address } = grid().dataset;
  try {
    element("strip").innerHTML = await ask(`${address}/strip`);
    resetThreshold(address);
    await markSaid(cells());
    await markAnimated(cells());
    if (isOne) showLine();
  } catch (error) { say(error.message); }
}

const accept = () => alone(async () => {
  const { address, mode, model } = grid().dataset;
  if (!cells().length) return;
  const form = { nonce: number, mode, model, after: following(), verdicts: judged(), wants_page: true };
  const was = cells();
  const answer = await ask(`${address}/verdicts`, form);
  say(answer.said);
  leaveAlike();
  show(answer.page);
  offerAlike(address, mode, was, answer.said);
});

function allNo() {
  cells().forEach((cell) => mark(cell, "no"));
  accept();
}

// What was undone or given again is none of this page: its marks stay, and what is said of its pictures may be another.
async function refreshCells() {
  try {
    await markSaid(cells());
    if (isOne) showLine();
  } catch (error) { say(error.message); }
}

const undo = () => alone(async () => {
  const answer = await ask("/undo", {});
  say(answer.said);
  leaveAlike();
  if (!answer.page) { refreshCells(); return; }
  if (answer.tag !== grid().dataset.tag) { location.href = answer.address; return; }
  if (isOne) { location.reload(); return; }
  show(answer.page);
});

const redo = () => alone(async () => {
  const answer = await ask("/redo", {});
  say(answer.said);
  if (!answer.tag) { refreshCells(); return; }
  const { address, mode } = grid().dataset;
  show((await ask(`${address}/page?mode=${mode}`)).page);
});

const train = () => alone(async () => {
  say((await ask("/training", {})).said);
  follow();
});

async function follow() {
  try {
    const { state, said, share } = await ask("/training");
    if (state === "idle") return;
    say(state === "running" ? `${said} (${Math.round(share * 100)} %)` : said);
    if (state === "running") setTimeout(follow, TRIED_AGAIN_AFTER); else refresh();
  } catch (error) { say(error.message); }
}

function zoom() {
  const cell = isOne ? cells()[at] : focused();
  if (cell) openZoom(cell);
}

function nextMode() {
  const links = [...document.querySelectorAll(".modes a")].slice(0, -1);
  const now = links.findIndex((link) => link.hasAttribute("aria-current"));
  location.href = links[(now + 1) % links.length].href;
}

// One picture at a time

let at = 0;

function showOne() {
  const cell = cells()[at];
  const image = element("one").querySelector("img");
  image.hidden = !cell;
  if (cell) enlarge(image, cell, () => ({ width: element("one").clientWidth - 24, height: Math.min(window.innerHeight * 0.5, 720) }));
  showLine();
  element("one").focus();
}

function showLine() {
  const cell = cells()[at];
  const words = cell ? [...cell.querySelectorAll(".reason, .frames, .said")].map((each) => each.textContent) : [];
  element("one").querySelector(".line").textContent = cell ? `${at + 1} of ${cells().length}: ${words.join(" · ")}` : element("note").textContent;
}

const advance = () => alone(async () => {
  at += 1;
  if (at < cells().length) { showOne(); return; }
  const { address, mode } = grid().dataset;
  show((await ask(`${address}/page?mode=${mode}`)).page);
});

async function judgeOne(verdict) {
  let kept = false;
  await alone(async () => {
    const cell = cells()[at];
    if (!cell) return;
    mark(cell, verdict);
    const { address, mode, model } = grid().dataset;
    const form = { nonce: newNumber(), mode, model, after: "", verdicts: judged(cell), wants_page: false };
    const { said } = await ask(`${address}/verdicts`, form);
    say(said);
    leaveAlike();
    kept = true;
    offerAlike(address, mode, [cell], said);
  });
  if (kept) advance();
}

function back() {
  at = Math.max(at - 1, 0);
  showOne();
}

function watchSwipes(area) {
  let start = null;
  area.addEventListener("pointerdown", (event) => { start = [event.clientX, event.clientY]; });
  area.addEventListener("pointerup", (event) => {
    if (!start) return;
    const [x, y] = [event.clientX - start[0], event.clientY - start[1]];
    start = null;
    if (Math.max(Math.abs(x), Math.abs(y)) < 60) return;
    if (Math.abs(x) > Math.abs(y)) judgeOne(x > 0 ? "yes" : "no"); else if (y > 0) advance(); else back();
  });
}

const pin = (key) => alone(async () => {
  await judgePinned(key, isOne ? [cells()[at]].filter(Boolean) : chosen());
  refreshCells(); // the next key need not wait for it
});

// Keys

const WORDS = { y: "yes", n: "no", s: "unsure" };
const ONE = { ArrowLeft: () => judgeOne("no"), ArrowRight: () => judgeOne("yes"), ArrowDown: advance, ArrowUp: back };
const COMMON = {
  d: () => alone(async () => { await giveAlike(); refresh(); }),
  u: undo, Backspace: undo, U: redo, r: train, z: zoom, m: nextMode,
  "?": () => element("help").showModal(),
  t: () => { location.href = element("head").dataset.next; },
  T: () => { location.href = element("head").dataset.previous; },
  b: () => { location.href = `${location.pathname}?mode=bins`; },
  c: () => { location.href = `${location.pathname}?mode=check`; },
  i: () => { const cell = isOne ? cells()[at] : focused(); if (cell) location.href = `/image/${cell.dataset.hash}`; },
};
const GRID = {
  Enter: (event) => (event.shiftKey ? allNo() : accept()),
  " ": () => chosen().forEach(flip),
};

function onKey(event) {
  if (document.querySelector("dialog[open]") || event.altKey || event.metaKey) return;
  const on = event.target;
  if (on.matches?.("input, textarea, select")) return;
  if (event.ctrlKey) {
    if (event.key === "z") { event.preventDefault(); undo(); }
    return;
  }
  if (on.matches?.("button, a") && (event.key === "Enter" || event.key === " ")) return;
  const key = event.key;
  const work = WORDS[key] && (isOne ? () => judgeOne(WORDS[key]) : () => chosen().forEach((cell) => mark(cell, WORDS[key])))
    || (isOne ? ONE[key] : GRID[key]) || COMMON[key]
    || (/^[1-9]$/.test(key) && (() => pin(Number(key))))
    || (!isOne && MOVES.includes(key) && (() => move(key, event.shiftKey)));
  if (!work) return;
  event.preventDefault();
  if (event.repeat && (key === "Enter" || key === "u" || /^[1-9]$/.test(key) || isOne)) return;
  work(event);
}

document.addEventListener("keydown", onKey);
watchMouse();
document.addEventListener("click", (event) => {
  const button = event.target.closest?.(".more button");
  if (button) showMore(button, async (found) => { found[0]?.focus(); await markSaid(cells()); await markAnimated(cells()); });
});
watchMissing();
const BUTTONS = {
  accept, none: allNo, undo, redo, train, keys: COMMON["?"],
  yes: () => judgeOne("yes"), no: () => judgeOne("no"), skip: advance,
};
for (const [id, work] of Object.entries(BUTTONS)) element(id)?.addEventListener("click", () => work());
if (isOne) { watchSwipes(element("one")); showOne(); } else { focused()?.focus(); }
if (!isOne) watchMarks(element("page"), async () => {
  const { address, mode, model } = grid().dataset;
  if (!cells().length) return [];
  return (await ask(`${address}/soon`, { nonce: number, mode, model, after: following(), verdicts: judged() })).soon;
});
refresh();
follow();
