// A picture, larger: of pixel art each pixel becomes a whole number of those of the screen. Drag and arrows move it.

const DRAGGED = 4; // pixels that a mouse moves at least, so that it is no click
const STEPS = [1 / 8, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64];
const WIDE = 2; // a picture so many times as wide as the view, once it is as high, begins at its left

const BLURRED = new Set(["JPEG", "MPO", "HEIF", "AVIF", "WEBP", "JPEG2000"]); // formats of photos
const MOST_BLURRED = 2; // a photo begins no larger
const MOST_SHARP = 32; // nor does pixel art

const isSharp = (cell) => Boolean(cell.querySelector("img.pixels")) || !BLURRED.has(cell.dataset.format);

// Pixels of the screen for each of the picture: as many as fit, whole ones where pixels stay squares.
function fitting(image, width, height) {
  const pixels = window.devicePixelRatio || 1;
  const fits = Math.min(width * pixels / image.naturalWidth, height * pixels / image.naturalHeight);
  if (image.dataset.sharp === "true") return fits >= 1 ? Math.min(Math.floor(fits), MOST_SHARP) : fits;
  return Math.min(fits, MOST_BLURRED * pixels);
}

function resize(image, factor) {
  const pixels = window.devicePixelRatio || 1;
  image.style.width = `${image.naturalWidth * factor / pixels}px`;
  image.style.height = `${image.naturalHeight * factor / pixels}px`;
  image.classList.toggle("pixels", image.dataset.sharp === "true" && factor > 1);
}

function load(image, cell, then) {
  image.dataset.sharp = String(isSharp(cell));
  image.alt = cell.querySelector("img")?.alt || "";
  image.style.width = image.style.height = "";
  image.onload = then;
  image.src = `/picture/${cell.dataset.hash}`;
}

// Show the picture of a cell as large as it fits into a box.
export function enlarge(image, cell, box) {
  const fill = () => {
    const { width, height } = box();
    if (image.naturalWidth) resize(image, fitting(image, width, height));
  };
  window.onresize = fill;
  load(image, cell, fill);
}

export function openZoom(cell) {
  const dialog = document.getElementById("zoom");
  const [view, image] = [dialog.querySelector(".view"), dialog.querySelector("img")];
  const note = dialog.querySelector(".size");
  let factor = 1;

  const show = (wanted) => {
    const middle = [
      (view.scrollLeft + view.clientWidth / 2) / view.scrollWidth,
      (view.scrollTop + view.clientHeight / 2) / view.scrollHeight,
    ];
    factor = wanted;
    resize(image, factor);
    view.scrollLeft = middle[0] * view.scrollWidth - view.clientWidth / 2;
    view.scrollTop = middle[1] * view.scrollHeight - view.clientHeight / 2;
    note.textContent = `${image.naturalWidth} × ${image.naturalHeight} pixels, at ${Math.round(factor * 100)} %`;
  };
  const whole = () => show(fitting(image, view.clientWidth, view.clientHeight));
  const first = () => {
    const high = fitting(image, Infinity, view.clientHeight);
    const pixels = window.devicePixelRatio || 1;
    if (image.naturalWidth * high / pixels < WIDE * view.clientWidth) { whole(); return; }
    show(high);
    view.scrollLeft = 0;
  };
  const step = (sign) => {
    const others = STEPS.filter((each) => (each - factor) * sign > 1e-6);
    if (others.length) show(sign > 0 ? others[0] : others.at(-1));
  };
  dialog.onkeydown = (event) => {
    const work = { "+": () => step(1), "=": () => step(1), "-": () => step(-1), "0": whole, z: () => dialog.close() }[event.key];
    if (!work || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    work();
  };
  dialog.querySelector(".larger").onclick = () => step(1);
  dialog.querySelector(".smaller").onclick = () => step(-1);
  dialog.querySelector(".fit").onclick = whole;
  dialog.onclose = () => { image.removeAttribute("src"); };
  watchDrag(view);
  dialog.showModal();
  view.focus();
  load(image, cell, first);
}

function watchDrag(view) {
  let start = null;
  view.onpointerdown = (event) => {
    if (event.pointerType === "touch" || event.button !== 0) return; // a finger scrolls by itself
    start = { x: event.clientX, y: event.clientY, left: view.scrollLeft, top: view.scrollTop };
  };
  view.onpointermove = (event) => {
    if (!start) return;
    const [x, y] = [event.clientX - start.x, event.clientY - start.y];
    if (Math.max(Math.abs(x), Math.abs(y)) >= DRAGGED) view.setPointerCapture(event.pointerId);
    view.scrollLeft = start.left - x;
    view.scrollTop = start.top - y;
  };
  view.onpointerup = view.onpointercancel = () => { start = null; };
}
