// The methods, each as its file in tfm_lite/methods has it, and what the page asks of them: who owns a weight, whether it may
// learn, in which state a unit is. The base class is fine-tuning.

// Half to even, as Python rounds.
function rounded(value) {
  const low = Math.floor(value), rest = value - low;
  return rest === 0.5 ? low + (low % 2) : Math.round(value);
}

// nn.stages.initial: variance 1 / fan-in, in single precision.
function initial(random, rows, columns, fan = columns) {
  const by = Math.fround(Math.sqrt(1 / Math.max(1, fan)));
  return random.normal(rows * columns).map((value) => Math.fround(value * by));
}

// Ones where `may` says so.
function maskOf(layer, may) {
  return Uint8Array.from({ length: layer.W.length }, (_, j) => may(Math.floor(j / layer.inputs), j % layer.inputs));
}

// Options that a setup leaves out: those of the package.
const DEFAULTS = {
  lam: 250, prune: 0.75, regularization: 0.75, steepest: 400, start: 0.55, grow: "search", margin: 0.015, fn: true,
};
const NONE = (values) => new Uint8Array(values.length);
const fill = (n, value) => new Floats(n).fill(value);

class Finetune {
  // `setup` is {widths, tasks, seed} and the method's own options; `broken` are the page's switches.
  constructor(setup, broken = {}) {
    setup = { ...DEFAULTS, ...setup };
    Object.assign(this, { setup, broken, widths: setup.widths, heads: [], learned: 0, velocities: new WeakMap() });
    this.start();
  }

  start() {
    this.layers = this.made(this.widths);
  }

  // Layers at their initial weights: the same for every method and task.
  made(widths) {
    return widths.map((outputs, k) => {
      const layer = layerOf(k ? widths[k - 1] : 2, outputs);
      layer.W = initial(stream(this.setup.seed, "weights", `stage ${k + 1}`, 0), outputs, layer.inputs);
      if (this.broken.norm) layer.norm = { mean: fill(outputs, 0), variance: fill(outputs, 1) };
      return layer;
    });
  }

  addHead(t, inputs = this.widths.at(-1)) {
    this.heads[t] = layerOf(inputs, CLASSES);
    this.heads[t].W = initial(stream(this.setup.seed, "head", t), CLASSES, inputs);
  }

  beforeTask(t) {
    this.addHead(t);
  }

  *learn(task, fit) {
    yield* fit();
  }

  afterTask() {}
  beforeBatch() {}
  afterBackward() {}
  afterStep() {}

  // The rest of the loss; with G its gradient is added.
  penalty() {
    return 0;
  }

  // What task t uses.
  net(t) {
    return { layers: this.layers, heads: this.heads };
  }

  // The running statistics of batch normalization, which go with the best weights.
  running(t) {
    return this.net(t, true).layers.flatMap(({ norm }) => (norm ? [norm.mean, norm.variance] : []));
  }

  // Which weights and biases of a layer learn at task t: null for all.
  learns() {
    return { W: null, b: null };
  }

  // The same after what the page's switches let loose.
  loose(t, k) {
    let { W, b } = this.learns(t, k);
    if (this.broken.bias && b) b = null;
    if (this.broken.weight && W && k === this.widths.length - 1) (W = W.slice())[this.heaviest(this.layers[k], W)] = 1;
    return { W, b };
  }

  // The largest weight that may not learn.
  heaviest({ W }, may) {
    return W.reduce((best, w, j) => (!may[j] && Math.abs(w) > (best < 0 ? 0 : Math.abs(W[best])) ? j : best), -1);
  }

  // What an optimizer is given for task t.
  slots(t) {
    return [...this.layerSlots(t), ...this.headSlots(t)];
  }

  layerSlots(t) {
    return this.layers.flatMap((layer, k) => {
      const may = this.loose(t, k);
      return ["W", "b"].map((name) => ({ value: layer[name], learns: may[name], grad: (G) => G.layers[k][name] }));
    });
  }

  headSlots(t) {
    return ["W", "b"].map((name) => ({ value: this.heads[t][name], learns: null, grad: (G) => G.heads[t][name] }));
  }

