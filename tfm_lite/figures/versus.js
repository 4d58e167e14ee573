// Two methods side by side: two menus choose them. Listens on the window, before all others, as sortable.js does.
if (!window.tfmVersus) {
  window.tfmVersus = true;
  const sign = (points) => (points.toFixed(1).match(/^-?0\.0$/) ? "0.0" : (points < 0 ? "\u2212" : "+") + Math.abs(points).toFixed(1));

  function show(box) {
    const data = JSON.parse(box.querySelector("script[type='application/json']").textContent);
    const [one, other] = [...box.querySelectorAll("select")].map((menu, slot) => {
      const picture = box.querySelector(`[data-method="${menu.value}"]`).cloneNode(true);
      picture.removeAttribute("data-method");
      box.querySelectorAll("[data-slot]")[slot].replaceChildren(picture);
      return data[Number(menu.value)];
    });
    const seeds = Object.keys(one.seeds).filter((seed) => seed in other.seeds);
    const points = seeds.map((seed) => one.seeds[seed] - other.seeds[seed]);
    let text = `${one.name} ${one.average.toFixed(1)} %, ${other.name} ${other.average.toFixed(1)} %.`;
    if (points.length) {
      const mean = points.reduce((a, b) => a + b) / points.length;
      text += ` Left less right, seed by seed: ${points.map(sign).join(", ")}; mean ${sign(mean)} points.`;
    }
    box.querySelector("[aria-live]").textContent = text;
  }

  window.addEventListener("input", (event) => {
    const box = event.target.closest && event.target.closest(".tfm-versus");
    if (!box) return;
    event.stopPropagation();
    show(box);
  }, true);
  window.addEventListener("keydown", (event) => {
    const inside = event.target.closest && event.target.closest(".tfm-versus select");
    if (inside && /^(Arrow|Home|End|Page|Enter| )/.test(event.key)) event.stopPropagation();
  }, true);
}
