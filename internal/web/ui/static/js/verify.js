// Verifies proofs of the public log in the browser, from docs/standards/log-formats.md alone: SHA-256 and Ed25519 by WebCrypto, SM2 by verify-sm2.js.
// Nothing leaves the page. It says the same as `gongxin verify`, and refuses the same.
globalThis.gongxinVerify = (() => {
  "use strict";

  const SLOTS = 64, TOP = 16, MAX_LEVELS = 256, MAX_BUNDLE = 64 << 20, MAX_VERSIONS = 1 << 16, MAX_LISTED = 2000, RECORD_PARTS = 25;
  const utf8 = new TextEncoder();

  // Failure ends a check and names what does not hold.
  class Failure extends Error {
    constructor(code, message) {
      super(message);
      this.code = code;
    }
  }
  const fail = (code, message) => {
    throw new Failure(code, message);
  };

  const concat = (...parts) => {
    const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const p of parts) {
      out.set(p, at);
      at += p.length;
    }
    return out;
  };
  const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);
  const byte = (n) => Uint8Array.of(n);
  const uint64 = (n) => {
    const out = new Uint8Array(8);
    new DataView(out.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(n)));
    return out;
  };
  const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
  const EMPTY = new Uint8Array(32);
  const nobody = (h) => h.every((x) => x === 0);

  // base64 reads standard base64 with its padding, or gives null.
  const base64 = (text) => {
    if (typeof text !== "string" || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
    try {
      return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    } catch {
      return null;
    }
  };

  // ---- reading JSON strictly

  const isObject = (v) => v !== null && typeof v === "object" && !Array.isArray(v);
  // shape checks that an object has no other fields than these and gives it.
  const shape = (v, fields, bad) => {
    if (!isObject(v) || Object.keys(v).some((k) => !fields.includes(k))) bad();
    return v;
  };
  const number = (v, bad) => {
    if (v === undefined) return 0;
    if (!Number.isSafeInteger(v)) bad();
    return v;
  };
  const string = (v, bad) => {
    if (v === undefined || v === null) return "";
    if (typeof v !== "string") bad();
    return v;
  };
  const bytes = (v, bad) => {
    if (v === undefined || v === null) return new Uint8Array(0);
    return base64(v) || bad();
  };
  const list = (v, each, bad) => {
    if (v === undefined || v === null) return [];
    if (!Array.isArray(v)) bad();
    return v.map((x) => each(x, bad));
  };
  const given = (v) => v !== undefined && v !== null;

  const readEntry = (v, bad, more = []) => {
    shape(v, ["index", "entry", "hashes", ...more], bad);
    return { index: number(v.index, bad), entry: bytes(v.entry, bad), hashes: list(v.hashes, bytes, bad) };
  };
  const readOpening = (v, bad) => {
    shape(v, ["salt", "parts"], bad);
    return { salt: bytes(v.salt, bad), parts: list(v.parts, string, bad) };
  };
  const readLeaf = (v, bad) => {
    const out = readEntry(v, bad, ["opening"]);
    if (given(v.opening)) out.opening = readOpening(v.opening, bad);
    return out;
  };
  const readOther = (v, bad) => {
    shape(v, ["key", "head"], bad);
    return { key: bytes(v.key, bad), head: bytes(v.head, bad) };
  };
  const readVersion = (v, bad) => {
    shape(v, ["leaf", "opening"], bad);
    return { leaf: bytes(v.leaf, bad), opening: given(v.opening) ? readOpening(v.opening, bad) : undefined };
  };
  const readSet = (v, bad) => {
    shape(v, ["subject", "item", "salt", "slots", "place_salt", "versions", "place_path", "map_path", "other", "absent", "root"], bad);
    return {
      subject: string(v.subject, bad), item: string(v.item, bad), salt: bytes(v.salt, bad), slots: list(v.slots, string, bad), placeSalt: bytes(v.place_salt, bad),
      versions: list(v.versions, readVersion, bad), placePath: list(v.place_path, bytes, bad), mapPath: list(v.map_path, bytes, bad),
      other: given(v.other) ? readOther(v.other, bad) : undefined, absent: v.absent === true, root: readEntry(v.root || {}, bad),
    };
  };
  const readConsistency = (v, bad) => {
    shape(v, ["size", "hashes"], bad);
    return { size: number(v.size, bad), hashes: list(v.hashes, bytes, bad) };
  };
  const readProof = (v) => {
    const bad = () => fail("proof.format", "证明文件格式不对：应为 gongxin/proof/1");
    shape(v, ["format", "checkpoint", "record", "set", "consistency"], bad);
    if (["record", "set", "consistency"].filter((k) => given(v[k])).length !== 1) bad();
    return {
      checkpoint: string(v.checkpoint, bad), record: given(v.record) ? readLeaf(v.record, bad) : undefined, set: given(v.set) ? readSet(v.set, bad) : undefined,
      consistency: given(v.consistency) ? readConsistency(v.consistency, bad) : undefined,
    };
  };
  const readPlace = (v, bad) => {
    shape(v, ["place_salt", "path", "versions"], bad);
    return { placeSalt: bytes(v.place_salt, bad), path: list(v.path, bytes, bad), versions: list(v.versions, readLeaf, bad) };
  };
  const readBundle = (v) => {
    const bad = () => fail("bundle.format", "证明包格式不对：应为 gongxin/bundle/1");
    shape(v, ["format", "checkpoint", "subject", "item", "salt", "slots", "root", "moment", "map_path", "absent", "other", "places"], bad);
    return {
      checkpoint: string(v.checkpoint, bad), subject: string(v.subject, bad), item: string(v.item, bad), salt: bytes(v.salt, bad),
      slots: list(v.slots, string, bad), root: readEntry(v.root || {}, bad), moment: given(v.moment) ? readEntry(v.moment, bad) : undefined,
      mapPath: list(v.map_path, bytes, bad), absent: v.absent === true, other: given(v.other) ? readOther(v.other, bad) : undefined,
      places: list(v.places, readPlace, bad),
    };
  };

  // ---- keys and checkpoints

  const ED25519 = 1, COSIGNED = 4, SM2 = "\u00ffsm2sm3/v1";
  const latin = (b) => String.fromCharCode(...b);

  // readKeys reads public keys in note format, one a line.
  const readKeys = async (text) => {
    const keys = { log: [], sm2: [], witnesses: [] };
    const bad = () => fail("key", "公钥的格式不对：每行一个，形如 名称+编号+内容");
    for (const line of text.split("\n").map((l) => l.trim())) {
      if (line === "" || line.startsWith("#")) continue;
      const cut = line.split("+");
      const raw = cut.length < 3 ? null : base64(cut.slice(2).join("+"));
      if (!raw || raw.length < 2 || cut[0] === "" || /\s/.test(cut[0])) bad();
      const hash = (await sha256(utf8.encode(cut[0] + "\n"), raw)).slice(0, 4);
      if ([...hash].map((b) => b.toString(16).padStart(2, "0")).join("") !== cut[1]) bad();
      const key = { name: cut[0], hash, line };
      if (raw[0] === ED25519 && raw.length === 33) keys.log.push({ ...key, pub: raw.slice(1) });
      else if (raw[0] === COSIGNED && raw.length === 33) keys.witnesses.push({ ...key, pub: raw.slice(1) });
      else if (latin(raw.slice(0, SM2.length)) === SM2 && raw.length === SM2.length + 65) keys.sm2.push({ ...key, pub: raw.slice(SM2.length) });
      else bad();
    }
    if (keys.log.length === 0) fail("key", "没有给出日志的 Ed25519 公钥");
    return keys;
  };

  // ed25519 verifies a signature: true, false, or undefined where the browser cannot.
  const ed25519 = async (pub, signature, message) => {
    let key;
    try {
      key = await crypto.subtle.importKey("raw", pub, { name: "Ed25519" }, false, ["verify"]);
    } catch {
      return undefined;
    }
    return crypto.subtle.verify({ name: "Ed25519" }, key, signature, message);
  };

  const verifySignature = async (kind, key, signature, text) => {
    const message = utf8.encode(text);
    if (kind === "sm2") return globalThis.gongxinSM2 ? globalThis.gongxinSM2.verify(key.pub, signature, message) : undefined;
    if (kind === "log") return ed25519(key.pub, signature, message);
    if (signature.length !== 72) return false;
    const at = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
    return ed25519(key.pub, signature.slice(8), utf8.encode(`cosignature/v1\ntime ${at}\n${text}`));
  };

  // parseNote cuts a signed note into text and signature lines.
  const parseNote = (note) => {
    const cut = note.lastIndexOf("\n\n");
    // eslint-disable-next-line no-control-regex
    if (cut < 0 || note.length > 1 << 20 || !note.endsWith("\n") || /[\u0000-\u0009\u000b-\u001f\ufffd]/.test(note)) return null;
    const text = note.slice(0, cut + 1), lines = note.slice(cut + 2, -1).split("\n"), signatures = [];
    if (lines.length > 100) return null;
    for (const line of lines) {
      const m = /^\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)$/.exec(line);
      const raw = m && base64(m[2]);
      if (!raw || raw.length < 5) return null;
      signatures.push({ name: m[1], hash: raw.slice(0, 4), signature: raw.slice(4) });
    }
    return { text, signatures };
  };

  // openCheckpoint reads a checkpoint and checks its signatures: Ed25519 always, SM2 when a key of it is given.
  const openCheckpoint = async (note, keys) => {
    const bad = () => new Failure("checkpoint.format", "不是合格的检查点");
    const parsed = parseNote(note);
    if (!parsed) throw bad();
    const lines = parsed.text.split("\n");
    const root = lines.length >= 4 && base64(lines[2]);
    if (lines[0] === "" || !/^(0|[1-9][0-9]{0,15})$/.test(lines[1]) || !root || root.length !== 32) throw bad();
    const c = { origin: lines[0], size: Number(lines[1]), root, text: note, sm2: false, witnesses: [], unsure: [] };
    let signed = false;
    const seen = new Set();
    for (const s of parsed.signatures) {
      for (const kind of ["log", "sm2", "witnesses"]) {
        const key = keys[kind].find((k) => k.name === s.name && same(k.hash, s.hash));
        if (!key || seen.has(key)) continue;
        seen.add(key);
        const ok = await verifySignature(kind, key, s.signature, parsed.text);
        if (ok === false) throw new Failure("checkpoint.signature", "没有日志密钥的有效签名：内容被改动，或签名者不是该日志");
        if (ok === undefined) c.unsure.push(kind === "sm2" ? "SM2" : "Ed25519");
        if (kind === "log" && s.name === c.origin) signed = true;
        else if (kind === "sm2" && s.name === c.origin) c.sm2 = true;
        else if (kind === "witnesses" && ok) c.witnesses.push(s.name);
      }
    }
    if (!signed) throw new Failure("checkpoint.signature", "没有日志密钥的有效签名：内容被改动，或签名者不是该日志");
    if (keys.sm2.length > 0 && !c.sm2) throw new Failure("checkpoint.sm2", "缺少有效的 SM2 签名");
    return c;
  };

  // ---- trees (RFC 6962)

  const leafHash = (entry) => sha256(byte(0), entry);
  const nodeHash = (l, r) => sha256(byte(1), l, r);
  const odd = (n) => n % 2 === 1;
  const half = (n) => Math.floor(n / 2);

  // rootFromInclusion walks an inclusion proof up (RFC 9162, 2.1.3.2); null when it does not fit.
  const rootFromInclusion = async (hash, index, size, path) => {
    let fn = index, sn = size - 1, r = hash;
    for (const p of path) {
      if (sn === 0) return null;
      if (odd(fn) || fn === sn) {
        r = await nodeHash(p, r);
        while (!odd(fn) && fn !== 0) {
          fn = half(fn);
          sn = half(sn);
        }
      } else {
        r = await nodeHash(r, p);
      }
      fn = half(fn);
      sn = half(sn);
    }
    return sn === 0 ? r : null;
  };

  // continues checks a consistency proof (RFC 9162, 2.1.4.2).
  const continues = async (first, firstRoot, second, secondRoot, path) => {
    if (first === 0) return true;
    if (first === second) return path.length === 0 && same(firstRoot, secondRoot);
    if (path.length === 0 || first > second) return false;
    let fn = first - 1, sn = second - 1, rest = path;
    while (odd(fn)) {
      fn = half(fn);
      sn = half(sn);
    }
    if (fn === 0) rest = [firstRoot, ...path];
    let fr = rest[0], sr = rest[0];
    for (const c of rest.slice(1)) {
      if (sn === 0) return false;
      if (odd(fn) || fn === sn) {
        fr = await nodeHash(c, fr);
        sr = await nodeHash(c, sr);
        while (!odd(fn) && fn !== 0) {
          fn = half(fn);
          sn = half(sn);
        }
      } else {
        sr = await nodeHash(sr, c);
      }
      fn = half(fn);
      sn = half(sn);
    }
    return sn === 0 && same(fr, firstRoot) && same(sr, secondRoot);
  };

  // treeRoot is the RFC 6962 root over leaves.
  const treeRoot = async (leaves) => {
    if (leaves.length === 0) return sha256();
    let n = 0;
    const peaks = [];
    for (const leaf of leaves) {
      let h = await leafHash(leaf);
      for (let k = n; odd(k); k = half(k)) h = await nodeHash(peaks.pop(), h);
      peaks.push(h);
      n++;
    }
    let root = peaks.pop();
    while (peaks.length > 0) root = await nodeHash(peaks.pop(), root);
    return root;
  };

  const parseEntry = (b) => {
    const view = new DataView(b.buffer, b.byteOffset, b.length);
    if (b.length === 45 && b[0] === 1) return { kind: "leaf", leaf: b.slice(13) };
    if (b.length === 81 && b[0] === 2) {
      return { kind: "root", at: Number(view.getBigInt64(1)), covered: Number(view.getBigInt64(9)), slots: b.slice(17, 49), root: b.slice(49) };
    }
    if (b.length > 2 && b[0] === 3 && b[1] < SLOTS) return { kind: "slot" };
    const genesis = "\u0000gongxin/log/1\n";
    if (b.length > genesis.length + 1 && latin(b.slice(0, genesis.length)) === genesis && b[b.length - 1] === 10) return { kind: "genesis" };
    return null;
  };

  const included = async (p, c) => {
    const e = parseEntry(p.entry);
    if (!e) fail("proof.entry", "证明中的条目格式不明");
    if (p.hashes.some((h) => h.length !== 32)) fail("proof.path", "证明路径中有不合格的哈希");
    const root = p.index >= 0 && p.index < c.size && (await rootFromInclusion(await leafHash(p.entry), p.index, c.size, p.hashes));
    if (!root || !same(root, c.root)) fail("proof.inclusion", `条目 ${p.index} 不在该检查点的日志中`);
    return e;
  };

  // contentHash recomputes a leaf from its salt and parts, each with its length before it.
  const contentHash = (o) => sha256(...[o.salt, ...o.parts.map((p) => utf8.encode(p))].flatMap((p) => [uint64(p.length), p]));

  // ---- sets

  const pair = (kind, l, r) => sha256(byte(kind), l, r);
  const mapNode = async (l, r) => (nobody(l) && nobody(r) ? EMPTY : pair(1, l, r));
  const keyBit = (key, depth) => (key[depth >> 3] >> (7 - (depth % 8))) & 1;
  const subjectKey = (salt, subject) => sha256(utf8.encode("gongxin/set-key/1"), salt, uint64(subject));
  const slotsDigest = (slots) => sha256(byte(4), ...slots.map((s) => utf8.encode(s)).flatMap((s) => [byte(s.length), s]));
  const placeHash = (salt, slot, n, root) => sha256(byte(2), salt, byte(slot), uint64(n), root);

  const foldMap = async (key, at, path) => {
    for (let depth = path.length - 1; depth >= 0; depth--) {
      at = keyBit(key, depth) === 0 ? await mapNode(at, path[depth]) : await mapNode(path[depth], at);
    }
    return at;
  };
  const foldPlaces = async (at, slot, path) => {
    for (const other of path) {
      at = slot % 2 === 0 ? await pair(3, at, other) : await pair(3, other, at);
      slot >>= 1;
    }
    return at;
  };

  // hashes checks a path; an empty hash is nobody, where that may be.
  const hashes = (path, mayBeNobody, message) =>
    path.map((h) => {
      if (h.length === 32) return h;
      if (h.length !== 0 || !mayBeNobody) fail("set.format", message);
      return EMPTY;
    });

  const duplicate = (slots) => new Set(slots).size !== slots.length || slots.some((s) => s === "" || utf8.encode(s).length > 255);

  const isSubject = (text) => /^(0|-?[1-9][0-9]*)$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);

  // boundRoot checks the root of the sets and the table of items.
  const boundRoot = async (r, p, c) => {
    const root = await included(p.root, c);
    if (root.kind !== "root" || root.covered < 0 || root.covered > p.root.index) fail("set.root", `条目 ${p.root.index} 不是主体记录集合的根`);
    const versions = p.places ? p.places.reduce((n, x) => n + x.versions.length, 0) : p.versions.length;
    if (!isSubject(p.subject) || p.mapPath.length > MAX_LEVELS || p.slots.length > SLOTS || versions > (p.places ? MAX_VERSIONS : 1 << 20)) {
      fail("set.format", "证明的内容不合格式");
    }
    if (!same(await slotsDigest(p.slots), root.slots) || duplicate(p.slots)) fail("set.slots", "事项位次表与日志中的根不符");
    return root;
  };

  // neighbour gives what stands where an absent subject would.
  const neighbour = async (other, key, levels) => {
    if (!other) return EMPTY;
    if (other.key.length !== 32 || other.head.length !== 32 || same(other.key, key)) fail("set.format", "集合证明中相邻主体的格式不对");
    for (let depth = 0; depth < levels; depth++) {
      if (keyBit(other.key, depth) !== keyBit(key, depth)) fail("set.path", "集合证明中的相邻主体不在该主体的位置上");
    }
    return pair(0, other.key, other.head);
  };

  // subjectOf reads the subject out of a record's number, as a decimal.
  const subjectOf = (text) => {
    if (text.length !== 26) return null;
    let n = 0n;
    for (const c of text) {
      const v = "0123456789abcdefghjkmnpqrstvwxyz".indexOf(c);
      if (v < 0) return null;
      n = (n << 5n) | BigInt(v);
    }
    return String(BigInt.asIntN(64, n >> 66n));
  };

  const ownContent = async (o, leaf, item, subject, where) => {
    if (!same(await contentHash(o), leaf)) fail("set.opening", `${where}所附内容与叶子不符：内容被改动`);
    if (o.parts.length < 4 || o.parts[0] !== "record/1" || o.parts[3] !== item) fail("set.opening", `${where}不是 ${item} 的记录`);
    if (subjectOf(o.parts[1]) !== subject) fail("set.opening", `${where}属于另一主体`);
  };

  // stamp writes microseconds since 1970 in China's time.
  const stamp = (micros) => new Date(Math.floor(micros / 1000) + 8 * 3600_000).toISOString().slice(0, 19).replace("T", " ");

  const coveredNote = (r, root, c) => {
    const rest = c.size - root.covered;
    if (rest > 1) r.notes.push(`证明覆盖到日志位置 ${root.covered}；检查点中其后的 ${rest} 个条目尚未计入集合`);
  };

  // ---- the files

  const describe = (parts) => {
    if (parts.length >= 4 && parts[0] === "record/1") return `记录 ${parts[1]} 第 ${parts[2]} 版，${parts[3]}`;
    if (parts.length >= 2 && parts[0] === "access/1") return `查询记录 ${parts[1]}`;
    if (parts.length >= 2 && parts[0] === "act/1") return `操作记录 ${parts[1]}`;
    return parts.length >= 2 ? `${parts[0]} ${parts[1]}` : "格式不明";
  };

  const checkRecord = async (r, p, c) => {
    const e = await included(p, c);
    if (e.kind !== "leaf") fail("proof.kind", `条目 ${p.index} 不是记录的叶子`);
    r.proven.push(`该条内容的叶子是日志的第 ${p.index} 个条目，此后不能改动而不被发现`);
    r.limits.push("它是不是这条记录的最新版本、有没有别的记录：要证明“全部”，请核验主体的证明包", "内容属实：证明的是平台存了什么，不是报送单位说得对");
    if (!p.opening) {
      r.notes.push("证明没有附内容：只证明叶子在日志中，不说明叶子是什么");
      return;
    }
    if (!same(await contentHash(p.opening), e.leaf)) fail("proof.opening", "所附内容与日志中的叶子不符：内容被改动");
    r.proven.push(`所附内容（${describe(p.opening.parts)}）与日志中的叶子一致`);
  };

  const checkSet = async (r, p, c) => {
    const root = await boundRoot(r, p, c);
    const slot = p.slots.indexOf(p.item);
    if (slot < 0) {
      if (p.versions.length > 0) fail("set.slots", `事项 ${p.item} 没有位次，却附有版本`);
      coveredNote(r, root, c);
      r.proven.push(`截至日志位置 ${root.covered}，登记簿中任何主体都没有 ${p.item} 的记录`);
      return;
    }
    const path = hashes(p.mapPath, true, "集合证明的路径格式不对"), places = hashes(p.placePath, false, "集合证明的路径格式不对");
    if (path.length < TOP) fail("set.format", "集合证明的路径格式不对");
    const key = await subjectKey(p.salt, p.subject);
    if (p.absent) {
      const end = await neighbour(p.other, key, path.length);
      if (p.versions.length > 0 || !same(await foldMap(key, end, path), root.root)) fail("set.path", `主体 ${p.subject} 没有记录的证明与日志中的集合根不符`);
      r.proven.push(`截至日志位置 ${root.covered}，主体 ${p.subject} 没有任何事项的记录，${p.item} 也没有`);
      coveredNote(r, root, c);
      return;
    }
    if (places.length !== 6 || p.placeSalt.length !== 32) fail("set.format", "集合证明的路径格式不对");
    for (const [i, v] of p.versions.entries()) {
      if (v.leaf.length !== 32) fail("set.format", `第 ${i + 1} 个版本的叶子格式不对`);
      if (v.opening) await ownContent(v.opening, v.leaf, p.item, p.subject, `第 ${i + 1} 个版本`);
    }
    const n = p.versions.length;
    const at = await placeHash(p.placeSalt, slot, n, await treeRoot(p.versions.map((v) => v.leaf)));
    const head = await foldPlaces(at, slot, places);
    if (!same(await foldMap(key, await pair(0, key, head), path), root.root)) fail("set.path", `所列版本不是该主体 ${p.item} 的全部：与日志中的集合根不符`);
    r.proven.push(
      n === 0
        ? `截至日志位置 ${root.covered}，主体 ${p.subject} 没有任何 ${p.item} 记录`
        : `截至日志位置 ${root.covered}，主体 ${p.subject} 的 ${p.item} 记录共 ${n} 个版本，所列即全部`,
    );
    coveredNote(r, root, c);
  };

  // place checks the versions of one item in a bundle and gives the hash of its place.
  const bundlePlace = async (s, place, slot) => {
    if (place.placeSalt.length !== 32) fail("set.format", `证明包中位置 ${slot} 的格式不对`);
    const item = s.b.slots[slot];
    if (item === undefined && place.versions.length > 0) fail("set.slots", `位置 ${slot} 不属于任何事项，却附有版本`);
    const leaves = [];
    let last = -1;
    for (const v of place.versions) {
      const e = await included(v, s.c);
      if (e.kind !== "leaf") fail("proof.kind", `条目 ${v.index} 不是记录的叶子`);
      if (v.index <= last || v.index >= s.root.covered) fail("bundle.order", `条目 ${v.index} 不在它应在的次序上`);
      last = v.index;
      const out = { index: v.index, item, opened: false };
      if (v.opening) {
        await ownContent(v.opening, e.leaf, item, s.b.subject, `日志位置 ${v.index} 的版本`);
        const parts = v.opening.parts;
        Object.assign(out, { opened: true, record: parts[1], number: parts[2] });
        if (parts.length === RECORD_PARTS) Object.assign(out, { action: parts[19], at: /^-?[0-9]{1,16}$/.test(parts[24]) ? Number(parts[24]) : 0 });
        s.opened++;
      }
      s.total++;
      if (s.b.moment && v.index < s.b.moment.index) s.before++;
      if (s.r.versions.length < MAX_LISTED) s.r.versions.push(out);
      leaves.push(e.leaf);
      if (s.progress && s.total % 200 === 0) s.progress(s.total, s.of);
    }
    if (leaves.length > 0) s.counts.push(`${item} ${leaves.length} 个`);
    return placeHash(place.placeSalt, slot, leaves.length, await treeRoot(leaves));
  };

  const bundleHead = async (s, slot) => {
    if (s.b.item !== "") {
      if (s.b.places.length !== 1) fail("set.format", "证明包应恰有一个事项的位置");
      const path = hashes(s.b.places[0].path, false, "证明包的路径格式不对");
      if (path.length !== 6) fail("set.format", "证明包的路径格式不对");
      return foldPlaces(await bundlePlace(s, s.b.places[0], slot), slot, path);
    }
    if (s.b.places.length !== SLOTS) fail("set.format", `证明包应有全部 ${SLOTS} 个位置`);
    let level = [];
    for (const [i, place] of s.b.places.entries()) {
      if (place.path.length > 0) fail("set.format", "证明包的路径格式不对");
      level.push(await bundlePlace(s, place, i));
    }
    while (level.length > 1) {
      const next = [];
      for (let i = 0; i < level.length; i += 2) next.push(await pair(3, level[i], level[i + 1]));
      level = next;
    }
    return level[0];
  };

  const bundleTold = (s) => {
    const { r, b, root } = s, of = b.item === "" ? "全部事项" : `事项 ${b.item}`, until = `截至日志位置 ${root.covered}（平台写明的时间 ${stamp(root.at)}）`;
    if (s.total === 0) {
      r.proven.push(`${until}，主体 ${b.subject} 的${of}没有任何记录`);
    } else {
      r.proven.push(`${until}，主体 ${b.subject} 的${of}共 ${s.total} 个版本（${s.counts.join("，")}），所列即全部`);
      r.proven.push(`这 ${s.total} 个版本各自都在公开日志中，此后不能改动而不被发现`);
    }
    if (s.opened > 0) r.proven.push(`其中 ${s.opened} 个版本附有内容，内容与日志中的叶子逐字一致`);
    if (s.total > s.opened) r.notes.push(`有 ${s.total - s.opened} 个版本没有附内容：只证明它们存在，不说明写了什么`);
    if (s.moment) {
      const words = s.before === 0 ? "当时没有任何这样的记录进入日志" : `其中 ${s.before} 个版本当时已经进入日志`;
      r.proven.push(`截至日志位置 ${b.moment.index}（平台写明的时间 ${stamp(s.moment.at)}），${words}`);
    }
  };

  const checkBundle = async (r, b, c, progress) => {
    const root = await boundRoot(r, b, c);
    let moment;
    if (b.moment) {
      moment = await included(b.moment, c);
      if (moment.kind !== "root" || b.moment.index > root.covered) fail("bundle.moment", `条目 ${b.moment.index} 不能说明过去的时刻`);
    }
    const of = b.places.reduce((n, p) => n + p.versions.length, 0);
    const s = { r, b, c, root, moment, progress, of, total: 0, opened: 0, before: 0, counts: [] };
    const slot = b.slots.indexOf(b.item), until = `截至日志位置 ${root.covered}（平台写明的时间 ${stamp(root.at)}）`;
    if (b.item !== "" && slot < 0) {
      if (b.places.length > 0) fail("set.slots", `事项 ${b.item} 没有位次，却附有版本`);
      r.proven.push(`${until}，登记簿中任何主体都没有 ${b.item} 的记录`);
    } else {
      const path = hashes(b.mapPath, true, "证明包的路径格式不对");
      if (path.length < TOP) fail("set.format", "证明包的路径格式不对");
      const key = await subjectKey(b.salt, b.subject);
      if (b.absent) {
        if (b.places.length > 0) fail("set.format", "证明包说没有记录，却附有版本");
        const end = await neighbour(b.other, key, path.length);
        if (!same(await foldMap(key, end, path), root.root)) fail("set.path", `主体 ${b.subject} 没有记录的证明与日志中的集合根不符`);
        r.proven.push(`${until}，主体 ${b.subject} 没有任何事项的记录`);
      } else {
        const head = await bundleHead(s, slot);
        if (!same(await foldMap(key, await pair(0, key, head), path), root.root)) fail("set.path", "所列版本不是该主体的全部：与日志中的集合根不符");
        bundleTold(s);
      }
    }
    coveredNote(r, root, c);
    r.limits.push(`主体编号 ${b.subject} 就是某个企业或者某个人：这是登记簿的登记，证明包本身不证明`);
    r.limits.push("记录的内容属实：证明的是平台存了什么、没有少列，不是报送单位说得对", "平台写明的时间准确：能证明的是先后次序");
    if (b.item !== "") r.limits.push(`其他事项有没有记录：这个证明包只关于 ${b.item}`);
  };

  // compare holds the checkpoint of a file against one that was kept.
  const compare = async (r, c, keys, old, way) => {
    if (old.trim() === "") {
      if (way) fail("consistency.old", "一致性证明要与以前保存的检查点一起核验，没有给出以前的检查点");
      return;
    }
    let before;
    try {
      before = await openCheckpoint(old, keys);
    } catch {
      fail("state.signature", "以前保存的检查点没有有效签名，无法比对");
    }
    if (before.origin !== c.origin) fail("state.origin", `以前保存的检查点属于另一部日志 ${before.origin}`);
    if (before.size > c.size) {
      r.notes.push(`以前保存的检查点（大小 ${before.size}）比这份证明（大小 ${c.size}）更新，两者没有比对`);
      return;
    }
    if (before.size < c.size && !way) {
      r.notes.push(`这份文件没有附从大小 ${before.size} 到 ${c.size} 的一致性证明，日志是否只增未改没有比对`);
      return;
    }
    if (way) {
      if (way.size !== before.size) fail("consistency.size", `一致性证明从大小 ${way.size} 开始，以前保存的检查点大小是 ${before.size}`);
      if (way.hashes.some((h) => h.length !== 32) || way.hashes.length > 128) fail("proof.path", "证明路径中有不合格的哈希");
    }
    if (!(await continues(before.size, before.root, c.size, c.root, way ? way.hashes : []))) {
      fail("consistency.changed", `日志的历史被改写：前 ${before.size} 个条目与以前保存的检查点不同`);
    }
    r.proven.push(`日志只增未改：以前保存的检查点中的 ${before.size} 个条目原样保留`);
  };

  // sortOf tells by its content what a file is.
  const sortOf = (text) => {
    const trimmed = text.trim();
    if (trimmed === "" || text.length > MAX_BUNDLE) return { sort: "" };
    if (text.startsWith("%PDF-")) return { sort: "report" };
    if (!trimmed.startsWith("{")) return { sort: text.includes("\n\n\u2014 ") ? "checkpoint" : "" };
    try {
      const value = JSON.parse(trimmed);
      const sort = { "gongxin/proof/1": "proof", "gongxin/bundle/1": "bundle", "gongxin-consent-receipt/1": "receipt", "gongxin/report-file/1": "report" }[value.format];
      return { sort: sort || "", value };
    } catch {
      return { sort: "" };
    }
  };

  const read = (text) => {
    const { sort, value } = sortOf(text);
    if (sort === "bundle") return { sort, where: "证明包中的检查点", ...readBundle(value) };
    if (sort === "proof") return { sort, where: "证明中的检查点", ...readProof(value) };
    if (sort === "checkpoint") return { sort, where: "检查点", checkpoint: text };
    if (sort === "receipt") fail("file.receipt", "这是授权回执，由另一把密钥签名；请用命令 gongxin verify 核验");
    if (sort === "report") fail("file.report", "这是信用报告，由另一把密钥签名；请用命令 gongxin verify 或者“报告核验”页面核验");
    return fail("file.format", "认不出这个文件：不是本平台的证明、证明包或者检查点");
  };

  const signed = async (r, p, keys) => {
    const c = await openCheckpoint(p.checkpoint, keys).catch((e) => {
      if (e instanceof Failure) e.message = p.where + e.message;
      throw e;
    });
    r.origin = c.origin;
    r.size = c.size;
    r.checkpoint = c.text;
    const sure = ["Ed25519", ...(c.sm2 ? ["SM2"] : [])].filter((k) => !c.unsure.includes(k));
    if (sure.length > 0) r.proven.push(`检查点签名有效（${sure.join("、")}）：日志 ${c.origin}，大小 ${c.size}`);
    for (const kind of new Set(c.unsure)) {
      r.partial = true;
      r.limits.push(
        `检查点的 ${kind} 签名：这个浏览器不会核对 ${kind}。` + (sure.length > 0 ? "" : "在核对签名以前，只知道文件前后一致，不知道它是不是平台签发的。请换新的浏览器，或者用命令 gongxin verify 核验"),
      );
    }
    for (const w of c.witnesses) r.proven.push(`见证人 ${w} 已会签该检查点`);
    return c;
  };

  // check verifies a proof, a bundle or a checkpoint. keys are public keys in note format, old a checkpoint that was kept from earlier, or "".
  const check = async (text, keyText, old = "", progress = undefined) => {
    const r = { origin: "", size: 0, proven: [], limits: [], notes: [], failures: [], versions: [], partial: false, checkpoint: "" };
    try {
      if (!globalThis.crypto || !crypto.subtle) fail("browser", "这个浏览器或者网址不提供所需的密码功能。请从 https 网址打开，或者下载离线核验页");
      const keys = await readKeys(keyText);
      const p = read(text);
      const c = await signed(r, p, keys);
      if (p.sort === "bundle") await checkBundle(r, p, c, progress);
      else if (p.record) await checkRecord(r, p.record, c);
      else if (p.set) await checkSet(r, p.set, c);
      else if (p.sort === "checkpoint") r.limits.push("日志里写了什么：检查点只是对整部日志的签名，要证明某一条，请核验它的证明");
      await compare(r, c, keys, old, p.consistency);
    } catch (e) {
      if (!(e instanceof Failure)) throw e;
      r.failures.push({ code: e.code, message: e.message });
    }
    r.ok = r.failures.length === 0;
    return r;
  };

  return { check, readKeys, sortOf: (text) => sortOf(text).sort, stamp };
})();
