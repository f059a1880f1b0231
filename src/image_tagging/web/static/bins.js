// Columns by score: each goes on by itself, and all of them where the page is accepted.

import { grid } from "./cells.js";
import { alone, ask } from "./server.js";

const MOST = 40; // pictures of a column: with five columns at most 200 in the page
const PART = 12;

const rows = () => [...document.querySelectorAll("#grid.bins [role=row]")];

// What the next page follows: of columns the key of each.
export const following = () => (rows().length ? rows().map((row) => row.dataset.after).join(" ") : grid().dataset.after);

export const showMore = (button, then) => alone(async () => {
  const row = button.closest("[role=row]");
  const at = rows().indexOf(row);
  const { address, mode } = grid().dataset;
  const { page } = await ask(`${address}/page?mode=${mode}&after=${encodeURIComponent(following())}`);
  const fresh = new DOMParser().parseFromString(page, "text/html").querySelectorAll("#grid [role=row]")[at];
  const found = [...fresh.querySelectorAll(".cell")];
  const count = row.querySelectorAll(".cell").length;
  found.forEach((cell, place) => {
    cell.tabIndex = -1;
    cell.setAttribute("aria-colindex", String(count + place + 2));
    row.insertBefore(cell, row.querySelector(".more"));
  });
  row.dataset.after = fresh.dataset.after;
  const more = row.querySelector(".more");
  more.replaceChildren(...fresh.querySelector(".more").childNodes);
  if (count + found.length + PART > MOST && fresh.dataset.left !== "0") more.textContent = "Accept the page to go on.";
  then(found);
});
