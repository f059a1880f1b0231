// What is asked of the program, and what is said to the person.

export const element = (id) => document.getElementById(id);

export function newNumber() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16).padStart(8, "0")).join("");
}

export function say(sentence) {
  element("said").textContent = sentence;
}

export async function ask(address, form) {
  const request = form === undefined ? {} : {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(form),
  };
  let response;
  try {
    response = await fetch(address, { ...request, redirect: "error" });
  } catch {
    throw new Error("The program does not answer: is it still running? The marks on this page are still there.");
  }
  const text = await response.text();
  if (response.ok) return (response.headers.get("content-type") || "").includes("json") ? JSON.parse(text) : text;
  let problem = text;
  try { problem = JSON.parse(text).problem || text; } catch { /* it is plain text */ }
  throw new Error(problem || `The program answered ${response.status}.`);
}

let busy = false;

// One thing at a time: what is asked for while another is under way is left out.
export async function alone(work) {
  if (busy) return;
  busy = true;
  document.body.setAttribute("aria-busy", "true");
  try { await work(); } catch (error) { say(error.message); } finally {
    busy = false;
    document.body.removeAttribute("aria-busy");
  }
}
