"use strict";
// Swagger UI is dark by a class; this one follows the theme of the site, and the system where that is the theme.
(() => {
  const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => root.classList.toggle("dark-mode", root.dataset.theme === "dark" || (root.dataset.theme === "system" && system.matches));
  system.addEventListener("change", follow);
  follow();
})();
