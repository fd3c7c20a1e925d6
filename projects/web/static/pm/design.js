// The buttons of /design/ that show messages, by the module that the pages use.

import { toast } from "./toast.js";

addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-say]");
  if (button) toast(button.dataset.say, button.dataset.undoUrl ?? "");
});
