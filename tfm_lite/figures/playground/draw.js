// What is seen: the regions of a task, the network, the accuracy matrix. Nothing here learns.

const SIDE = 40; // pixels of a region, along each side
const GRID = Floats.from({ length: 2 * SIDE * SIDE }, (_, j) => {
  const pixel = j >> 1, at = j % 2 ? Math.floor(pixel / SIDE) : pixel % SIDE;
  return seen(((at + 0.5) * 256) / SIDE);
});

// An element: el("p", {class: "words", text: "..."}, ...children). SVG below an svg.
function el(tag, attributes = {}, ...children) {
  const svg = /^(svg|g|line|circle|text)$/.test(tag);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") made.textContent = value;
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function button(text, work, more = {}) {
  const made = el("button", { type: "button", text, ...more });
  made.addEventListener("click", work);
  return made;
}

const percent = (share) => `${Math.round(100 * share)} %`;
const spaced = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
const inBytes = (count) => `${spaced(count)} bytes`;

function rgb(element, name) {
  const probe = getComputedStyle(element).getPropertyValue(name).trim();
  const hex = probe.length === 4 ? probe.replace(/([0-9a-f])/gi, "$1$1") : probe;
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

// The answers of a network for every pixel, or what one unit makes of it.
function picture(method, t, probe) {
  const net = method.net(t), n = SIDE * SIDE;
  if (!probe) return logits(net, GRID, n, t);
  const at = method.place(probe.k, probe.u, t), layer = net.layers[probe.k];
  if (at < 0) return null;
  const h = features(net, GRID, n)[probe.k].h;
  return Floats.from({ length: n }, (_, r) => h[r * layer.outputs + at]);
}

// Which pixels are no longer the same number to the last bit, and how many have gone over to the other class.
function changes(now, then) {
  let changed = 0, flipped = 0;
  for (let r = 0; r < now.length; r += 2) {
    changed += now[r] !== then[r] || now[r + 1] !== then[r + 1];
    flipped += now[r + 1] > now[r] !== then[r + 1] > then[r];
  }
  return { changed, flipped };
}

// A region: the darker, the surer of the second class; in the colour of loss what was otherwise when the task was learned.
function paint(canvas, values, then, points, probe, [ink, lost]) {
  const side = canvas.width, context = canvas.getContext("2d"), small = document.createElement("canvas");
  small.width = small.height = SIDE;
  const image = small.getContext("2d").createImageData(SIDE, SIDE);
  const top = probe && values ? Math.max(1e-9, ...values) : 1;
  for (let r = 0; values && r < SIDE * SIDE; r++) {
    const share = probe ? values[r] / top : 1 / (1 + Math.exp(values[2 * r] - values[2 * r + 1]));
    const flipped = !probe && then && share > 0.5 !== then[2 * r + 1] > then[2 * r];
    image.data.set([...(flipped ? lost : ink), flipped ? 150 : Math.round(115 * share)], 4 * r);
  }
  small.getContext("2d").putImageData(image, 0, 0);
  context.clearRect(0, 0, side, side);
  context.drawImage(small, 0, 0, side, side);
  dots(context, points, side, ink);
}

function dots(context, points, side, ink) {
  context.strokeStyle = context.fillStyle = `rgb(${ink})`;
  context.lineWidth = side / 130;
  for (const [x, y, c] of points) {
    context.beginPath();
    context.arc((x / 256) * side, (y / 256) * side, side / 75, 0, 7);
    c ? context.fill() : context.stroke();
  }
}

// The network as SVG: its weights and units are made once and coloured anew by `colour`.
const LAYERS = { left: 26, wide: 300, high: 190 };

function networkOf(method) {
  const columns = [2, ...method.units, CLASSES], { left, wide, high } = LAYERS;
  const x = (k) => left + (k * (wide - 2 * left)) / (columns.length - 1);
  const step = Math.min(22, (high - 16) / Math.max(...columns)), radius = Math.min(6.5, 0.4 * step);
  const y = (k, u) => high / 2 + (u - (columns[k] - 1) / 2) * step;
  const svg = el("svg", { viewBox: `0 0 ${wide} ${high}`, tabindex: 0, role: "group" });
  for (let k = 0; k < columns.length - 1; k++) {
    for (let o = 0; o < columns[k + 1]; o++) {
      for (let i = 0; i < columns[k]; i++) {
        svg.append(el("line", { x1: x(k), y1: y(k, i), x2: x(k + 1), y2: y(k + 1, o), "data-weight": `${k}.${o}.${i}` }));
      }
    }
  }
  columns.forEach((n, k) => {
    for (let u = 0; u < n; u++) svg.append(el("circle", { cx: x(k), cy: y(k, u), r: radius, "data-unit": `${k - 1}.${u}` }));
  });
  return svg;
}

// A weight of the drawing, heads included: null where there is none, as between the parts of binary masks.
function weightAt(method, k, o, i, t) {
  if (k < method.units.length) return method.weight(k, o, i, t);
  const head = method.heads[t], at = method.place(k - 1, i, t);
  if (!head || at < 0) return null;
  return { value: head.W[o * head.inputs + at], owner: t, learns: method.learned <= t, used: true };
}

function colour(svg, method, t, tasks) {
  for (const line of svg.querySelectorAll("line")) {
    const found = weightAt(method, ...line.dataset.weight.split(".").map(Number), t);
    const shown = found && found.owner >= 0 && found.used;
    line.style.stroke = shown ? tasks[found.owner] : "var(--line)";
    line.style.strokeWidth = shown ? Math.min(4, 0.4 + 1.6 * Math.abs(found.value)) : 0.5;
    line.style.opacity = !found ? 0 : shown ? Math.min(1, 0.25 + Math.abs(found.value)) : 0.13;
  }
  for (const unit of svg.querySelectorAll("circle")) {
    const [k, u] = unit.dataset.unit.split(".").map(Number);
    const state = k < 0 ? "plain" : k < method.units.length ? method.state(k, u, t) : method.learned > t ? "forward-only" : "normal";
    unit.setAttribute("class", state);
  }
}

// What a weight is, in words.
function aboutWeight(method, k, o, i, t) {
  const found = weightAt(method, k, o, i, t), from = k ? `unit ${i + 1} of layer ${k}` : `input ${i ? "y" : "x"}`;
  const to = k < method.units.length ? `unit ${o + 1} of layer ${k + 1}` : `class ${o + 1} of the head`;
  const words = `The weight from ${from} to ${to}`;
  if (!found) return `${words}: there is none for task ${t + 1}.`;
  const owner = found.owner < 0 ? "nobody's" : `task ${found.owner + 1}'s`;
  let text = `${words}: ${found.value.toFixed(3)}, ${owner}; ${found.used ? "used" : "not used"} by task ${t + 1}, `;
  text += found.learns ? "may learn now" : "may not learn now";
  const below = method.place(k - 1, i, t), at = k < method.units.length ? method.place(k, o, t) : o;
  const layer = method.last && (method.last.layers[k] || method.last.heads[t]);
  if (found.learns && layer && at >= 0 && (!k || below >= 0)) {
    const pull = layer.W[at * (layer.W.length / layer.b.length) + (k ? below : i)];
    if (pull !== undefined) text += `, its gradient is ${pull.toPrecision(2)}`;
  }
  return `${text}.`;
}

function aboutUnit(method, k, u, t) {
  if (k < 0) return `Input ${u ? "y" : "x"}: the ${u ? "height" : "width"} of a point.`;
  if (k >= method.units.length) return `Class ${u + 1} of the head of task ${t + 1}.`;
  return `Unit ${u + 1} of layer ${k + 1} is ${method.state(k, u, t)} for task ${t + 1}. The squares show where it answers.`;
}

// The accuracy matrix: a row per task learned, a column per task tested.
function matrixOf(rows, count) {
  const head = el("tr", {}, el("td", { text: "after" }));
  for (let s = 0; s < count; s++) head.append(el("th", { scope: "col", text: `task ${s + 1}` }));
  const table = el("table", { class: "matrix" }, el("caption", { text: "Right, in per cent" }), head);
  for (let t = 0; t < count; t++) {
    const line = el("tr", {}, el("th", { scope: "row", text: `task ${t + 1}` }));
    for (let s = 0; s < count; s++) {
      const value = rows[t] && rows[t][s];
      line.append(el("td", value === undefined ? {} : { text: Math.round(100 * value), style: `--share:${value}` }));
    }
    table.append(line);
  }
  return table;
}
