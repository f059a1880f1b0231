// The table: sorted by a column, narrowed to what is looked for, of one kind of model, the best one, or all.
const BETTER = "better";
const ALL = "all";
const DESCENDING_FIRST = new Set(["images", "ap", "balanced", "warnings"]);

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const body = document.querySelector("#table tbody");
const rows = [...body.rows].map((row) => {
  const model = run.models[Number(row.dataset.model)];
  const values = new Map([["tag", model.tag], ["kind", kindName(model.kind)]]);
  for (const cell of row.querySelectorAll("td:not(.kind)")) {
    values.set(cell.classList[0], cell.dataset.value === undefined ? null : Number(cell.dataset.value));
  }
  const isBetter = better(modelsOf.get(model.tag)) === model;
  return { row, model, values, isBetter, searched: model.tag.toLowerCase() };
});

const sorting = { column: "tag", direction: 1 };
let kindShown = BETTER;

function compare(one, two) {
  const [a, b] = [one.values.get(sorting.column), two.values.get(sorting.column)];
  if (a === null || b === null) return (a === null) - (b === null);  // unknown values come last in either direction
  const order = typeof a === "string" ? collator.compare(a, b) : a - b;
  return order * sorting.direction || collator.compare(one.model.tag, two.model.tag) || (one.model.kind < two.model.kind ? -1 : 1);
}

function sortTable() {
  rows.sort(compare);
  body.append(...rows.map(({ row }) => row));
  for (const head of document.querySelectorAll("#table th[data-column]")) {
    const isSorted = head.dataset.column === sorting.column;
    if (isSorted) head.setAttribute("aria-sort", sorting.direction > 0 ? "ascending" : "descending");
    else head.removeAttribute("aria-sort");
  }
}

function isShown({ model, isBetter, searched }) {
  const wanted = document.getElementById("search").value.trim().toLowerCase();
  if (!searched.includes(wanted)) return false;
  if (document.getElementById("warned").checked && !model.warnings.length) return false;
  return kindShown === ALL || (kindShown === BETTER ? isBetter : model.kind === kindShown);
}

function filterTable() {
  const tags = new Set();
  for (const each of rows) {
    each.row.hidden = !isShown(each);
    if (!each.row.hidden) tags.add(each.model.tag);
  }
  const all = modelsOf.size;
  document.getElementById("count").textContent =
    tags.size === all ? counted(all, "tag") : `${count(tags.size)} of ${counted(all, "tag")}`;
  document.getElementById("none").hidden = tags.size > 0;
  document.getElementById("table").classList.toggle("one-kind", kindShown !== ALL && kindShown !== BETTER);
}

// The shown tags in the order of the table, each once, for "previous" and "next".
const tagsInOrder = () => [...new Set(rows.filter(({ row }) => !row.hidden).map(({ model }) => model.tag))];

function addFaces() {
  for (const { row, model } of rows) {
    const face = model.hits.map((example) => thumbnail(example.file_path)).find((image) => image);
    if (face) row.querySelector(".face").append(face);
  }
}

function setUpTable() {
  for (const head of document.querySelectorAll("#table th[data-column]")) {
    head.querySelector("button").addEventListener("click", () => {
      const { column } = head.dataset;
      const first = DESCENDING_FIRST.has(column) ? -1 : 1;
      sorting.direction = sorting.column === column ? -sorting.direction : first;
      sorting.column = column;
      sortTable();
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
  document.getElementById("table").classList.add("live");
  addFaces();
  sortTable();
  filterTable();
  document.getElementById("controls").hidden = false;
}
