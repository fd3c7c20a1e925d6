// A field `data-narrow` above a list of choices: hide the choices that lack one of the typed words. Enter takes the
// first one that is left.

import { all } from "./pm.js";

const listOf = (field) => field.closest("form.field-editor, fieldset, details");
const choices = (field) => all("li, fieldset > label", listOf(field)).filter((row) => !row.contains(field));

export function narrow(field) {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of choices(field)) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
}

export function takeFirst(field) {
  narrow(field); // what was typed may not have been seen yet
  const first = field.value.trim() && choices(field).find((row) => !row.hidden);
  first?.querySelector("button, input")?.click();
}

// What is refreshed shows all choices again.
addEventListener("pm:settled", () => { for (const field of all("[data-narrow]")) if (field.value) narrow(field); });
