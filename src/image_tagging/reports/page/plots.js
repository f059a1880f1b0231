// The plots of one model, as SVG that scales with its column, each with a sentence that explains it.
const WIDTH = 290;
const HEIGHT = 222;
const LEFT = 52;
const RIGHT = 278;
const TOP = 12;
const BOTTOM = 182;
const TENTHS = [0, 0.2, 0.4, 0.6, 0.8, 1];

const across = (value) => LEFT + value * (RIGHT - LEFT);
const up = (value) => BOTTOM - value * (BOTTOM - TOP);

const label = (x, y, text, more = {}) => drawn("text", { x, y, ...more }, text);

function plotted(title, sentence, picture) {
  const head = element("h4", {}, title);
  return element("figure", { class: "plot" }, head, picture, element("figcaption", {}, ...sentence));
}

function nothing(title, why) {
  return plotted(title, [why], element("p", { class: "nothing" }, "nothing to draw"));
}

function axes(name, xLabel, yLabel, height = HEIGHT) {
  const picture = drawn("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": name });
  for (const at of TENTHS) {
    picture.append(
      drawn("line", { class: "grid", x1: across(at), x2: across(at), y1: TOP, y2: height - (HEIGHT - BOTTOM) }),
      label(across(at), height - (HEIGHT - BOTTOM) + 15, share(at), { class: "tick", "text-anchor": "middle" }),
    );
  }
  const middle = (TOP + height - (HEIGHT - BOTTOM)) / 2;
  picture.append(
    label((LEFT + RIGHT) / 2, height - 6, xLabel, { class: "axis", "text-anchor": "middle" }),
    label(0, 0, yLabel, { class: "axis", "text-anchor": "middle", transform: `translate(9 ${middle}) rotate(-90)` }),
  );
  return picture;
}

function square(name, xLabel, yLabel) {
  const picture = axes(name, xLabel, yLabel);
  for (const at of TENTHS) {
    picture.append(
      drawn("line", { class: "grid", x1: LEFT, x2: RIGHT, y1: up(at), y2: up(at) }),
      label(LEFT - 6, up(at) + 4, share(at), { class: "tick", "text-anchor": "end" }),
    );
  }
  return picture;
}

const path = (points) => points.map(([x, y], index) => `${index ? "L" : "M"}${across(x)} ${up(y)}`).join("");
const sum = (counts) => counts.reduce((total, one) => total + one, 0);

function precisionRecall(model, others) {
  const title = "Precision and recall";
  const points = model.precision_recall;
  if (!points.length) return nothing(title, "No image supports this curve.");
  const picture = square(
    `Precision by recall of ${plain(model.tag)}`, "recall: share of its images found", "precision: share of tagged that is right",
  );
  const tagged = sum(model.histogram_tag);
  const guessing = tagged / Math.max(1, tagged + sum(model.histogram_other));
  picture.append(drawn("line", { class: "guess", x1: LEFT, x2: RIGHT, y1: up(guessing), y2: up(guessing) }));
  const compared = others.filter((other) => other.precision_recall.length);
  picture.append(...compared.map((other) => drawn("path", { class: "other-kind", d: path(other.precision_recall) })));
  const last = points[points.length - 1];
  const first = points[0];
  picture.append(
    drawn("path", { class: "under", d: `${path(points)}L${across(last[0])} ${up(0)}L${across(first[0])} ${up(0)}Z` }),
    drawn("path", { class: "curve", d: path(points) }),
  );
  if (isKnown(model.recall) && isKnown(model.precision)) {
    picture.append(drawn("circle", { class: "at-threshold", cx: across(model.recall), cy: up(model.precision), r: 5 }));
  }
  const at = isKnown(model.recall) && isKnown(model.precision)
    ? [`At its threshold (the dot) it finds ${share(model.recall)} of the images of `, named(model.tag),
       `, and ${share(model.precision)} of the images that it tags have the tag`]
    : ["The further up and to the right, the better"];
  const also = compared.length ? `the other kind${compared.length > 1 ? "s" : ""} (dotted)` : "";
  return plotted(title, [...at, "; ", also && `for comparison ${also} and `, "guessing (dashed)."], picture);
}

