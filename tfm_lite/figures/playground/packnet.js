// PackNet: one network, its weights shared out among the tasks.

class PackNet extends Finetune {
  start() {
    super.start();
    this.owners = this.layers.map(({ W }) => NONE(W)); // 0: nobody's, t + 1: task t's
    this.learning = -1;
  }

  beforeTask(t) {
    super.beforeTask(t);
    this.learning = t;
    this.mine = this.owners.map((owner) => owner.map((of) => of === 0));
  }

  *learn(task, fit) {
    yield* fit();
    this.layers.forEach((layer, k) => this.prune(layer.W, this.mine[k], this.owners[k]));
    yield* fit();
  }

  // Set a share of the task's weights to 0, the smallest, and leave them to later tasks.
  prune(W, mine, owner) {
    const sizes = W.map(Math.abs), own = sizes.filter((_, j) => mine[j]).sort();
    const count = rounded(this.setup.prune * own.length);
    for (let j = 0; j < W.length; j++) {
      if (count && sizes[j] <= own[count - 1]) mine[j] = 0;
      if (!mine[j] && !owner[j]) W[j] = 0;
    }
  }

  afterTask(t) {
    this.owners.forEach((owner, k) => this.mine[k].forEach((own, j) => own && (owner[j] = t + 1)));
    this.learning = -1;
  }

  learns(t, k) { // the biases learn with the first task
    return { W: this.mine[k], b: t ? NONE(this.layers[k].b) : null };
  }

  net(t) {
    if (t === this.learning) return super.net(t);
    const layers = this.layers.map((layer, k) => ({
      ...layer, W: layer.W.map((w, j) => (this.uses(k, j, t) ? w : 0)),
    }));
    return { layers, heads: this.heads };
  }

  uses(k, j, t) {
    const owner = this.owners[k][j];
    return (owner > 0 && owner <= t + 1) || (t === this.learning && this.mine[k][j] === 1);
  }

  free() {
    const of = (k) => (this.learning < 0 ? this.owners[k].filter((o) => !o).length : this.mine[k].filter(Boolean).length);
    return this.layers.reduce((sum, _, k) => sum + of(k), 0);
  }

  storage() {
    return { ...super.storage(), masks: this.layers.reduce((sum, { W }) => sum + W.length, 0) };
  }

  state(k, u, t) {
    const row = Array.from({ length: this.layers[k].inputs }, (_, i) => u * this.layers[k].inputs + i);
    const owners = row.filter((j) => this.uses(k, j, t)).map((j) => this.owner(k, j, t));
    return !owners.length ? "masked" : owners.includes(t) ? "normal" : "forward-only";
  }

  owner(k, j) {
    return this.owners[k][j] ? this.owners[k][j] - 1 : this.learning >= 0 && this.mine[k][j] ? this.learning : -1;
  }

  weight(k, o, i, t) {
    const j = o * this.layers[k].inputs + i, found = super.weight(k, o, i, t);
    return { ...found, learns: t === this.learning && found.learns, used: this.uses(k, j, t) };
  }
}
