// A page that its reader prints is printed with all that is folded, and dark on white, whatever it was on the screen.
const beforePrinting = {};
window.addEventListener("beforeprint", () => {
  beforePrinting.theme = document.documentElement.dataset.theme;
  beforePrinting.folded = [...document.querySelectorAll("article details:not([open])")];
  document.documentElement.dataset.theme = "light";
  for (const folded of beforePrinting.folded) folded.open = true;
});
window.addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = beforePrinting.theme;
  for (const folded of beforePrinting.folded) folded.open = false;
});
