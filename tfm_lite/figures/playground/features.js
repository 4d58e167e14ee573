// The methods that mask features: HAT, binary and ternary masks.

class HAT extends Finetune {
  start() {
    super.start();
    this.embeddings = [];
    this.guarded = this.widths.map((n) => fill(n, 0)); // the greatest gate of any finished task
    this.steep = this.setup.steepest;
  }

  beforeTask(t) {
    super.beforeTask(t);
    this.embeddings[t] = this.widths.map((n, k) => stream(this.setup.seed, "hat", `stage ${k + 1}`, t).normal(n));
  }

  beforeBatch(t, progress) {
    const top = this.setup.steepest;
    this.steep = (top - 1 / top) * progress + 1 / top;
  }

  gate(t, k, steep = this.setup.steepest) {
    return this.embeddings[t][k].map((e) => 1 / (1 + Math.exp(-steep * e)));
  }

  net(t, training) {
    const steep = training ? this.steep : this.setup.steepest;
    return { layers: this.layers.map((layer, k) => ({ ...layer, gate: this.gate(t, k, steep) })), heads: this.heads };
  }

  // The share of the free features that the gates use.
  penalty(t, G) {
    let used = 0, free = 0;
    const steep = G ? this.steep : this.setup.steepest, gates = this.widths.map((_, k) => this.gate(t, k, steep));
    gates.forEach((gate, k) => gate.forEach((g, u) => {
      used += g * (1 - this.guarded[k][u]);
      free += 1 - this.guarded[k][u];
    }));
    const by = this.setup.regularization / Math.max(free, 1e-6);
    if (G) gates.forEach((gate, k) => gate.forEach((_, u) => (G.layers[k].gate[u] += by * (1 - this.guarded[k][u]))));
    return by * used;
  }

  // Spare the weights that old tasks attend to at both ends, and undo the annealing of the gates.
  afterBackward(t, G) {
    this.layers.forEach(({ inputs, W, b }, k) => {
      const own = G.layers[k], top = this.setup.steepest, spare = this.spare(k);
      const loose = this.broken.weight && t && k === this.widths.length - 1 ? this.heaviest({ W }, spare) : -1;
      for (let j = 0; j < W.length; j++) if (j !== loose) own.W[j] *= spare[j];
      if (!this.broken.bias) for (let u = 0; u < b.length; u++) own.b[u] *= 1 - this.guarded[k][u];
      const gate = this.gate(t, k, this.steep);
      own.embedding = this.embeddings[t][k].map((e, u) => {
        const steep = Math.cosh(Math.min(50, Math.max(-50, this.steep * e))) + 1;
        const pull = own.gate[u] * gate[u] * (1 - gate[u]) * this.steep;
        return pull * ((top / this.steep) * (steep / (Math.cosh(e) + 1)));
      });
    });
  }

  // How much of its gradient each weight of a layer keeps: 1 - min(guarded, guarded below).
  spare(k) {
    const { inputs, W } = this.layers[k];
    return W.map((_, j) => {
      const post = 1 - this.guarded[k][Math.floor(j / inputs)];
      return k ? Math.max(post, 1 - this.guarded[k - 1][j % inputs]) : post;
    });
  }

  afterStep(t) {
    for (const values of this.embeddings[t]) values.forEach((e, u) => (values[u] = Math.min(6, Math.max(-6, e))));
  }

  afterTask(t) {
    this.guarded = this.guarded.map((old, k) => this.gate(t, k).map((g, u) => Math.max(g, old[u])));
  }

  slots(t) {
    const gates = this.embeddings[t].map((value, k) => ({ value, learns: null, grad: (G) => G.layers[k].embedding }));
    return [...this.layerSlots(t), ...gates, ...this.headSlots(t)];
  }

  storage() {
    const each = 4 * this.widths.reduce((sum, n) => sum + n, 0);
    return { ...super.storage(), embeddings: each * this.embeddings.length, masks: each };
  }

  state(k, u, t) {
    if (!(this.gate(t, k)[u] > 0.5)) return "masked";
    const old = this.embeddings.slice(0, t).some((_, s) => this.gate(s, k)[u] > 0.5);
    return old ? "forward-only" : "normal";
  }

