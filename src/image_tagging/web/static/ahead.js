// While a person looks, the program hears how the pictures are marked by now, and prepares the page that follows.

const PAUSE = 120; // milliseconds without a further mark

// Has `tell` called soon after each change of a mark in `area`, and of its pictures. It returns a promise of the names
// of the pictures that follow, which the browser loads then; nothing depends on it.
export function watchMarks(area, tell) {
  let waiting = null;
  const later = () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      try {
        (await tell()).forEach((hash) => { new Image().src = `/thumb/${hash}`; });
      } catch { /* the page in hand says it when it is given */ }
    }, PAUSE);
  };
  new MutationObserver(later).observe(area, { subtree: true, childList: true, attributeFilter: ["data-verdict"] });
  later();
}
