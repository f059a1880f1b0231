// Hide what repeats another picture, on all pages, or show it again.

import { alone, ask } from "./server.js";

const button = document.getElementById("repeats");

button?.addEventListener("click", () => alone(async () => {
  await ask("/repeats", { hide: button.getAttribute("aria-pressed") !== "true" });
  location.reload();
}));
