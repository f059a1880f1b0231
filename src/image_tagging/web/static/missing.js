// A picture that cannot be drawn says why, in its place.

import { ask } from "./server.js";

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

export function watchMissing() {
  document.addEventListener("error", onMissing, true);
  document.querySelectorAll(".frame img").forEach((image) => {
    if (image.complete && !image.naturalWidth) onMissing({ target: image }); // it failed before this was loaded
  });
}
