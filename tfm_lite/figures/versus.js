// Two methods side by side: two menus choose them. Listens on the window, before all others, as sortable.js does.
if (!window.tfmVersus) {
  window.tfmVersus = true;
  // As Python rounds: of the ties that there are, .25 and .75, to the even digit.
  const fixed = (value) => (value % 1 === 0.25 ? Math.floor(value) + 0.2 : value).toFixed(1);
  const sign = (points) => (fixed(Math.abs(points)) === "0.0" ? "0.0" : (points < 0 ? "\u2212" : "+") + fixed(Math.abs(points)));

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
    let text = `${one.name} ${fixed(one.average)} %, ${other.name} ${fixed(other.average)} %.`;
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
