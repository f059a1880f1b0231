// The cells of a page: their marks, which of them has the focus, and the range that was selected.

export const grid = () => document.getElementById("grid");
export const cells = () => [...document.querySelectorAll("#grid .cell")];
export const focused = () => cells().find((cell) => cell.tabIndex === 0);

let anchor = null; // where a range begins

export function mark(cell, verdict) {
  cell.dataset.verdict = verdict;
  cell.querySelector(".verdict").textContent = verdict;
}

export const flip = (cell) => mark(cell, cell.dataset.verdict === "yes" ? "no" : "yes");

export function chosen() {
  const range = cells().filter((cell) => cell.getAttribute("aria-selected") === "true");
  return range.length ? range : [focused()].filter(Boolean);
}

export function clearRange() {
  cells().forEach((cell) => cell.removeAttribute("aria-selected"));
  anchor = null;
}

function select(from, to) {
  const every = cells();
  const [first, last] = [every.indexOf(from), every.indexOf(to)].sort((one, other) => one - other);
  every.forEach((each, at) => each.setAttribute("aria-selected", String(at >= first && at <= last)));
}

export function focusOn(cell, extend = false) {
  if (!cell) return;
  if (extend) {
    anchor ??= focused();
    select(anchor, cell);
  } else {
    clearRange();
  }
  cells().forEach((each) => { each.tabIndex = each === cell ? 0 : -1; });
  cell.focus();
}

function columns() {
  const every = cells();
  const first = every[0]?.offsetTop;
  const count = every.findIndex((cell) => cell.offsetTop !== first);
  return count > 0 ? count : every.length || 1;
}

export const MOVES = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown", "h", "j", "k", "l"];

export function move(key, extend) {
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

// A click flips; with Shift, or dragged to another cell, it selects a range. Touch scrolls as ever, and a tap flips.

let pressed = null; // the cell that a mouse button went down on
let wasDragged = false;

function onPress(event) {
  wasDragged = false;
  const isPlain = event.pointerType !== "touch" && event.button === 0 && !event.shiftKey;
  pressed = isPlain ? event.target.closest?.(".cell") : null;
}

function onDrag(event) {
  if (!pressed) return;
  const over = document.elementFromPoint(event.clientX, event.clientY)?.closest?.("#grid .cell");
  if (!over || (over === pressed && !wasDragged)) return;
  if (!wasDragged) { focusOn(pressed); wasDragged = true; }
  focusOn(over, true);
}

function onClick(event) {
  const cell = event.target.closest?.(".cell");
  if (!cell || wasDragged) return;
  if (event.shiftKey) { focusOn(cell, true); return; }
  focusOn(cell);
  flip(cell);
}

export function watchMouse() {
  document.addEventListener("pointerdown", onPress);
  document.addEventListener("pointermove", onDrag);
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => { pressed = null; });
  document.addEventListener("click", onClick);
}
