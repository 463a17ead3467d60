// SM2 with SM3 (GB/T 32918.2, GB/T 32905), verification only, in plain numbers: a signature is checked in some tens of milliseconds. No secret passes
// through here, so that nothing has to take constant time.
globalThis.gongxinSM2 = (() => {
  "use strict";

  // ---- SM3

  const rotl = (x, n) => ((x << (n &= 31)) | (x >>> ((32 - n) & 31))) >>> 0;
  const p0 = (x) => (x ^ rotl(x, 9) ^ rotl(x, 17)) >>> 0;
  const p1 = (x) => (x ^ rotl(x, 15) ^ rotl(x, 23)) >>> 0;

  const compress = (v, view, at) => {
    const w = new Uint32Array(68);
    for (let j = 0; j < 16; j++) w[j] = view.getUint32(at + 4 * j);
    for (let j = 16; j < 68; j++) w[j] = p1(w[j - 16] ^ w[j - 9] ^ rotl(w[j - 3], 15)) ^ rotl(w[j - 13], 7) ^ w[j - 6];
    let [a, b, c, d, e, f, g, h] = v;
    for (let j = 0; j < 64; j++) {
      const ss1 = rotl((rotl(a, 12) + e + rotl(j < 16 ? 0x79cc4519 : 0x7a879d8a, j)) >>> 0, 7);
      const ss2 = ss1 ^ rotl(a, 12);
      const ff = j < 16 ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
      const gg = j < 16 ? e ^ f ^ g : (e & f) | (~e & g);
      const tt1 = (ff + d + ss2 + (w[j] ^ w[j + 4])) >>> 0;
      const tt2 = (gg + h + ss1 + w[j]) >>> 0;
      [d, c, b, a] = [c, rotl(b, 9), a, tt1];
      [h, g, f, e] = [g, rotl(f, 19), e, p0(tt2)];
    }
    [a, b, c, d, e, f, g, h].forEach((x, i) => (v[i] ^= x));
  };

  const sm3 = (message) => {
    const padded = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64);
    padded.set(message);
    padded[message.length] = 0x80;
    const view = new DataView(padded.buffer);
    view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n);
    const v = Uint32Array.of(0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e);
    for (let at = 0; at < padded.length; at += 64) compress(v, view, at);
    const out = new DataView(new ArrayBuffer(32));
    v.forEach((x, i) => out.setUint32(4 * i, x));
    return new Uint8Array(out.buffer);
  };

  // ---- the curve

  const P = 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn;
  const A = P - 3n;
  const B = 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n;
  const N = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;
  const G = [0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n, 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n];

  const mod = (x, m) => ((x % m) + m) % m;
  const invert = (x) => {
    let [r, s, u, v] = [P, mod(x, P), 0n, 1n];
    while (s !== 0n) {
      const q = r / s;
      [r, s, u, v] = [s, r - q * s, v, u - q * v];
    }
    return mod(u, P);
  };

  // Points are [x, y]; null is the point at infinity.
  const add = (p, q) => {
    if (!p) return q;
    if (!q) return p;
    let slope;
    if (p[0] === q[0]) {
      if (mod(p[1] + q[1], P) === 0n) return null;
      slope = mod((3n * p[0] * p[0] + A) * invert(2n * p[1]), P);
    } else {
      slope = mod((q[1] - p[1]) * invert(q[0] - p[0]), P);
    }
    const x = mod(slope * slope - p[0] - q[0], P);
    return [x, mod(slope * (p[0] - x) - p[1], P)];
  };
  const times = (k, p) => {
    let out = null;
    for (let i = k.toString(2).length - 1; i >= 0; i--) {
      out = add(out, out);
      if ((k >> BigInt(i)) & 1n) out = add(out, p);
    }
    return out;
  };

  const toNumber = (b) => b.reduce((n, x) => (n << 8n) | BigInt(x), 0n);
  const toBytes = (n) => Uint8Array.from(n.toString(16).padStart(64, "0").match(/../g), (h) => parseInt(h, 16));

  // parse reads the ASN.1 DER of a signature: a sequence of two positive integers, and nothing else.
  const parse = (der) => {
    if (der.length < 8 || der[0] !== 0x30 || der[1] !== der.length - 2 || der[1] > 127) return null;
    const out = [];
    let at = 2;
    for (let i = 0; i < 2; i++) {
      const n = der[at + 1], body = der.slice(at + 2, at + 2 + n);
      if (der[at] !== 0x02 || n < 1 || n > 33 || body.length !== n || body[0] > 127 || (n > 1 && body[0] === 0 && body[1] < 128)) return null;
      out.push(toNumber(body));
      at += 2 + n;
    }
    return at === der.length ? out : null;
  };

  const ID = new TextEncoder().encode("1234567812345678");
  const join = (...parts) => Uint8Array.from(parts.flatMap((p) => [...p]));

  // verify checks a signature (DER) over a message under a public key (65 bytes, uncompressed) and the default user id.
  const verify = (pub, signature, message) => {
    const rs = parse(signature);
    if (!rs || pub.length !== 65 || pub[0] !== 4) return false;
    const [r, s] = rs, key = [toNumber(pub.slice(1, 33)), toNumber(pub.slice(33))];
    if (key[0] >= P || key[1] >= P || mod(key[1] * key[1] - (key[0] ** 3n + A * key[0] + B), P) !== 0n) return false;
    if (r < 1n || r >= N || s < 1n || s >= N) return false;
    const t = mod(r + s, N);
    if (t === 0n) return false;
    const za = sm3(join([0, 8 * ID.length], ID, toBytes(A), toBytes(B), toBytes(G[0]), toBytes(G[1]), pub.slice(1)));
    const e = toNumber(sm3(join(za, message)));
    const point = add(times(s, G), times(t, key));
    return point !== null && mod(e + point[0], N) === r;
  };

  return { sm3, verify };
})();
