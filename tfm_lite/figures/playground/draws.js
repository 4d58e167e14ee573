// Random numbers as tfm_lite draws them, so that a run of this page can be repeated by the package: a stream is named, its
// name is hashed (BLAKE2b, as in seeds.py), and the hash starts a Mersenne twister, as in PyTorch and NumPy.

const Floats = Float64Array;
const WORD = (1n << 64n) - 1n;
const IV = [
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
];
const SIGMA = [
  "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d", // one hexadecimal
  "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0", // digit per word
];

// The first four bytes of a text's BLAKE2b hash of four bytes, as one number. One block, 128 bytes, is all that names need.
function hashed(text) {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > 128) throw new Error(`a stream's name has at most 128 bytes, not ${bytes.length}: ${text}`);
  const m = new BigUint64Array(16);
  bytes.forEach((byte, i) => (m[i >> 3] |= BigInt(byte) << BigInt(8 * (i & 7))));
  const first = IV[0] ^ 0x01010004n;
  const v = [first, ...IV.slice(1), ...IV];
  v[12] ^= BigInt(bytes.length);
  v[14] ^= WORD; // the last block
  const turn = (x, by) => ((x >> by) | (x << (64n - by))) & WORD;
  const mix = (a, b, c, d, x, y) => {
    for (const [part, one, two] of [[x, 32n, 24n], [y, 16n, 63n]]) {
      v[a] = (v[a] + v[b] + part) & WORD;
      v[d] = turn(v[d] ^ v[a], one);
      v[c] = (v[c] + v[d]) & WORD;
      v[b] = turn(v[b] ^ v[c], two);
    }
  };
  for (let round = 0; round < 12; round++) {
    const s = [...SIGMA[round % 10]].map((digit) => m[parseInt(digit, 16)]);
    for (let i = 0; i < 4; i++) mix(i, i + 4, i + 8, i + 12, s[2 * i], s[2 * i + 1]);
    for (let i = 0; i < 4; i++) mix(i, 4 + ((i + 1) & 3), 8 + ((i + 2) & 3), 12 + ((i + 3) & 3), s[8 + 2 * i], s[9 + 2 * i]);
  }
  const word = Number((first ^ v[0] ^ v[8]) & 0xffffffffn); // little-endian in the hash, big-endian as a number
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}

// The stream of a seed and a name, which is words and numbers: written as Python writes such a tuple.
function stream(seed, ...name) {
  return new Twister(hashed(`(${[seed, ...name.map((part) => (typeof part === "string" ? `'${part}'` : part))].join(", ")})`));
}

class Twister {
  constructor(seed) {
    this.state = new Uint32Array(624);
    this.state[0] = seed;
    for (let i = 1; i < 624; i++) {
      const last = this.state[i - 1];
      this.state[i] = Math.imul(1812433253, last ^ (last >>> 30)) + i;
    }
    this.at = 624;
    this.spare = null; // normal numbers come in pairs
  }

  // 32 random bits.
  bits() {
    const s = this.state;
    if (this.at === 624) {
      for (let i = 0; i < 624; i++) {
        const y = (s[i] & 0x80000000) | (s[(i + 1) % 624] & 0x7fffffff);
        s[i] = s[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      this.at = 0;
    }
    let y = s[this.at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  // Between 0 and 1, as NumPy's random_sample.
  uniform() {
    const high = this.bits() >>> 5, low = this.bits() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  // The numbers from 0 to n - 1 in another order, as torch.randperm.
  permutation(n) {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = 0; i < n - 1; i++) {
      const j = i + (this.bits() % (n - i));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  // n normal numbers, as torch.randn: of single precision, and to its last digit or so, for there each processor rounds in
  // its own way. Fewer than 16 are drawn one by one, more in blocks of 16.
  normal(n) {
    const values = new Floats(n);
    if (n < 16) {
      for (let i = 0; i < n; i++) values[i] = Math.fround(this.single());
      return values;
    }
    for (let i = 0; i < n; i++) values[i] = this.short();
    for (let i = 0; i + 16 <= n; i += 16) this.pairs(values, i);
    if (n % 16) {
      for (let i = n - 16; i < n; i++) values[i] = this.short();
      this.pairs(values, n - 16);
    }
    return values;
  }

  short() {
    return (this.bits() & 0xffffff) / 0x1000000;
  }

  pairs(values, at) {
    for (let i = at; i < at + 8; i++) {
      const radius = Math.sqrt(-2 * Math.log(1 - values[i])), angle = 2 * Math.PI * values[i + 8];
      values[i] = Math.fround(radius * Math.cos(angle));
      values[i + 8] = Math.fround(radius * Math.sin(angle));
    }
  }

  single() {
    if (this.spare !== null) {
      const value = this.spare;
      this.spare = null;
      return value;
    }
    const long = () => {
      const high = this.bits() & 0x1fffff, low = this.bits();
      return (high * 4294967296 + low) / 9007199254740992;
    };
    const angle = 2 * Math.PI * long(), radius = Math.sqrt(-2 * Math.log1p(-long()));
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}
