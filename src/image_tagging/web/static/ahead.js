// While a person looks, the program is told how the pictures are marked by now: it prepares the page that follows.

const PAUSE = 120; // milliseconds without a further mark

// Returns a function that has `tell` called soon, once however often it is called. `tell` returns a promise of the
// names of the pictures that follow, which the browser loads then; nothing depends on it.
export function ahead(tell) {
  let waiting = null;
  return () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      try {
        (await tell()).forEach((hash) => { new Image().src = `/thumb/${hash}`; });
      } catch { /* the page in hand says it when it is given */ }
    }, PAUSE);
  };
}
