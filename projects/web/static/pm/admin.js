"use strict";
// The names that a screen reader needs, where Django's widgets have none: of a chooser it is its label, with what is
// chosen; a sign with a name is a picture. Django makes the choosers from jQuery's queue, the signs on load: before this.
(window.django?.jQuery ?? ((run) => run()))(() => {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const label = document.querySelector(`label[for="${select.id}"]`);
    const shown = select.parentElement.querySelector(".select2-selection__rendered");
    if (!label || !shown) continue;
    label.id ||= `${select.id}_label`;
    shown.setAttribute("aria-labelledby", label.id);
    shown.closest(".select2-selection").setAttribute("aria-labelledby", `${label.id} ${shown.id}`);
  }
  document.getElementById("searchbar")?.setAttribute("aria-label", "Search");
});
window.addEventListener("load", () => {
  for (const sign of document.querySelectorAll(".help-tooltip[aria-label]")) sign.setAttribute("role", "img");
});