function reliability(model) {
  const title = "Reliability";
  const groups = model.reliability.filter((group) => group.images > 0);
  if (!groups.length) return nothing(title, "No image supports this plot.");
  const picture = square(
    `Reliability of ${plain(model.tag)}`, "predicted probability", "share that has the tag",
  );
  picture.append(
    drawn("line", { class: "honest", x1: across(0), y1: up(0), x2: across(1), y2: up(1) }),
    drawn("path", { class: "thin", d: path(groups.map((group) => [group.predicted, group.observed])) }),
  );
  const most = Math.max(...groups.map((group) => group.images));
  for (const group of groups) {
    const what = `predicted ${probability(group.predicted)}, observed ${share(group.observed)}: ${counted(group.images, "image")}`;
    picture.append(
      drawn("circle", {
        class: "group", cx: across(group.predicted), cy: up(group.observed), r: 3 + 7 * Math.sqrt(group.images / most),
      }, drawn("title", {}, what)),
    );
  }
  const off = isKnown(model.calibration_error)
    ? ` The mean error is ${(model.calibration_error * 100).toFixed(1)} percentage points.` : "";
  const sentence = "On the diagonal probabilities are right (of images given 70 %, 70 % have the tag); below it they are "
    + `too high, above it too low; larger dots are more images.${off}`;
  return plotted(title, [sentence], picture);
}

const HALF = 76;
const GAP = 14;

function histograms(model) {
  const title = "Probabilities";
  if (sum(model.histogram_tag) + sum(model.histogram_other) === 0) return nothing(title, "No image was scored.");
  const middle = TOP + 12 + HALF;
  const height = middle + GAP + HALF + 12 + (HEIGHT - BOTTOM);
  const picture = axes(`Histograms of ${plain(model.tag)}`, "probability of the tag", "images", height);
  const step = (RIGHT - LEFT) / model.histogram_tag.length;
  for (const [counts, name, base, direction] of [
    [model.histogram_tag, "bar-tag", middle, -1],
    [model.histogram_other, "bar-other", middle + GAP, 1],
  ]) {
    const most = Math.max(1, ...counts);
    counts.forEach((images, index) => {
      if (!images) return;
      const tall = Math.max(2, (images / most) * HALF);
      const x = LEFT + index * step;
      picture.append(
        drawn("rect", { class: name, x: x + 1.5, width: step - 3, y: direction < 0 ? base - tall : base, height: tall, rx: 1.5 }),
        label(x + step / 2, direction < 0 ? base - tall - 3 : base + tall + 10, count(images), {
          class: "amount", "text-anchor": "middle",
        }),
      );
    });
    picture.append(drawn("line", { class: "base", x1: LEFT, x2: RIGHT, y1: base, y2: base }));
  }
  const at = across(model.threshold);
  picture.append(
    drawn("line", { class: "threshold", x1: at, x2: at, y1: TOP - 6, y2: height - (HEIGHT - BOTTOM) }),
    label(LEFT - 6, middle - HALF / 2, "with", { class: "tick", "text-anchor": "end" }),
    label(LEFT - 6, middle + GAP + HALF / 2, "without", { class: "tick", "text-anchor": "end" }),
  );
  return plotted(title, [
    "Images with the tag (above) should lie right of the threshold ", element("b", {}, figure(model.threshold)),
    " (the line), those without (below) left of it; the halves have separate scales, and the figures count images.",
  ], picture);
}

function confusions(model) {
  const title = "Confused with";
  if (!model.confused_with.length) return nothing(title, "No other tag is confused with it.");
  const rows = model.confused_with.map((other) => {
    const part = other.images ? other.above_threshold / other.images : 0;
    const link = links.get(other.tag);
    const bar = drawn("svg", { class: "part", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
      drawn("rect", { class: "track", width: 100, height: 8, rx: 2 }),
      drawn("rect", { class: "bar-wrong", width: part ? Math.max(1, part * 100) : 0, height: 8, rx: 2 }));
    return element("tr", {},
      element("th", { scope: "row" }, link ? element("a", { href: link }, cut(other.tag)) : cut(other.tag)),
      element("td", {}, bar),
      element("td", { class: "number" }, `${count(other.above_threshold)} of ${count(other.images)}`),
      element("td", { class: "number" }, probability(other.mean_probability)));
  });
  const head = element("tr", {},
    ...["Tag", "", "tagged wrongly", "mean"].map((text) => element("th", { scope: "col" }, text)));
  return plotted(title, [
    "How many images of these other tags lie above the threshold and are wrongly tagged ", named(model.tag),
    "; the last column is their mean probability.",
  ], element("table", { class: "confusions" }, element("thead", {}, head), element("tbody", {}, ...rows)));
}