  // Momentum that is kept from task to task, if a switch says so.
  carry(slot) {
    if (slot.velocity) this.velocities.set(slot.value, slot.velocity);
  }

  carried(slot) {
    return this.velocities.get(slot.value);
  }

  // Numbers kept, by what for: weights, heads and others as storage() names them; in bytes, four each.
  storage() {
    const size = (layers) => 4 * layers.reduce((sum, { W, b }) => sum + W.length + b.length, 0);
    return { weights: size(this.layers), heads: size(this.heads) };
  }

  // For the drawing. Units are counted over all that there are in the end; `place` says where unit u of layer k is in what
  // task t uses, -1 if nowhere.
  get units() {
    return this.widths;
  }

  place(k, u) {
    return u;
  }

  // "normal", "forward-only" or "masked", as task t uses it.
  state() {
    return "normal";
  }

  // Value, owner (a task, or -1 for nobody) and whether the weight from unit i to unit o of layer k learns at task t.
  weight(k, o, i, t) {
    const layer = this.layers[k], j = o * layer.inputs + i, { W } = this.loose(t, k);
    return { value: layer.W[j], owner: this.owner(k, j, t), learns: !W || W[j] === 1, used: true };
  }

  owner(k, j, t) {
    return Math.max(t, this.learned - 1);
  }
}

class Freeze extends Finetune {
  learns(t, k) {
    return t || this.learned ? { W: NONE(this.layers[k].W), b: NONE(this.layers[k].b) } : super.learns();
  }

  state(k, u, t) {
    return t ? "forward-only" : "normal";
  }

  owner() {
    return 0;
  }
}

class Joint extends Finetune {
  beforeTask(t) {
    this.start(); // again from the initial weights, with all data so far
    for (let s = 0; s <= t; s++) this.addHead(s);
  }

  *learn(task, fit) {
    yield* fit(true);
  }

  headSlots(t) {
    return Array.from({ length: t + 1 }, (_, s) => super.headSlots(s)).flat().map((slot, k) => ({
      ...slot, grad: (G) => (G.heads[k >> 1] ? slot.grad(G) : new Floats(slot.value.length)),
    }));
  }
}

class EWC extends Finetune {
  start() {
    super.start();
    this.old = this.layers.map(({ W, b }) => ({ W: W.slice(), b: b.slice() }));
    this.importance = this.layers.map(({ W, b }) => ({ W: fill(W.length, 0), b: fill(b.length, 0) }));
  }

  *learn(task, fit) {
    yield* fit();
    const { x, y, n } = task.train, fisher = this.importance.map(({ W, b }) => ({ W: fill(W.length, 0), b: fill(b.length, 0) }));
    for (let r = 0; r < n; r++) { // one gradient per point, squared: the diagonal of the empirical Fisher information
      const one = { x: x.subarray(2 * r, 2 * r + 2), y: y.subarray(r, r + 1), t: Uint8Array.of(task.index), n: 1 };
      const G = gradients(this.net(task.index), one, false);
      this.each((k, name) => fisher[k][name].forEach((_, j) => (fisher[k][name][j] += G.layers[k][name][j] ** 2 / n)));
    }
    this.each((k, name) => {
      const t = task.index, merged = this.importance[k][name];
      merged.forEach((value, j) => (merged[j] = (value * t + fisher[k][name][j]) / (t + 1)));
      this.old[k][name].set(this.layers[k][name]);
    });
  }

  each(work) {
    this.layers.forEach((_, k) => ["W", "b"].forEach((name) => work(k, name)));
  }

  penalty(t, G) {
    let sum = 0;
    if (t === 0) return sum;
    this.each((k, name) => {
      const now = this.layers[k][name], old = this.old[k][name], importance = this.importance[k][name];
      for (let j = 0; j < now.length; j++) {
        const pull = importance[j] * (now[j] - old[j]);
        sum += (this.setup.lam / 2) * pull * (now[j] - old[j]);
        if (G) G.layers[k][name][j] += this.setup.lam * pull;
      }
    });
    return sum;
  }

  storage() {
    const { weights, heads } = super.storage();
    return { weights, heads, copies: weights, importances: weights };
  }
}
