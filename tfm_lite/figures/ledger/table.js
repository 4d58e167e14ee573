// The ledger: two rows of buttons choose which claims are shown, and an address that ends in #claim-NAME opens that one. One
// set of listeners for the page, on the window and before all others, so that outputs which are run again keep working.
if (!window.tfmLedger) {
  window.tfmLedger = true;

  function show(box) {
    const chosen = {};
    for (const button of box.querySelectorAll("[data-filter]:checked")) chosen[button.dataset.filter] = button.value;
    const rows = [...box.querySelectorAll("tr[data-claim]")];
    for (const row of rows) {
      row.hidden = Object.entries(chosen).some(([name, value]) => value !== "all" && row.dataset[name] !== value);
    }
    const count = rows.filter((row) => !row.hidden).length;
    box.querySelector("[aria-live]").textContent = `${count} of ${rows.length} claims`;
  }

  function open() {
    const name = decodeURIComponent(location.hash).replace("#claim-", "");
    const row = [...document.querySelectorAll(".tfm-ledger tr[data-claim]")].find((one) => one.dataset.claim === name);
    if (!row) return;
    const box = row.closest(".tfm-ledger");
    for (const all of box.querySelectorAll("[data-filter][value=all]")) all.checked = true;
    show(box);
    for (const other of box.querySelectorAll(".tfm-here")) other.classList.remove("tfm-here");
    row.classList.add("tfm-here");
    row.querySelector("details").open = true;
    row.querySelector("summary").focus({preventScroll: true});
    row.scrollIntoView({block: "center"});
  }

  window.addEventListener("input", (event) => {
    const box = event.target.closest && event.target.closest(".tfm-ledger");
    if (!box) return;
    event.stopPropagation();
    show(box);
  }, true);
  window.addEventListener("keydown", (event) => {
    const inside = event.target.closest && event.target.closest(".tfm-ledger :is(input, summary)");
    if (inside && /^(Arrow|Enter| )/.test(event.key)) event.stopPropagation(); // not for a notebook's command mode
  }, true);
  window.addEventListener("hashchange", open);
  window.addEventListener("load", () => {
    open();
    if (document.querySelector("article.bd-article")) return;
    for (const link of document.querySelectorAll(".tfm-ledger a[href*='.html#']")) { // beside a notebook lie notebooks
      link.setAttribute("href", link.getAttribute("href").replace(/\.html#.*/, ".ipynb"));
    }
  });
}
