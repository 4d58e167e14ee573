// A small network, its gradients, and the training loop: what tfm_lite/nn and tfm_lite/train.py do, in float64, without a
// library. A network is what one task uses: {layers, heads}. A layer is {inputs, outputs, W, b}, its weights W row after row,
// and where a method has them `scale` and `shift` (feature normalization), `gate` (HAT) and `norm` (batch normalization).
// A batch is {x, y, t, n}: n points, two numbers each, their labels and the tasks whose heads answer.

const CLASSES = 2;

function layerOf(inputs, outputs) {
  return { inputs, outputs, W: new Floats(outputs * inputs), b: new Floats(outputs) };
}

// rows x inputs numbers to rows x outputs.
function product(layer, x, n) {
  const { inputs, outputs, W, b } = layer, y = new Floats(n * outputs);
  for (let r = 0; r < n; r++) {
    for (let o = 0; o < outputs; o++) {
      let sum = b[o];
      for (let i = 0, w = o * inputs, v = r * inputs; i < inputs; i++) sum += W[w + i] * x[v + i];
      y[r * outputs + o] = sum;
    }
  }
  return y;
}

// Weight and bias gradients of a product, and that of what went in.
function productBackward(layer, x, dy, n) {
  const { inputs, outputs, W } = layer;
  const G = { W: new Floats(W.length), b: new Floats(outputs), x: new Floats(n * inputs) };
  for (let r = 0; r < n; r++) {
    for (let o = 0; o < outputs; o++) {
      const d = dy[r * outputs + o];
      if (d === 0) continue;
      G.b[o] += d;
      for (let i = 0, w = o * inputs, v = r * inputs; i < inputs; i++) {
        G.W[w + i] += d * x[v + i];
        G.x[v + i] += d * W[w + i];
      }
    }
  }
  return G;
}

// Batch normalization without scale and shift. In training by the batch's own statistics, which move the running ones.
function normalize(norm, z, n, width, training) {
  const out = new Floats(z.length), root = new Floats(width);
  for (let o = 0; o < width; o++) {
    let mean = norm.mean[o], variance = norm.variance[o];
    if (training) {
      mean = variance = 0;
      for (let r = 0; r < n; r++) mean += z[r * width + o] / n;
      for (let r = 0; r < n; r++) variance += (z[r * width + o] - mean) ** 2 / n;
      norm.mean[o] += 0.1 * (mean - norm.mean[o]);
      norm.variance[o] += 0.1 * ((variance * n) / Math.max(1, n - 1) - norm.variance[o]);
    }
    root[o] = Math.sqrt(variance + 1e-5);
    for (let r = 0; r < n; r++) out[r * width + o] = (z[r * width + o] - mean) / root[o];
  }
  return { out, root };
}

function normalizeBackward({ out, root }, d, n, width) {
  const back = new Floats(d.length);
  for (let o = 0; o < width; o++) {
    let mean = 0, along = 0;
    for (let r = 0; r < n; r++) {
      mean += d[r * width + o] / n;
      along += (d[r * width + o] * out[r * width + o]) / n;
    }
    for (let r = 0; r < n; r++) back[r * width + o] = (d[r * width + o] - mean - out[r * width + o] * along) / root[o];
  }
  return back;
}

// Product, batch normalization, feature normalization, ReLU, gate: what each layer makes of n points, and what the way back
// needs of it. `z` goes into feature normalization, `a` comes out of the ReLU, `h` goes on.
function features(net, x, n, training = false) {
  const tape = [];
  for (const layer of net.layers) {
    const { outputs, scale, shift, gate } = layer;
    const step = { x, z: product(layer, x, n), a: new Floats(n * outputs) };
    if (layer.norm) {
      step.norm = normalize(layer.norm, step.z, n, outputs, training);
      step.z = step.norm.out;
    }
    for (let k = 0; k < step.a.length; k++) {
      const u = scale ? scale[k % outputs] * step.z[k] + shift[k % outputs] : step.z[k];
      step.a[k] = u > 0 ? u : 0;
    }
    step.h = gate ? step.a.map((a, k) => a * gate[k % outputs]) : step.a;
    x = step.h;
    tape.push(step);
  }
  return tape;
}

