// Two people changed one text: show the one that was saved first below the other. forms.js loads this when that happens;
// templates/pm/conflict.html has the markup.

import { announce } from "./pm.js";

// `text` is theirs, `html` what the server rendered and escaped. No text is lost: "Use theirs" gives mine back, too.
export function showBoth(form, { text, html }) {
  const field = form.querySelector("textarea"), { version } = form.elements, part = document.createElement("template");
  part.innerHTML = html;
  const box = part.content.firstElementChild, take = box.querySelector("[data-theirs]");
  form.querySelector(".conflict")?.remove();
  form.querySelector("[data-error]").after(box);
  let kept = null; // mine, while theirs is in the field
  take.addEventListener("click", () => {
    const mine = field.value;
    put(field, kept ?? text);
    kept = kept === null ? mine : null;
    take.textContent = kept === null ? "Use theirs" : "Put mine back";
    announce(kept === null ? "Your text is in the field." : "Their text is in the field. Save, or change it.");
  });
  // Who changes the text has seen theirs.
  field.addEventListener("input", () => { if (box.isConnected) version.value = take.dataset.theirs; });
  box.querySelector("button").focus();
}

// Replace the text so that the browser's own undo knows it.
function put(field, text) {
  field.focus();
  field.select();
  if (!document.execCommand("insertText", false, text)) field.setRangeText(text);
  field.dispatchEvent(new Event("input", { bubbles: true })); // for the draft and the preview
}
