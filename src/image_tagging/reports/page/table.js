// The table: sorted by a column, narrowed to what is looked for, of one kind of model, the best one, or all.
const BETTER = "better";
const ALL = "all";
const DESCENDING_FIRST = new Set(["count", "ap", "balanced", "share", "right", "warnings"]);

// Rows that are made at once: more than a screen shows. The others follow while nothing else is to be done.
const AT_ONCE = 60;

// The table is kept as text, one row a line, until its rows are shown: a browser takes seconds for thousands of them.
const [tableHead, tableBody] = document.getElementById("rows").textContent.split("<tbody>\n");
const rowLines = tableBody.split("\n");
document.querySelector(".wide").innerHTML = `${tableHead}<tbody></tbody></table>`;

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const table = document.getElementById("table");
const body = table.querySelector("tbody");
const entries = run.models.map((model) => ({
  model,
  row: null,
  searched: model.tag.toLowerCase(),
  values: new Map([
    ["tag", model.tag], ["kind", kindName(model.kind)], ["count", model.pictures], ["ap", model.average_precision],
    ["balanced", model.balanced_accuracy], ["threshold", model.threshold], ["calibration", model.calibration_error],
    ["share", model.share], ["right", model.right], ["warnings", model.warnings],
  ]),
}));

const sorting = { column: "tag", direction: 1 };
let kindShown = BETTER;
let shown = [];  // the entries that are wanted, in the order of the table
let added = 0;  // of which so many have a row in it

function compare(one, two) {
  const [a, b] = [one.values.get(sorting.column), two.values.get(sorting.column)];
  if (a === null || b === null) return (a === null) - (b === null);  // unknown values come last in either direction
  const order = typeof a === "string" ? collator.compare(a, b) : a - b;
  return order * sorting.direction || collator.compare(one.model.tag, two.model.tag) || (one.model.kind < two.model.kind ? -1 : 1);
}

// Make the rows of some entries from their lines, in one go.
function makeRows(some) {
  const missing = some.filter(({ row }) => !row);
  const made = document.createElement("tbody");
  made.innerHTML = missing.map(({ model }) => rowLines[model.number]).join("");
  const rows = [...made.rows];
  missing.forEach((entry, index) => {
    entry.row = rows[index];
    const face = entry.model.face === null ? null : thumbnail(entry.model.face);
    if (face) entry.row.querySelector(".face").append(face);
  });
}

function addRows(most) {
  const next = shown.slice(added, added + most);
  makeRows(next);
  body.append(...next.map(({ row }) => row));
  added += next.length;
}

const addAllRows = () => addRows(Infinity);

// Add the rows that are not there yet, a part at a time, so that the page can be used meanwhile.
let adding = 0;
function addTheOthers() {
  clearTimeout(adding);
  if (added === shown.length) return;
  adding = setTimeout(() => { addRows(2 * AT_ONCE); addTheOthers(); }, 30);
}

function showRows() {
  shown.sort(compare);
  body.replaceChildren();
  added = 0;
  addRows(AT_ONCE);
  addTheOthers();
}

function markSorting() {
  for (const head of document.querySelectorAll("#table th[data-column]")) {
    const isSorted = head.dataset.column === sorting.column;
    if (isSorted) head.setAttribute("aria-sort", sorting.direction > 0 ? "ascending" : "descending");
    else head.removeAttribute("aria-sort");
  }
}

function filterTable() {
  const wanted = document.getElementById("search").value.trim().toLowerCase();
  const onlyWarned = document.getElementById("warned").checked;
  shown = entries.filter(({ model, searched }) => searched.includes(wanted) && (model.warnings || !onlyWarned)
    && (kindShown === ALL || (kindShown === BETTER ? model.answers : model.kind === kindShown)));
  showRows();
  const tags = new Set(shown.map(({ model }) => model.tag));
  const all = modelsOf.size;
  document.getElementById("count").textContent =
    tags.size === all ? counted(all, "tag") : `${count(tags.size)} of ${counted(all, "tag")}`;
  document.getElementById("none").hidden = tags.size > 0;
  table.classList.toggle("one-kind", kindShown !== ALL && kindShown !== BETTER);
}

// The shown tags in the order of the table, each once, for "previous" and "next".
const tagsInOrder = () => [...new Set(shown.map(({ model }) => model.tag))];

// The row of a tag that is shown; the rows before it are made where they are missing.
function rowOf(tag) {
  const at = shown.findIndex(({ model }) => model.tag === tag);
  if (at >= added) addRows(at + 1 - added);
  return shown[at]?.row;
}

function setUpTable() {
  for (const head of document.querySelectorAll("#table th[data-column]")) {
    head.querySelector("button").addEventListener("click", () => {
      const { column } = head.dataset;
      const first = DESCENDING_FIRST.has(column) ? -1 : 1;
      sorting.direction = sorting.column === column ? -sorting.direction : first;
      sorting.column = column;
      showRows();
      markSorting();
    });
  }
  const kinds = run.kinds.map(([kind]) => kind);
  const two = kinds.length === 2;
  const choices = kinds.length > 1
    ? [[BETTER, [two ? "Better kind" : "Best kind"]], ...kinds.map((kind) => [kind, shortKindName(kind)]), [ALL, [two ? "Both" : "All"]]] : [];
  const group = document.getElementById("kinds");
  for (const [value, name] of choices) {
    const button = element("input", { type: "radio", name: "kind", value, checked: value === kindShown });
    button.addEventListener("change", () => { kindShown = value; filterTable(); });
    group.append(element("label", {}, button, element("span", {}, ...name)));
  }
  group.hidden = !choices.length;
  for (const id of ["search", "warned"]) document.getElementById(id).addEventListener("input", filterTable);
  document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row && !event.target.closest("a") && !String(getSelection())) location.hash = row.querySelector("a").hash;
  });
  table.classList.add("live");
  filterTable();
  markSorting();
  document.getElementById("controls").hidden = false;
}
