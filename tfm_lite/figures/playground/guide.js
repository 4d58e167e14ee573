// Around the lanes: tasks to choose and to draw, the address, the same as code, missions and a tour.

const PREFIX = "#playground?";

// What the address says, as far as it says something that there is.
function readAddress(about) {
  const found = {}, { settings, methods, switches, kinds, most } = about;
  if (!location.hash.startsWith(PREFIX)) return found;
  const good = { tasks: (kind) => kinds.includes(kind) || /^own([0-9a-f]{4}[01]){4,200}$/.test(kind), methods: (name) => Object.hasOwn(methods, name), broken: (name) => switches.includes(name) };
  for (const [name, text] of new URLSearchParams(location.hash.slice(PREFIX.length))) {
    const parts = text ? text.split(",") : [];
    if (Object.hasOwn(good, name) && parts.every(good[name]) && (name === "broken" || (parts.length && parts.length <= most[name]))) found[name] = parts;
    const value = Object.hasOwn(settings, name) && settings[name].values.find((one) => String(one) === text);
    if (value !== undefined && value !== false) found[name] = value;
  }
  return found;
}

function addressOf({ state, opening }) {
  const changed = Object.entries(state).filter(([name, value]) => String(value) !== String(opening[name]));
  const text = changed.map(([name, value]) => `${name}=${value}`).join("&");
  return text ? PREFIX + text : location.pathname + location.search;
}

// The same run as code. The package draws the same points, starts and orders; it computes in single precision.
function codeOf({ about, state, protocol, setup }) {
  const say = (value) => JSON.stringify(value), decimal = (value) => (Number.isInteger(value) ? `${value}.0` : String(value));
  const options = {
    ewc: { lam: decimal(setup.lam) }, packnet: { prune: decimal(setup.prune) },
    hat: { regularization: decimal(setup.regularization), s_max: decimal(setup.steepest) },
    tfm: { grow: say(setup.grow), start: decimal(setup.start), ...(setup.fn ? {} : { norm: "None" }) },
  };
  const chosen = [...new Set(state.methods)].map((name) => {
    const inside = Object.entries(options[name] || {}).map(([option, value]) => `"${option}": ${value}`).join(", ");
    return `    "${name}": {${inside}},`;
  });
  const lost = state.broken.filter((name) => !/decay|momentum/.test(name));
  const note = state.broken.length ? ["# tfm_lite cannot be broken so: what must not change is no parameter there, and nothing of it moves."] : [];
  if (lost.length) note.push(`# Left out: ${lost.join(", ")}.`);
  const extra = `${protocol.momentum ? ", momentum=0.9" : ""}${protocol.decay ? ", weight_decay=0.01" : ""}`;
  return [
    ...about.imports, "", ...note,
    `points = tasks([${state.tasks.map(say).join(", ")}], seed=${state.seed})`,
    `build = Builder.of((Stage(${state.width}), Stage(${state.width})), tasks=points, seed=${state.seed}, dropout=0.0)`,
    `protocol = Protocol(epochs=${state.epochs}, batch=${state.batch}, lr=${state.lr}, patience=${state.epochs}, dropout=0.0${extra})`,
    "chosen = {", ...chosen, "}", "for name, options in chosen.items():",
    "    method = methods.get(name)(build, **options)", `    history = train.run(method, points, protocol=protocol, seed=${state.seed})`,
    "    print(name, [[round(100 * share, 1) for share in row] for row in history.matrix])", "",
  ].join("\n");
}

// A card for each task: which data set, earlier or later, away.
function showTasks(game) {
  const { state, about } = game, count = state.tasks.length;
  const inks = (game.inks = []);
  const set = (tasks) => {
    state.tasks = tasks;
    game.restart();
  };
  const cards = state.tasks.map((kind, t) => {
    const canvas = el("canvas", { width: 128, height: 128, role: "img", "aria-label": `the points of task ${t + 1}` });
    const menu = el("select", { "aria-label": `data set of task ${t + 1}` }, ...[...about.kinds, "own"].map((value) => el("option", { value, text: value === "own" ? "your own" : value })));
    menu.value = kind.startsWith("own") ? "own" : kind;
    menu.addEventListener("change", () => set(state.tasks.with(t, menu.value === "own" ? OWN : menu.value)));
    const small = (text, title, hidden, work) => button(text, work, { "aria-label": `task ${t + 1} ${title}`, title, hidden });
    const swap = (with_) => set(state.tasks.map((one, k) => (k === t ? state.tasks[with_] : k === with_ ? kind : one)));
    const buttons = el("span", {}, small("◀", "earlier", t === 0, () => swap(t - 1)), small("▶", "later", t === count - 1, () => swap(t + 1)),
      small("+", "once more at the end", count >= about.most.tasks, () => set([...state.tasks, kind])),
      small("×", "away", count === 1, () => set(state.tasks.filter((_, k) => k !== t))));
    inks.push(() => {
      const context = canvas.getContext("2d");
      context.clearRect(0, 0, 128, 128);
      dots(context, game.tasks[t].points.slice(0, 100), 128, rgb(canvas, "--fg"));
    });
    requestAnimationFrame(inks.at(-1));
    return el("div", { class: "card" }, el("b", { text: `Task ${t + 1}` }), canvas, menu, buttons);
  });
  game.part("tasks").replaceChildren(...cards);
  const own = state.tasks.findIndex((kind) => kind.startsWith("own"));
  game.editor = own < 0 ? null : new Editor(game, own);
  game.part("own").replaceChildren(...(game.editor ? [game.editor.root] : []));
  if (game.editor) inks.push(() => game.editor.show());
}