// The logits, n x CLASSES, of task t.
function logits(net, x, n, t) {
  return product(net.heads[t], features(net, x, n).at(-1).h, n);
}

// Mean cross entropy of the logits, and its gradient.
function crossEntropy(out, y, n) {
  const d = new Floats(out.length);
  let loss = 0;
  for (let r = 0; r < n; r++) {
    const row = out.subarray(r * CLASSES, (r + 1) * CLASSES), top = Math.max(...row);
    let sum = 0;
    for (const v of row) sum += Math.exp(v - top);
    loss += (Math.log(sum) + top - row[y[r]]) / n;
    for (let c = 0; c < CLASSES; c++) d[r * CLASSES + c] = (Math.exp(row[c] - top) / sum - (c === y[r])) / n;
  }
  return { loss, d };
}

// The loss of a batch and its gradients, by layer and by head, as if everything could learn: who may is the method's to say.
function gradients(net, batch, training = true) {
  const { x, y, t, n } = batch, tape = features(net, x, n, training), h = tape.at(-1).h, width = h.length / n;
  const G = { loss: 0, layers: [], heads: {} };
  let d = new Floats(h.length);
  for (const task of new Set(t)) { // one, but for Joint, whose batches mix the tasks
    const rows = [...t.keys()].filter((r) => t[r] === task);
    const part = new Floats(rows.length * width);
    rows.forEach((r, k) => part.set(h.subarray(r * width, (r + 1) * width), k * width));
    const { loss, d: out } = crossEntropy(product(net.heads[task], part, rows.length), rows.map((r) => y[r]), rows.length);
    const share = rows.length / n, head = productBackward(net.heads[task], part, out.map((v) => v * share), rows.length);
    rows.forEach((r, k) => d.set(head.x.subarray(k * width, (k + 1) * width), r * width));
    G.loss += loss * share;
    G.heads[task] = head;
  }
  for (let k = net.layers.length - 1; k >= 0; k--) {
    const layer = net.layers[k], { outputs, scale, gate } = layer, { x: input, z, a, norm } = tape[k];
    const own = { scale: new Floats(outputs), shift: new Floats(outputs), gate: new Floats(outputs) };
    for (let i = 0; i < d.length; i++) {
      const o = i % outputs;
      if (gate) {
        own.gate[o] += d[i] * a[i];
        d[i] *= gate[o];
      }
      if (!(a[i] > 0)) d[i] = 0;
      if (scale) {
        own.scale[o] += d[i] * z[i];
        own.shift[o] += d[i];
        d[i] *= scale[o];
      }
    }
    if (norm) d = normalizeBackward(norm, d, n, outputs);
    G.layers[k] = { ...own, ...productBackward(layer, input, d, n) };
    d = G.layers[k].x;
  }
  return G;
}

// One step of gradient descent on the method's slots: {value, grad(G), learns}. `learns` is 1 where a number may move, and
// null if all may. The gradient's norm is clipped, as in the package. `velocity` is there with momentum.
function move(slots, G, rate, { clip, momentum, decay, loose }) {
  let norm = 0;
  const all = slots.map(({ value, grad, learns }) => {
    const g = grad(G).slice();
    for (let i = 0; i < g.length; i++) {
      if (learns && !learns[i]) g[i] = 0;
      norm += g[i] * g[i];
    }
    return g;
  });
  const by = Math.min(1, clip / (Math.sqrt(norm) + 1e-6));
  slots.forEach((slot, k) => {
    const { value, learns } = slot, g = all[k];
    if (momentum) slot.velocity ??= new Floats(value.length);
    for (let i = 0; i < g.length; i++) {
      if (learns && !learns[i] && !loose) continue; // a buffer of the package: no optimizer has it
      let pull = g[i] * by + decay * value[i];
      if (momentum) pull = slot.velocity[i] = momentum * slot.velocity[i] + pull;
      value[i] -= rate * pull;
    }
  });
}

