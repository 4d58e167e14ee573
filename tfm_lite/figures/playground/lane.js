// A lane: one method, what it has learned so far, and what of it is seen.

class Lane {
  constructor(game, name) {
    Object.assign(this, { game, name, probe: null });
    const { methods } = game.about;
    this.select = el("select", { "aria-label": "method" }, ...Object.entries(methods).map(([value, text]) => el("option", { value, text })));
    this.select.value = name;
    this.select.addEventListener("change", () => game.exchange(this, this.select.value));
    this.away = button("×", () => game.exchange(this, null), { "aria-label": `without ${methods[name]}`, title: "remove this method" });
    this.regions = el("div", { class: "regions" });
    this.summary = el("p", { class: "summary" });
    this.said = el("p", { class: "said", "aria-live": "polite" });
    this.graph = el("div", { class: "graph", "data-name": methods[name] });
    this.table = el("div", { class: "scores" });
    this.root = el("div", { class: "lane", role: "region", "aria-label": methods[name] },
      el("header", {}, this.select, this.away), this.regions, this.summary, el("div", { class: "below" }, this.graph, this.table), this.said);
  }

  // From the start: the same initial weights and points for every lane.
  restart() {
    const { game } = this, { setup, broken, tasks, protocol } = game;
    Object.assign(this, { rows: [], kept: [], waiting: false, done: false, viewed: null, probe: null, status: null });
    this.method = new METHODS[this.name](setup, broken);
    this.training = learn(this.method, tasks, protocol);
    this.advance(0);
    this.canvases = tasks.map((task) => {
      const canvas = el("canvas", { width: 200, height: 200, role: "img" });
      const word = el("span"), square = button("", () => this.view(task.index), { class: "region" });
      const name = el("b", { text: `task ${task.index + 1}` });
      name.style.borderColor = game.about.colours[task.index]; // the key to the network's lines
      square.append(name, canvas, word);
      return { canvas, word, square };
    });
    this.regions.replaceChildren(...this.canvases.map(({ square }) => square));
    this.svg = networkOf(this.method);
    this.graph.replaceChildren(this.svg);
    this.svg.addEventListener("pointerover", ({ target }) => this.point(target));
    this.svg.addEventListener("pointerleave", () => this.point(null));
    this.svg.addEventListener("focus", () => this.svg.matches(":focus-visible") && this.point(this.svg.querySelector('[data-unit="0.0"]')));
    this.svg.addEventListener("blur", () => this.point(null));
    this.said.textContent = "";
    this.draw(true);
  }

  // The task whose network is shown: the one being learned, unless another was chosen.
  get shown() {
    return this.viewed ?? this.now;
  }

  get now() {
    return Math.min(this.game.tasks.length - 1, this.waiting || this.done ? Math.max(0, this.rows.length - 1) : this.rows.length);
  }

  view(t) {
    this.viewed = this.viewed === t || !this.method.heads[t] ? null : t;
    this.draw(true);
  }

  // So many steps; the first call of all only begins. It waits at the end of a task, for the other lanes.
  advance(steps) {
    if (steps === 0) this.event = this.training.next().value; // the first step makes the network of task 1
    for (let i = 0; i < steps && !this.waiting && !this.done; i++) {
      const { value, done } = this.training.next();
      if (done) this.done = true;
      else this.take(value);
    }
  }

  take(event) {
    this.event = event;
    if (event.kind !== "task") return;
    this.rows.push(event.row);
    this.kept[event.t] = picture(this.method, event.t);
    this.waiting = true;
    if (event.t === this.game.tasks.length - 1) this.done = true;
  }

  // The next task begins: one step, so that its network is there to be seen.
  go() {
    if (!this.waiting || this.done) return;
    this.waiting = false;
    this.advance(1);
  }

  changed(t) {
    if (!this.kept[t]) return null;
    return changes(picture(this.method, t), this.kept[t]);
  }

  accuracy(t) {
    return evaluate(this.method, this.game.tasks[t], "test").accuracy;
  }

