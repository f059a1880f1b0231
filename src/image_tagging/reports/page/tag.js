// One tag: its kinds of model, side by side or one at a time where the page is narrow.
// The one average precision of a model; its place is among the figures of what it was measured on.
function precisionTile(model, place) {
  if ((model.measured_on ?? "examples") !== place) return [];
  const [low, high] = model.average_precision_interval ?? [null, null];
  return [["average precision", figure(model.average_precision), isKnown(low) ? `${figure(low)} – ${figure(high)}` : ""]];
}

function tiles(model) {
  const shown = [
    ...precisionTile(model, "examples"),
    ["balanced accuracy", share(model.balanced_accuracy), ""],
    ["recall", share(model.recall), ""],
    ["precision", share(model.precision), ""],
    ["threshold", figure(model.threshold), ""],
    ["calibration error", figure(model.calibration_error, 3), ""],
    ["ROC AUC", figure(model.roc_auc), ""],
    ["log loss", figure(model.log_loss, 3), ""],
  ];
  return tileList(shown);
}

const tileList = (shown) => element("dl", { class: "tiles figures" }, ...shown.map(([name, value, more]) =>
  element("div", {}, element("dt", {}, name), element("dd", {}, value, more ? element("small", {}, more) : null))));

// What follows from probabilities is not claimed where a warning says that these cannot be relied on.
function mountainTiles(model) {
  const reliable = model.mountain.warnings.length ? {} : model.mountain;
  return tileList([
    ...precisionTile(model, "mountain"),
    ["precision", share(reliable.precision)],
    ["recall", share(reliable.recall)],
    ["F1", figure(reliable.f1)],
  ]);
}

// What the tag is on the mountain: how much of it, how well it is found, and pictures from three places of the order.
function onMountain(model) {
  const mountain = model.mountain;
  if (!mountain) return [];
  const strips = [
    ["Surest", "Pictures of the mountain with the highest probability.", mountain.surest],
    ["At the threshold", "The last ones that get the tag: about here it goes wrong first.", mountain.at_threshold],
    ["Just below", "The first ones that do not get the tag.", mountain.just_below],
  ];
  return [
    element("h4", { class: "where" }, "On the mountain"),
    element("p", { class: "mountain" }, plain(mountain.sentences.join(" ") || "How much of it has this tag is not known.")),
    chips(mountain.warnings),
    mountainTiles(model),
    ...strips.map(([title, sentence, examples]) => strip(title, [sentence], examples ?? [])),
    element("h4", { class: "where" }, "Among your examples"),
  ];
}

function chips(texts) {
  if (!texts.length) return null;
  return element("ul", { class: "chips" }, ...texts.map((text) => element("li", { class: "warning" }, plain(text))));
}

function kindColumn(model, others, isBest) {
  const doubt = (example) => (example.tags.includes(model.tag) ? "wrong tag?" : "missing tag?");
  return element("section", { class: "kind-column", "data-kind": model.kind },
    element("h3", {}, kindName(model.kind), isBest ? element("span", { class: "better" }, others.length > 1 ? "best here" : "better here") : null),
    element("p", { class: "quiet" },
      `Learned from ${counted(model.images, "picture")} of the tag and ${counted(model.others, "other")}`,
      model.validation_images + model.validation_others
        ? `, ${count(model.validation_images)} and ${count(model.validation_others)} held back. ` : "; none held back. ",
      element("span", { class: "recipe" }, plain(model.recipe))),
    chips(model.warnings.filter((warning) => !model.mountain?.warnings.includes(warning))),
    ...onMountain(model),
    tiles(model),
    element("div", { class: "plots" },
      precisionRecall(model, others), reliability(model), histograms(model), confusions(model)),
    strip("Best hits", ["Images of ", named(model.tag), " with the highest probability: its idea of the tag."], model.hits),
    strip("Worst misses", ["Images of ", named(model.tag), " with the lowest probability."], model.misses),
    strip("Likely wrong labels", ["Images whose label disagrees most with the model: check them, and move wrong ones."],
      model.label_errors, doubt));
}

function kindTabs(models, shown, column) {
  const group = element("div", { class: "tabs", role: "group", "aria-label": "Kind of model" });
  for (const model of models) {
    const button = element("button", { type: "button", "aria-pressed": String(model === shown) }, kindName(model.kind));
    button.addEventListener("click", () => {
      for (const each of group.children) each.setAttribute("aria-pressed", String(each === button));
      column(model);
    });
    group.append(button);
  }
  return group;
}

function tagPage(tag, before, after) {
  const models = modelsOf.get(tag).map(whole);
  const best = answering(models);
  const columns = models.map((model) =>
    kindColumn(model, models.filter((each) => each !== model), model === best && models.length > 1 && isKnown(model.average_precision)));
  const show = (model) => columns.forEach((column, index) => column.classList.toggle("shown", models[index] === model));
  show(best);
  const step = (to, text, name) => (to === undefined
    ? element("span", { class: "step quiet" }, text)
    : element("a", { class: "step", href: links.get(to), rel: name, title: plain(to) }, text));
  const face = best.hits.map((example) => thumbnail(example.file_path)).find((image) => image);
  return element("article", {},
    element("nav", { "aria-label": "Tags" },
      element("a", { class: "back", href: "#" }, "← All tags"),
      element("span", { class: "steps" }, step(before, "‹ Previous", "prev"), step(after, "Next ›", "next"))),
    element("header", { class: "tag-head" },
      face ? element("span", { class: "frame" }, face) : null,
      element("div", {},
        element("h2", { tabindex: "-1", title: plain(tag) }, named(tag)),
        element("p", { class: "quiet" }, `${counted(best.pictures, "picture")} of ${count(run.images)}`))),
    models.length > 1 ? kindTabs(models, best, show) : null,
    element("div", { class: "kinds" }, ...columns));
}