  weight(k, o, i, t) {
    const open = (s) => this.gate(s, k)[o] > 0.5 && (!k || this.gate(s, k - 1)[i] > 0.5);
    const found = super.weight(k, o, i, t), j = o * this.layers[k].inputs + i;
    const owner = this.embeddings.findIndex((_, s) => open(s));
    return { ...found, owner, learns: this.learned <= t && this.spare(k)[j] > 0.5, used: open(t) };
  }
}

// A network of its own for every task, each with an equal share of the features: how binary masks are kept.
class Binary extends Finetune {
  start() {
    this.nets = [];
    this.layers = [];
    this.own = this.widths.map((n) => Math.max(1, Math.floor(n / this.setup.tasks)));
  }

  beforeTask(t) {
    this.nets[t] = this.made(this.own);
    this.addHead(t, this.own.at(-1));
  }

  net(t) {
    return { layers: this.nets[t], heads: this.heads };
  }

  layerSlots(t) {
    return this.nets.slice(0, t + 1).flatMap((layers, s) => layers.flatMap((layer, k) => ["W", "b"].map((name) => ({
      value: layer[name],
      learns: s < t ? NONE(layer[name]) : null,
      grad: (G) => (s < t ? new Floats(layer[name].length) : G.layers[k][name]),
    }))));
  }

  storage() {
    this.layers = this.nets.flat();
    return super.storage();
  }

  get units() {
    return this.own.map((n) => n * this.setup.tasks);
  }

  place(k, u, t) {
    return Math.floor(u / this.own[k]) === t ? u % this.own[k] : -1;
  }

  state(k, u, t) {
    return this.place(k, u, t) < 0 ? "masked" : "normal";
  }

  weight(k, o, i, t) {
    const owner = Math.floor(o / this.own[k]), layer = (this.nets[owner] || [])[k];
    if (!layer || (k && Math.floor(i / this.own[k - 1]) !== owner)) return null;
    const value = layer.W[(o % this.own[k]) * layer.inputs + (k ? i % this.own[k - 1] : i)];
    return { value, owner, learns: owner === t && this.learned <= t, used: owner === t };
  }
}

// Ternary feature masks: the network grows, and what an older task uses is the corner [0, O) x [0, I) that it had.
class TFM extends Finetune {
  start() {
    this.layers = this.widths.map((_, k) => layerOf(k ? 0 : 2, 0));
    if (this.broken.norm) for (const layer of this.layers) layer.norm = { mean: fill(0, 0), variance: fill(0, 1) };
    this.sizes = []; // outputs of each layer, by task
    this.norms = [];
    this.fractions = [];
  }

  beforeTask() {}

  // The sizes to try for task t, as shares of the plain network's weights: one by schedule, several to choose from.
  candidates(t) {
    const { start, tasks, grow } = this.setup;
    if (grow === "schedule") return [tasks === 1 ? start : start + ((1 - start) * t) / (tasks - 1)];
    if (!t) return [start];
    const sizes = [0, 0.025, 0.05, 0.1, 0.15].map((by) => Math.min(1, Math.round(1e10 * (this.fractions.at(-1) + by)) / 1e10));
    return [...new Set(sizes)];
  }

  *learn(task, fit) {
    const t = task.index, before = this.layers, sizes = this.candidates(t), tried = [];
    for (const size of sizes) {
      this.layers = before;
      this.grow(t, size);
      const accuracy = yield* fit();
      tried.push({ accuracy, size, parts: [this.layers, this.heads[t], this.norms[t], this.sizes[t]] });
    }
    const best = Math.max(...tried.map(({ accuracy }) => accuracy));
    const { size, parts } = tried.find(({ accuracy }) => accuracy >= best - this.setup.margin);
    [this.layers, this.heads[t], this.norms[t], this.sizes[t]] = parts;
    this.fractions.push(size);
  }

