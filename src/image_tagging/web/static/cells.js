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

const columnsOfBins = () => [...document.querySelectorAll("#grid.bins [role=row]")].map((row) => [...row.querySelectorAll(".cell")]);

function placeOf(cell, columns) {
  const at = columns.findIndex((column) => column.includes(cell));
  return [at, columns[at]?.indexOf(cell) ?? -1];
}

// In columns a range is a rectangle; else all from one cell to the other.
function select(from, to) {
  const columns = columnsOfBins();
  if (columns.length) {
    const [[left, top], [right, bottom]] = [placeOf(from, columns), placeOf(to, columns)];
    const isWithin = (value, one, other) => value >= Math.min(one, other) && value <= Math.max(one, other);
    columns.forEach((column, across) => column.forEach((each, down) => {
      each.setAttribute("aria-selected", String(isWithin(across, left, right) && isWithin(down, top, bottom)));
    }));
    return;
  }
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

// Where a key leads to in columns: sideways to the nearest column that has pictures, as far down as it goes.
function inColumns(key, columns) {
  const [across, down] = placeOf(focused(), columns);
  if (across < 0) return undefined;
  const sideways = { ArrowLeft: -1, h: -1, ArrowRight: 1, l: 1 }[key];
  if (sideways) {
    let next = across + sideways;
    while (columns[next]?.length === 0) next += sideways;
    return columns[next]?.[Math.min(down, columns[next].length - 1)];
  }
  const last = columns[across].length - 1;
  const to = { Home: 0, End: last, ArrowUp: down - 1, k: down - 1, ArrowDown: down + 1, j: down + 1 }[key];
  return columns[across][to ?? Math.max(0, Math.min(last, down + (key === "PageUp" ? -5 : 5)))];
}

export function move(key, extend) {
  const columnsNow = columnsOfBins();
  if (columnsNow.length) { focusOn(inColumns(key, columnsNow), extend); return; }
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
