// The theme and the state of the sidebar. pm.js loads this when one is chosen.

import { all, remember } from "./pm.js";

// The theme and the state of the sidebar are shown at once; a cookie tells the server for the next page.
export function setLook(form, name, value) {
  document.documentElement.dataset[name] = value;
  remember(name, value);
  for (const button of all("[name=theme]", form)) button.setAttribute("aria-pressed", button.value === value);
  for (const button of all("[name=sidebar]", form)) {
    button.setAttribute("aria-expanded", value === "open");
    button.value = value === "open" ? "folded" : "open";
  }
}