  // Larger layers with the old ones in their corners; new rows and new columns at their initial weights.
  grow(t, fraction) {
    const outputs = this.widths.map((n) => Math.max(1, rounded(n * Math.sqrt(fraction))));
    this.sizes[t] = outputs;
    this.layers = this.layers.map((old, k) => {
      const inputs = k ? outputs[k - 1] : 2, layer = layerOf(inputs, outputs[k]);
      const random = stream(this.setup.seed, "weights", `stage ${k + 1}`, t), known = t ? old.inputs : inputs;
      const rows = initial(random, outputs[k] - old.outputs, inputs), columns = initial(random, old.outputs, inputs - known, inputs);
      const wider = (W, new_) => Floats.from(layer.W, (_, j) => {
        const o = Math.floor(j / inputs), i = j % inputs;
        return o < old.outputs && i < known ? W[o * old.inputs + i] : new_(o, i);
      });
      layer.W = wider(old.W, (o, i) => (o < old.outputs ? columns[o * (inputs - known) + i - known] : rows[(o - old.outputs) * inputs + i]));
      layer.b.set(old.b);
      for (const name of ["W", "b"]) { // a momentum that is kept grows with its weights
        const velocity = this.velocities.get(old[name]);
        if (velocity) this.velocities.set(layer[name], name === "W" ? wider(velocity, () => 0) : longer(velocity, outputs[k], 0));
      }
      if (old.norm) layer.norm = { mean: longer(old.norm.mean, outputs[k], 0), variance: longer(old.norm.variance, outputs[k], 1) };
      return layer;
    });
    this.norms[t] = t && this.setup.fn ? outputs.map((n) => ({ scale: fill(n, 1), shift: fill(n, 0) })) : [];
    this.addHead(t, outputs.at(-1));
  }

  learns(t, k) {
    if (!t) return super.learns();
    const layer = this.layers[k], inputs = k ? this.sizes[t - 1][k - 1] : 2, outputs = this.sizes[t - 1][k];
    return { W: maskOf(layer, (o, i) => o >= outputs || i >= inputs), b: layer.b.map((_, o) => o >= outputs) };
  }

  net(t) {
    const layers = this.layers.map((layer, k) => ({
      ...corner(layer, k ? this.sizes[t][k - 1] : 2, this.sizes[t][k]), ...this.norms[t][k],
    }));
    return { layers, heads: this.heads };
  }

  slots(t) {
    const norms = this.norms[t].flatMap((norm, k) => ["scale", "shift"].map((name) => ({
      value: norm[name], learns: null, grad: (G) => G.layers[k][name],
    })));
    return [...this.layerSlots(t), ...norms, ...this.headSlots(t)];
  }

  // Beside the weights: a scale and a shift per feature and task, and the masks, one boundary per task and layer.
  storage() {
    const norm = 8 * this.norms.flat().reduce((sum, { scale }) => sum + scale.length, 0);
    return { ...super.storage(), norm, masks: 4 * this.sizes.length * this.widths.length };
  }

  place(k, u, t) {
    return this.sizes[t] && u < this.sizes[t][k] ? u : -1;
  }

  state(k, u, t) {
    if (this.place(k, u, t) < 0) return "masked";
    return t && u < this.sizes[t - 1][k] ? "forward-only" : "normal";
  }

  weight(k, o, i, t) {
    const layer = this.layers[k], owner = this.sizes.findIndex((size) => o < size[k] && (!k || i < size[k - 1]));
    if (owner < 0) return null;
    const { W } = this.loose(t, k), j = o * layer.inputs + i;
    return { value: layer.W[j], owner, learns: this.learned <= t && (!W || W[j] === 1), used: owner <= t };
  }
}

// The corner of a layer that so many inputs and outputs have.
function corner(layer, inputs, outputs) {
  if (inputs === layer.inputs && outputs === layer.outputs) return layer;
  const part = { ...layerOf(inputs, outputs), norm: layer.norm };
  for (let o = 0; o < outputs; o++) part.W.set(layer.W.subarray(o * layer.inputs, o * layer.inputs + inputs), o * inputs);
  part.b.set(layer.b.subarray(0, outputs));
  return part;
}

function longer(values, n, rest) {
  const all = fill(n, rest);
  all.set(values);
  return all;
}

const METHODS = { finetune: Finetune, freeze: Freeze, joint: Joint, ewc: EWC, packnet: PackNet, hat: HAT, binary: Binary, tfm: TFM };
