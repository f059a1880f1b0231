// Judging the pictures of one tag: marks, keys, and what is sent. Nothing is kept here but the page in hand.

import { watchMarks } from "./ahead.js";

const element = (id) => document.getElementById(id);
const cells = () => [...document.querySelectorAll("#grid .cell")];
const grid = () => element("grid");
const isOne = Boolean(element("one"));
const TRIED_AGAIN_AFTER = 1500;

let anchor = null; // where a range begins
let busy = false;
let number = newNumber();

function newNumber() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16).padStart(8, "0")).join("");
}

function say(sentence) {
  element("said").textContent = sentence;
}

async function ask(address, form) {
  const request = form === undefined ? {} : {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(form),
  };
  let response;
  try {
    response = await fetch(address, { ...request, redirect: "error" });
  } catch {
    throw new Error("The program does not answer: is it still running? The marks on this page are still there.");
  }
  const text = await response.text();
  if (response.ok) return (response.headers.get("content-type") || "").includes("json") ? JSON.parse(text) : text;
  let problem = text;
  try { problem = JSON.parse(text).problem || text; } catch { /* it is plain text */ }
  throw new Error(problem || `The program answered ${response.status}.`);
}

// Marks

function mark(cell, verdict) {
  cell.dataset.verdict = verdict;
  cell.querySelector(".verdict").textContent = verdict;
}

const flip = (cell) => mark(cell, cell.dataset.verdict === "yes" ? "no" : "yes");
const chosen = () => {
  const range = cells().filter((cell) => cell.getAttribute("aria-selected") === "true");
  return range.length ? range : [focused()].filter(Boolean);
};
const focused = () => cells().find((cell) => cell.tabIndex === 0);

function clearRange() {
  cells().forEach((cell) => cell.removeAttribute("aria-selected"));
  anchor = null;
}

function focusOn(cell, extend = false) {
  if (!cell) return;
  const every = cells();
  if (extend) {
    anchor ??= focused();
    const [from, to] = [every.indexOf(anchor), every.indexOf(cell)].sort((one, other) => one - other);
    every.forEach((each, at) => each.setAttribute("aria-selected", String(at >= from && at <= to)));
  } else {
    clearRange();
  }
  every.forEach((each) => { each.tabIndex = each === cell ? 0 : -1; });
  cell.focus();
}

function columns() {
  const every = cells();
  const first = every[0]?.offsetTop;
  const count = every.findIndex((cell) => cell.offsetTop !== first);
  return count > 0 ? count : every.length || 1;
}

function move(key, extend) {
  const every = cells();
  const at = every.indexOf(focused());
  const wide = columns();
  const steps = {
    ArrowLeft: -1, h: -1, ArrowRight: 1, l: 1, ArrowUp: -wide, k: -wide, ArrowDown: wide, j: wide,
    Home: -at, End: every.length - 1 - at, PageUp: -wide * 2, PageDown: wide * 2,
  };
  const to = at + steps[key];
  if (to >= 0 && to < every.length) focusOn(every[to], extend);
}

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
  anchor = null;
  if (isOne) { at = 0; showOne(); } else { focused()?.focus(); }
  refresh();
}

async function refresh() {
  const { address } = grid().dataset;
  try {
    element("strip").innerHTML = await ask(`${address}/strip`);
  } catch (error) { say(error.message); }
}

async function alone(work) {
  if (busy) return;
  busy = true;
  document.body.setAttribute("aria-busy", "true");
  try { await work(); } catch (error) { say(error.message); } finally {
    busy = false;
    document.body.removeAttribute("aria-busy");
  }
}

const accept = () => alone(async () => {
  const { address, mode, model, after } = grid().dataset;
  if (!cells().length) return;
  const form = { nonce: number, mode, model, after, verdicts: judged(), wants_page: true };
  const answer = await ask(`${address}/verdicts`, form);
  say(answer.said);
  show(answer.page);
});

function allNo() {
  cells().forEach((cell) => mark(cell, "no"));
  accept();
}

const undo = () => alone(async () => {
  const answer = await ask("/undo", {});
  say(answer.said);
  if (!answer.page) return;
  if (answer.tag !== grid().dataset.tag) { location.href = answer.address; return; }
  if (isOne) { location.reload(); return; }
  show(answer.page);
});

const redo = () => alone(async () => {
  const answer = await ask("/redo", {});
  say(answer.said);
  if (!answer.tag) return;
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
  if (!cell) return;
  const image = element("zoom").querySelector("img");
  enlarge(image, cell);
  element("zoom").showModal();
}

function enlarge(image, cell) {
  image.src = `/picture/${cell.dataset.hash}`;
  image.alt = cell.querySelector("img")?.alt || "";
  image.classList.toggle("pixels", Boolean(cell.querySelector("img.pixels")));
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
  if (cell) enlarge(image, cell);
  const reason = cell ? `${at + 1} of ${cells().length}: ${cell.querySelector(".reason").textContent}` : element("note").textContent;
  element("one").querySelector(".line").textContent = reason;
  element("one").focus();
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
    say((await ask(`${address}/verdicts`, form)).said);
    kept = true;
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

// Keys

const MOVES = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown", "h", "j", "k", "l"];
const WORDS = { y: "yes", n: "no", s: "unsure" };
const ONE = { ArrowLeft: () => judgeOne("no"), ArrowRight: () => judgeOne("yes"), ArrowDown: advance, ArrowUp: back };
const COMMON = {
  u: undo, Backspace: undo, U: redo, r: train, z: zoom, m: nextMode,
  "?": () => element("help").showModal(),
  t: () => { location.href = element("head").dataset.next; },
  T: () => { location.href = element("head").dataset.previous; },
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
    || (!isOne && MOVES.includes(key) && (() => move(key, event.shiftKey)));
  if (!work) return;
  event.preventDefault();
  if (event.repeat && (key === "Enter" || key === "u" || isOne)) return;
  work(event);
}

function onClick(event) {
  const cell = event.target.closest?.(".cell");
  if (!cell) return;
  if (event.shiftKey) { focusOn(cell, true); return; }
  focusOn(cell);
  flip(cell);
}

async function onMissing(event) {
  const image = event.target;
  if (image.tagName !== "IMG" || !image.src.includes("/thumb/")) return;
  const note = document.createElement("p");
  note.className = "gone";
  note.textContent = "cannot be shown";
  image.replaceWith(note);
  try {
    const { why } = await ask(`/why/${image.src.split("/").pop()}`);
    note.textContent = `cannot be shown: ${why}`;
  } catch (error) { note.textContent = error.message; }
}

document.addEventListener("keydown", onKey);
document.addEventListener("click", onClick);
document.addEventListener("error", onMissing, true);
const BUTTONS = {
  accept, none: allNo, undo, redo, train, keys: COMMON["?"],
  yes: () => judgeOne("yes"), no: () => judgeOne("no"), skip: advance,
};
for (const [id, work] of Object.entries(BUTTONS)) element(id)?.addEventListener("click", () => work());
if (isOne) { watchSwipes(element("one")); showOne(); } else { focused()?.focus(); }
document.querySelectorAll(".frame img").forEach((image) => {
  if (image.complete && !image.naturalWidth) onMissing({ target: image }); // it failed before this was loaded
});
if (!isOne) watchMarks(element("page"), async () => {
  const { address, mode, model, after } = grid().dataset;
  if (!cells().length) return [];
  return (await ask(`${address}/soon`, { nonce: number, mode, model, after, verdicts: judged() })).soon;
});
refresh();
follow();
