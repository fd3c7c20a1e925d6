// Show on the buttons what was chosen for the theme or the sidebar. pm.js loads this with the first choice.

import { all } from "./pm.js";

export function press(form, name, value) {
  if (name === "theme") for (const button of all("[name=theme]", form)) button.setAttribute("aria-pressed", button.value === value);
  for (const button of all("[name=sidebar]", form)) {
    button.setAttribute("aria-expanded", value === "open");
    button.value = value === "open" ? "folded" : "open";
  }
}
