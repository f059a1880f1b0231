// Pictures with their names; a click copies the path of the file.
function thumbnail(filePath) {
  const uri = thumbnails.get(filePath);
  if (!uri) return null;
  const image = element("img", { src: uri, alt: "", loading: "lazy", decoding: "async" });
  if (uri.startsWith("data:image/png")) image.classList.add("pixels");
  return image;
}

const fileName = (filePath) => filePath.slice(filePath.lastIndexOf("/") + 1);

// A picture as a button: `example` has file_path and file_name, and perhaps a probability and tags.
function picture(example, mark = null) {
  const name = example.file_name ?? fileName(example.file_path);
  const frame = element("span", { class: "frame" },
    thumbnail(example.file_path) ?? element("span", { class: "missing" }, "picture not available"));
  const titleLines = [`${plain(example.file_path)}`];
  if (example.tags) titleLines.push(`tags: ${example.tags.map(plain).join(", ") || "none"}`);
  const button = element("button", { type: "button", class: "picture", title: `${titleLines.join("\n")}\nclick to copy the path` },
    frame,
    element("span", { class: "name" }, named(name)),
    isKnown(example.probability) ? element("span", { class: "given" }, probability(example.probability)) : null,
    mark ? element("span", { class: "mark" }, mark) : null);
  button.addEventListener("click", () => copy([example.file_path]));
  return button;
}

function strip(title, sentence, examples, markOf = () => null) {
  if (!examples.length) {
    return element("section", { class: "strip" }, element("h4", {}, title), element("p", { class: "quiet" }, "None."));
  }
  const all = element("button", { type: "button", class: "plain" }, examples.length === 1 ? "copy path" : "copy paths");
  all.addEventListener("click", () => copy(examples.map((example) => example.file_path)));
  return element("section", { class: "strip" },
    element("h4", {}, title, " ", all), element("p", { class: "quiet" }, ...sentence),
    element("div", { class: "pictures" }, ...examples.map((example) => picture(example, markOf(example)))));
}

let hideTimer = 0;

function say(text) {
  const status = document.getElementById("said");
  status.textContent = text;
  status.classList.add("shown");
  clearTimeout(hideTimer);
  hideTimer = setTimeout(() => status.classList.remove("shown"), 4000);
}

async function copy(paths) {
  const text = paths.join("\n");
  const what = paths.length === 1 ? plain(paths[0]) : `${paths.length} paths`;
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}`);
  } catch {
    // Some browsers deny the clipboard API to a page from disk; the older command still works there.
    const box = element("textarea", { class: "unseen", readonly: true });
    const before = document.activeElement;
    box.value = text;
    document.body.append(box);
    box.select();
    const isCopied = document.execCommand("copy");
    box.remove();
    before?.focus();
    say(isCopied ? `Copied ${what}` : plain(paths.join("  ")));
  }
}
