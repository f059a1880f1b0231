// The page of a search: the pictures that are marked get a tag.

const form = document.getElementById("give");
const said = document.getElementById("said");
const marked = () => [...document.querySelectorAll(".found input:checked")].map((box) => box.value);

document.addEventListener("change", (event) => {
  if (event.target.matches(".found input")) said.textContent = `${marked().length} marked`;
});

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const response = await fetch("/search/tag", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ tag: form.elements.tag.value, hashes: [...new Set(marked())] }),
    });
    const text = await response.text();
    if (response.ok) { location.href = JSON.parse(text).address; return; }
    let problem = text;
    try { problem = JSON.parse(text).problem || text; } catch { /* it is plain text */ }
    said.textContent = problem;
  } catch {
    said.textContent = "The program does not answer: is it still running? What is marked here is still there.";
  }
});