// Points of some tasks at these places among all of theirs, task after task.
function gather(tasks, split, places) {
  const n = places.length, batch = { x: new Floats(2 * n), y: new Uint8Array(n), t: new Uint8Array(n), n };
  places.forEach((place, r) => {
    const task = tasks.find((one) => place < one[split].n || ((place -= one[split].n), false)), { x, y } = task[split];
    batch.x[2 * r] = x[2 * place];
    batch.x[2 * r + 1] = x[2 * place + 1];
    batch.y[r] = y[place];
    batch.t[r] = task.index;
  });
  return batch;
}

// Loss and the share that is right of a task's split, as in use.
function evaluate(method, task, split) {
  const { x, y, n } = task[split], out = logits(method.net(task.index), x, n, task.index);
  let right = 0;
  for (let r = 0; r < n; r++) right += (out[CLASSES * r + 1] > out[CLASSES * r] ? 1 : 0) === y[r];
  return { loss: crossEntropy(out, y, n).loss, accuracy: right / n };
}

// One training of the method on these tasks, as train.Fit: batches in the order of a named stream, the rate divided when the
// validation loss stops falling, the best weights kept. It stops before the first step and after every one, for whoever
// called to go on: that is how the page stays awake.
function* fit(method, tasks, call, protocol) {
  const t = tasks.at(-1).index, slots = method.slots(t), live = [...slots.map((slot) => slot.value), ...method.running(t)];
  const n = tasks.reduce((sum, task) => sum + task.train.n, 0), copy = () => live.map((part) => part.slice());
  let { lr, patience } = protocol, best = copy(), low = Infinity, accuracy = 0;
  if (protocol.carry) slots.forEach((slot) => (slot.velocity = method.carried(slot)));
  yield { kind: "begin", t, call, epoch: 0 };
  for (let epoch = 0; epoch < protocol.epochs && lr >= protocol.least; epoch++) {
    const order = stream(protocol.seed, "batches", t, call, epoch).permutation(n), batches = Math.ceil(n / protocol.batch);
    for (let i = 0; i < batches; i++) {
      const places = order.slice(i * protocol.batch, (i + 1) * protocol.batch);
      step(method, gather(tasks, "train", places), t, slots, lr, protocol, i / batches);
      yield { kind: i + 1 < batches ? "step" : "epoch", t, call, epoch: epoch + 1 };
    }
    let loss = 0, right = 0, count = 0;
    for (const task of tasks) {
      const found = evaluate(method, task, "valid"), weight = task.valid.n;
      loss += (found.loss + method.penalty(task.index, null)) * weight;
      right += found.accuracy * weight;
      count += weight;
    }
    if (loss / count < low) [low, accuracy, best, patience] = [loss / count, right / count, copy(), protocol.patience];
    else if (--patience === 0) [lr, patience] = [lr / protocol.factor, protocol.patience];
  }
  if (protocol.carry) slots.forEach((slot) => method.carry(slot));
  live.forEach((part, k) => part.set(best[k]));
  return accuracy;
}

// The order of a step is part of what a method may rely on, as in train.step.
function step(method, batch, t, slots, rate, protocol, progress) {
  method.beforeBatch(t, progress);
  const G = gradients(method.net(t, true), batch);
  method.penalty(t, G);
  method.afterBackward(t, G);
  move(slots, G, rate, protocol);
  method.afterStep(t);
  method.last = G;
}

// All tasks, one after the other. It stops after every step, and after every task with a row of the accuracy matrix.
function* learn(method, tasks, protocol) {
  for (const task of tasks) {
    const seen = tasks.slice(0, task.index + 1);
    let calls = 0;
    method.beforeTask(task.index);
    yield* method.learn(task, (all) => fit(method, all ? seen : [task], calls++, protocol));
    method.afterTask(task.index);
    method.learned = task.index + 1;
    yield { kind: "task", t: task.index, row: seen.map((old) => evaluate(method, old, "test").accuracy) };
  }
}
