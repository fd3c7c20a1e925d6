"use strict";
// Accessible names that Django's widgets lack: a chooser is named by its label and its selection; labelled icons get
// the role "img". Django builds choosers from jQuery's ready queue and icons on load, so these handlers run after it.
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