  draw(all) {
    const { tasks, about } = this.game, { method } = this, inks = ["--fg", "--lost"].map((name) => rgb(this.root, name));
    this.canvases.forEach(({ canvas, word, square }, t) => {
      const begun = method.heads[t] !== undefined && (!method.nets || method.nets[t]);
      if (!all && t !== this.now && t !== this.game.turn % tasks.length) return;
      const values = begun ? picture(method, t, this.probe) : null, points = tasks[t].points.slice(0, 100);
      paint(canvas, values, this.kept[t], points, this.probe, inks);
      const now = begun ? this.accuracy(t) : null, then = this.rows[t] && this.rows[t][t];
      word.textContent = begun ? percent(now) + (then !== undefined && then !== now ? `, was ${percent(then)}` : "") : "not yet";
      canvas.setAttribute("aria-label", `task ${t + 1}, ${tasks[t].kind.slice(0, 7)}: ${word.textContent}`);
      square.setAttribute("aria-pressed", this.viewed === t);
      square.classList.toggle("now", t === this.now && !this.done);
    });
    if (!all && this.game.turn % 6) return;
    this.summary.replaceChildren(el("b", { text: this.headline() }), this.words());
    colour(this.svg, method, this.shown, about.colours);
    this.svg.setAttribute("aria-label", `The network as task ${this.shown + 1} uses it. Arrow keys go from unit to unit, Enter through a unit's weights.`);
    if (all) this.table.replaceChildren(matrixOf(this.rows, tasks.length));
    if (this.aim) this.tell();
  }

  // Of the first task, once another is learned: how much of its picture is no longer what it was.
  headline() {
    const first = this.rows.length > 1 || (this.rows.length && !this.waiting) ? this.changed(0) : null;
    if (!first) return "";
    const more = ` of ${spaced(SIDE * SIDE)}, ${spaced(first.flipped)} to the other class`;
    return `Pixels of task 1 that changed: ${spaced(first.changed)}${first.changed ? more : ""}.`;
  }

  words() {
    const { method } = this, parts = [];
    if (method.free) parts.push(`Free weights: ${method.free()} of ${method.layers.reduce((sum, { W }) => sum + W.length, 0)}.`);
    if (this.name === "tfm") parts.push(`Units: ${method.layers.map(({ b }) => b.length).join(" and ")} of ${method.widths.join(" and ")}.`);
    const kept = Object.entries(method.storage()).filter(([, size]) => size);
    const total = kept.reduce((sum, [, size]) => sum + size, 0), rest = kept.filter(([role]) => !/weights|heads/.test(role));
    const own = rest.map(([role, size]) => `${role === "norm" ? "feature normalization" : role} ${spaced(size)}`).join(", ");
    parts.push(`Kept: ${inBytes(total)}${own ? `, of them ${own}` : ""}${this.name === "joint" ? ", and all old points" : ""}.`);
    return parts.join(" ");
  }

  // A unit or a weight is pointed at, by mouse or by key.
  point(target) {
    const { unit, weight } = (target && target.dataset) || {};
    for (const old of this.svg.querySelectorAll(".aim")) old.classList.remove("aim");
    const [k, u] = unit ? unit.split(".").map(Number) : [];
    this.aim = unit || weight ? target : null;
    const probe = unit && k >= 0 && k < this.method.units.length ? { k, u } : null, same = !probe && !this.probe;
    this.probe = probe;
    if (!same) this.draw(true);
    if (this.aim) this.tell();
    else this.said.textContent = "";
  }

  tell() {
    const { unit, weight } = this.aim.dataset, t = this.shown;
    this.aim.classList.add("aim");
    const about = unit ? aboutUnit : aboutWeight;
    const text = about(this.method, ...(unit || weight).split(".").map(Number), t);
    if (this.said.textContent !== text) this.said.textContent = text;
  }

  // Arrow keys on the network; whether the key was one of its own.
  key(key) {
    const columns = [2, ...this.method.units, CLASSES];
    let [k, u] = (this.aim && this.aim.dataset.unit ? this.aim.dataset.unit : this.last || "0.0").split(".").map(Number);
    if (key === "Enter" || key === " ") {
      if (k < 0) return true;
      this.through = ((this.through ?? -1) + 1) % columns[k];
      this.last = `${k}.${u}`;
      this.point(this.svg.querySelector(`[data-weight="${k}.${u}.${this.through}"]`));
      return true;
    }
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    if (!by) return false;
    k = Math.min(columns.length - 2, Math.max(-1, k + by[0]));
    u = Math.min(columns[k + 1] - 1, Math.max(0, u + by[1]));
    this.through = undefined;
    this.last = `${k}.${u}`;
    this.point(this.svg.querySelector(`[data-unit="${k}.${u}"]`));
    return true;
  }
}
