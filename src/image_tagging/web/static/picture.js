// The page of one picture, and the history: giving a tag, undoing a page.

import { markAnimated } from "./frames.js";
import { openZoom } from "./zoom.js";

async function send(address, form) {
  const said = document.getElementById("said");
  try {
    const response = await fetch(address, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(form),
    });
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    let problem = text;
    try { problem = JSON.parse(text).problem || text; } catch { /* it is plain text */ }
    said.textContent = problem;
  } catch {
    said.textContent = "The program does not answer: is it still running?";
  }
  return null;
}

document.getElementById("new-tag")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const answer = await send("/tags", { tag: form.elements.tag.value, hash: form.dataset.hash });
  if (answer) location.href = answer.address;
});

for (const button of document.querySelectorAll("button[data-batch]")) {
  button.addEventListener("click", async () => {
    const answer = await send(`/${button.dataset.what}`, { batch: Number(button.dataset.batch) });
    if (answer) location.reload();
  });
}

for (const image of document.querySelectorAll("img[data-hash]")) {
  const gone = async () => {
    const answer = await fetch(`/why/${image.dataset.hash}`).then((response) => response.json()).catch(() => null);
    const note = document.createElement("p");
    note.className = "gone";
    note.textContent = `This picture cannot be shown: ${answer?.why || "its file cannot be read"}.`;
    image.replaceWith(note);
  };
  image.addEventListener("error", gone);
  if (image.complete && !image.naturalWidth) gone();
}

const whole = document.querySelector(".whole");
const larger = () => { if (whole.querySelector("img")) openZoom(whole); };
if (whole) {
  document.getElementById("larger").addEventListener("click", larger);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "z" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, dialog")) return;
    event.preventDefault();
    larger();
  });
  markAnimated([whole]).catch(() => { /* the picture itself says why it cannot be shown */ });
}
