// The data sets, point by point as playground/data.py makes them: two classes in a square of 256 x 256 pixels.

const SPLITS = { train: [0, 100], valid: [100, 150], test: [150, 350] };

// One point in the square from -1 to 1, of the class 0 or 1; u() draws a number between 0 and 1.
const KINDS = {
  moons(u, c) {
    const a = Math.PI * u(), side = c ? -1 : 1;
    return [side * (0.6 * Math.cos(a) - 0.3), side * (0.6 * Math.sin(a) - 0.15), 0.2];
  },
  rings(u, c) {
    const a = 2 * Math.PI * u(), r = c ? 0.75 : 0.25;
    return [r * Math.cos(a), r * Math.sin(a), 0.2];
  },
  xor(u, c) {
    const x = 0.1 + 0.7 * u(), y = 0.1 + 0.7 * u(), side = u() < 0.5 ? -1 : 1;
    return [side * x, (c ? side : -side) * y, 0.1];
  },
  spirals(u, c) {
    const r = 0.12 + 0.7 * u(), a = 4.5 * r + (c ? Math.PI : 0);
    return [r * Math.cos(a), r * Math.sin(a), 0.08];
  },
  blobs(u, c) {
    const far = u() < 0.5 ? 0.55 : -0.15;
    return [c ? far : -far, c ? 0.4 : -0.4, 0.5];
  },
};

// The points of a kind, or of one's own as text: five digits each, hexadecimal x and y, and the class.
function pointsOf(kind, seed) {
  if (kind.startsWith("own")) {
    return (kind.slice(3).match(/[0-9a-f]{4}[01]/g) || []).map((p) => [
      parseInt(p.slice(0, 2), 16), parseInt(p.slice(2, 4), 16), Number(p[4]),
    ]);
  }
  const random = stream(seed, "playground", kind), u = () => random.uniform();
  return Array.from({ length: SPLITS.test[1] }, (_, k) => {
    const c = k % 2, [x, y, noise] = KINDS[kind](u, c);
    return [...[x, y].map((v) => {
      const moved = v + noise * (u() + u() + u() - 1.5);
      return Math.min(255, Math.max(0, Math.floor(128 + 115 * moved)));
    }), c];
  });
}

// Tasks, in their order. Of one's own points all are in every split.
function tasksOf(kinds, seed) {
  return kinds.map((kind, index) => {
    const points = pointsOf(kind, seed), task = { index, kind, points };
    for (const [split, [from, to]] of Object.entries(SPLITS)) {
      const part = kind.startsWith("own") ? points : points.slice(from, to);
      task[split] = { n: part.length, x: new Floats(2 * part.length), y: Uint8Array.from(part, (p) => p[2]) };
      part.forEach(([x, y], r) => task[split].x.set([seen(x), seen(y)], 2 * r));
    }
    return task;
  });
}

// What a network sees of a pixel's place.
const seen = (pixel) => (pixel - 127.5) / 64;
