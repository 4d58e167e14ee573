// Tables that a click on a column's name sorts. One pair of listeners for the page, on the window and before all others, so
// that outputs which are run again or moved keep working, and no other script takes these buttons for its own.
if (!window.tfmSortable) {
  window.tfmSortable = true;
  const found = (event) => event.target.closest && event.target.closest(".tfm-sortable thead button");

  function sort(head) {
    const table = head.closest("table"), column = head.cellIndex, now = head.getAttribute("aria-sort");
    const way = now ? (now === "ascending" ? "descending" : "ascending") : head.dataset.first;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", way);
    const sign = way === "ascending" ? 1 : -1, key = (row) => row.cells[column].dataset.value;
    const compare = (a, b) => (isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b);
    const rows = [...table.tBodies[0].rows].sort((one, other) => {
      const a = key(one), b = key(other);
      return a === "" || b === "" ? (a === "") - (b === "") : sign * compare(a, b); // what has no value stands last
    });
    table.tBodies[0].append(...rows);
  }

  window.addEventListener("click", (event) => {
    const button = found(event);
    if (!button) return;
    event.stopPropagation();
    sort(button.closest("th"));
  }, true);
  window.addEventListener("keydown", (event) => {
    if (found(event) && /^(Enter| )$/.test(event.key)) event.stopPropagation(); // not for a notebook's command mode
  }, true);
}
