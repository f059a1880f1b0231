// The slider of the threshold: it moves precision and recall in the strip, from figures that are asked for once.

import { alone, ask, element, say } from "./server.js";

const area = element("threshold");
const [slider, output, count, button, command] = ["input", "output", "span", "button", "code"].map((name) => area?.querySelector(name));

let address = "";
let figures = null; // a promise of those at every place, since the strip was drawn

// The strip is another: its figures are those at a half, and so is the slider.
export function resetThreshold(ofTag) {
  if (!area) return;
  address = ofTag;
  figures = null;
  area.hidden = !document.querySelector("#strip [data-has-figures]");
  slider.value = "0.5";
  output.textContent = "0.50";
  count.textContent = "";
  slider.removeAttribute("aria-valuetext");
}

async function place() {
  const wanted = slider.value;
  output.textContent = Number(wanted).toFixed(2);
  command.hidden = true;
  figures ??= ask(`${address}/thresholds`);
  try {
    const found = (await figures).figures.find((each) => Math.abs(each.threshold - wanted) < 0.001);
    if (!found || wanted !== slider.value) return; // moved on meanwhile
    for (const name of ["precision", "recall"]) {
      const [median, interval, bar] = found[name];
      const figure = document.querySelector(`#strip [data-figure=${name}]`);
      if (!figure) continue;
      figure.textContent = median;
      figure.insertAdjacentHTML("beforeend", bar);
      figure.append(Object.assign(document.createElement("small"), { textContent: interval }));
    }
    count.textContent = `${found.shown.toLocaleString("en")} pictures`;
    const words = ["precision", "recall"].map((name) => `${name} ${found[name][0]}, ${found[name][1]}`);
    slider.setAttribute("aria-valuetext", `${output.textContent}: ${words.join("; ")}`);
  } catch (error) {
    figures = null;
    say(error.message);
  }
}

const keep = () => alone(async () => {
  const answer = await ask(`${address}/threshold`, { threshold: Number(slider.value) });
  say(answer.said);
  command.textContent = answer.command;
  command.hidden = !answer.command;
});

slider?.addEventListener("input", place);
button?.addEventListener("click", keep);