const OWN = "own402004060060800a04008030080a01c0d01d0a0190c01a0801";

// Points of one's own: a click sets one, the arrow keys move a cross that Enter leaves a point at.
class Editor {
  constructor(game, t) {
    Object.assign(this, { game, t, points: pointsOf(game.state.tasks[t], 0), at: [128, 128], second: Editor.second || false });
    this.canvas = el("canvas", { width: 256, height: 256, tabindex: 0, role: "application", "data-editor": true, "aria-label": "Draw points: arrow keys move the cross, Enter sets a point, C changes the class, Backspace takes one away" });
    this.canvas.addEventListener("pointerdown", (event) => {
      const box = this.canvas.getBoundingClientRect();
      this.add([((event.clientX - box.left) / box.width) * 256, ((event.clientY - box.top) / box.height) * 256]);
    });
    this.which = button("", () => this.turn());
    this.said = el("span", { "aria-live": "polite" });
    this.root = el("div", { class: "editor" }, this.canvas, el("p", { text: `Task ${t + 1} is yours: click where its points are.` }), this.which,
      button("take the last away", () => this.key("Backspace")), button("begin afresh", () => (this.points = [], this.show())), button("learn these", () => this.give()), this.said);
    this.show();
  }

  turn() {
    Editor.second = this.second = !this.second;
    this.show();
  }

  add([x, y]) {
    if (this.points.length < 200) this.points.push([...[x, y].map((v) => Math.min(255, Math.max(0, Math.round(v)))), Number(this.second)]);
    this.show();
  }

  key(key) {
    const by = { ArrowLeft: [-8, 0], ArrowRight: [8, 0], ArrowUp: [0, -8], ArrowDown: [0, 8] }[key];
    if (by) this.at = this.at.map((v, k) => Math.min(255, Math.max(0, v + by[k])));
    else if (key === "Enter" || key === " ") this.add(this.at);
    else if (key === "c") this.turn();
    else if (key === "Backspace") this.points.pop();
    else return false;
    this.show();
    return true;
  }

  show() {
    this.which.textContent = `now: ${this.second ? "filled" : "hollow"} points`;
    requestAnimationFrame(() => {
      const context = this.canvas.getContext("2d"), ink = rgb(this.canvas, "--fg");
      context.clearRect(0, 0, 256, 256);
      dots(context, this.points, 256, ink);
      const [x, y] = this.at;
      context.strokeRect(x - 5, y, 10, 0.1);
      context.strokeRect(x, y - 5, 0.1, 10);
    });
  }

  give() {
    const both = new Set(this.points.map((p) => p[2])).size === 2;
    if (this.points.length < 4 || !both) {
      this.said.textContent = "Set at least four points, of both classes.";
      return;
    }
    const digits = (v) => v.toString(16).padStart(2, "0");
    this.game.state.tasks = this.game.state.tasks.with(this.t, `own${this.points.map(([x, y, c]) => digits(x) + digits(y) + c).join("")}`);
    this.game.restart();
  }
}

// Missions: each says by itself when it is done.
function missionsOf(game) {
  const over = (name) => game.lanes.find((lane) => lane.name === name && lane.done);
  const lost = (lane) => lane.rows[0][0] - lane.rows.at(-1)[0];
  const room = (method) => method.free() / method.layers.reduce((sum, { W }) => sum + W.length, 0);
  const whole = (lane) => lane.changed(0).changed === 0;
  const all = [
    () => over("finetune") && game.tasks.length > 2 && lost(over("finetune")) >= 0.2,
    () => over("tfm") && !whole(over("tfm")),
    () => over("packnet") && game.tasks.length > 2 && room(over("packnet").method) < 0.05 && over("packnet").rows.at(-1).at(-1) < 0.9 && whole(over("packnet")),
  ];
  return all.map((done, k) => {
    const mark = el("b", { text: "open: " }), item = el("li", { "aria-live": "polite" }, mark, game.about.missions[k]);
    const look = () => {
      if (!done() || item.classList.contains("done")) return;
      item.classList.add("done");
      mark.textContent = "done: ";
    };
    return { item, look };
  });
}

// A few sentences, each beside the part that it is about.
class Tour {
  constructor(game) {
    Object.assign(this, { game, stops: game.about.tour });
  }

  go(at) {
    const { game, stops } = this, box = game.part("tour");
    game.root.querySelectorAll(".toured").forEach((part) => part.classList.remove("toured"));
    box.replaceChildren();
    box.hidden = !(at in stops);
    if (box.hidden) return game.root.querySelector("[data-action=tour]").focus();
    const [name, text] = stops[at], last = at === stops.length - 1;
    game.part(name).classList.add("toured");
    const next = button(last ? "Done" : "Next", () => this.go(at + 1)), end = button("End the tour", () => this.go(-1), { hidden: last });
    box.append(el("p", { "aria-live": "polite", text: `${at + 1} of ${stops.length}. ${text}` }), next, end);
    next.focus();
  }
}
