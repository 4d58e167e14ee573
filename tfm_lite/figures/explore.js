// One set of listeners for the whole page and nothing to start per figure, so that outputs which are run again, cloned or
// moved keep working. Each figure carries this script; only the first one counts.
if (!window.tfmFigures) {
  window.tfmFigures = true;
  const all = (root, selector) => [...root.querySelectorAll(selector)];

  // What one row's slider, buttons or menu have chosen, counted from 0.
  const chosen = (row) => Number(row.querySelector("select, input[type=range], input:checked").value);

  function show(figure) {
    let k = 0; // which frame: the last control moves fastest
    for (const row of all(figure, "[data-labels]")) {
      const labels = JSON.parse(row.dataset.labels), label = labels[chosen(row)];
      k = k * labels.length + chosen(row);
      const slider = row.querySelector("input[type=range]");
      if (!slider) continue;
      slider.setAttribute("aria-valuetext", label);
      row.querySelector("output").textContent = label;
    }
    const data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    const picture = figure.querySelector("[role=img]");
    picture.setAttribute("aria-label", data.alt[k]);
    for (const frame of all(picture, "[data-frame]")) frame.hidden = Number(frame.dataset.frame) !== k;
    (data.names || []).forEach((name, i) => {
      const element = picture.querySelector(`[data-name="${name}"]`), value = data.values[data.frames[k][i]];
      if (element.tagName === "text") element.textContent = value;
      else element.setAttribute("class", value);
    });
    figure.dataset.shown = k;
  }

  function play(figure, on) {
    const button = figure.querySelector("button"), slider = figure.querySelector("input[type=range]");
    clearInterval(figure.timer);
    figure.timer = 0;
    button.textContent = on ? "\u23F8" : "\u25B6";
    button.setAttribute("aria-label", on ? "Pause" : "Play");
    if (!on) return;
    const step = () => {
      if (!figure.isConnected) return play(figure, false);
      const next = Number(slider.value) + 1;
      slider.value = next > Number(slider.max) ? 0 : next;
      show(figure);
      if (Number(slider.value) === Number(slider.max)) play(figure, false);
    };
    figure.timer = setInterval(step, Number(button.dataset.milliseconds));
    step();
  }

  const within = (event, selector) =>
    event.target.closest && event.target.closest(selector) && event.target.closest(".tfm");
  document.addEventListener("input", (event) => {
    const figure = within(event, ".tfm :is(input, select)");
    if (figure) show(figure);
  });
  document.addEventListener("pointerdown", (event) => {
    const figure = within(event, ".tfm input");
    if (figure && figure.timer) play(figure, false);
  });
  document.addEventListener("click", (event) => {
    const figure = within(event, ".tfm button");
    if (figure) play(figure, !figure.timer);
  });
  // A notebook's command mode takes the arrow keys for itself unless they are stopped before it sees them.
  window.addEventListener("keydown", (event) => {
    const keys = within(event, ".tfm :is(input, select)") ? /^(Arrow|Home|End|Page)/ : within(event, ".tfm button") ? /^(Enter| )$/ : null;
    if (keys && keys.test(event.key)) event.stopPropagation();
  }, true);
}
