import { Buffer } from "node:buffer";
import { newBytes } from "../../lib/memory/bytes.ts";
import { drawHashSeed, hashBytes } from "../../lib/memory/hash.ts";
import { assert, assertEquals, assertLess, assertNotEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

const { seed } = flags(1);
const key = drawHashSeed(new Seeded(seed));

Deno.test("the hash is HalfSipHash-1-3, as the reference computes it", () => {
  // Computed apart from the server's code: one word a block, plain 32-bit arithmetic on bigints.
  const chance = new Seeded(seed);
  for (let length = 0; length < 40; length++) {
    const bytes = Buffer.from(Array.from({ length }, () => chance.below(256)));
    const expected = halfSip13(key.k0, key.k1, bytes);
    assertEquals(hashBytes(key, bytes, 0, length), expected);
    const viewed = newBytes(length + 3);
    viewed.set(bytes, 3);
    assertEquals(hashBytes(key, viewed, 3, length + 3), expected);
  }
});

function halfSip13(k0: number, k1: number, bytes: Uint8Array): number {
  const mask = 0xffffffffn;
  const unsigned = (x: number) => BigInt(x >>> 0);
  const rotate = (x: bigint, by: bigint) => ((x << by) | (x >> (32n - by))) & mask;
  const v = [unsigned(k0), unsigned(k1), 0x6c796765n ^ unsigned(k0), 0x74656462n ^ unsigned(k1)];
  const round = () => {
    v[0] = (v[0] + v[1]) & mask;
    v[1] = rotate(v[1], 5n) ^ v[0];
    v[0] = rotate(v[0], 16n);
    v[2] = (v[2] + v[3]) & mask;
    v[3] = rotate(v[3], 8n) ^ v[2];
    v[0] = (v[0] + v[3]) & mask;
    v[3] = rotate(v[3], 7n) ^ v[0];
    v[2] = (v[2] + v[1]) & mask;
    v[1] = rotate(v[1], 13n) ^ v[2];
    v[2] = rotate(v[2], 16n);
  };
  const padded = Buffer.alloc((bytes.length & ~3) + 4);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length;
  for (let at = 0; at < padded.length; at += 4) {
    const word = BigInt(padded.readUInt32LE(at));
    v[3] ^= word;
    round();
    v[0] ^= word;
  }
  v[2] ^= 0xffn;
  for (let i = 0; i < 3; i++) round();
  return Number(v[1] ^ v[3]) | 0;
}

Deno.test("the hash depends on the bytes, not on where they stand", () => {
  const text = "some key:1234567";
  const alone = Buffer.from(text);
  const within = Buffer.from(`xyz${text}abc`);
  const hash = hashBytes(key, alone, 0, alone.length);
  assertEquals(hashBytes(key, within, 3, 3 + text.length), hash);
  assertNotEquals(hashBytes(key, within, 3, 2 + text.length), hash);
  assertEquals(hash, hash | 0);
});

Deno.test("another seed gives another hash, so that nobody can choose keys that collide", () => {
  const other = drawHashSeed(new Seeded(seed + 1));
  const buckets = 1 << 12;
  // Keys chosen to fall into one bucket under one seed ...
  const chosen: Buffer[] = [];
  for (let n = 0; chosen.length < 200; n++) {
    const bytes = Buffer.from(`key:${n}`);
    if ((hashBytes(key, bytes, 0, bytes.length) & (buckets - 1)) === 0) chosen.push(bytes);
  }
  // ... are spread under another.
  const spread = new Set(
    chosen.map((bytes) => hashBytes(other, bytes, 0, bytes.length) & (buckets - 1)),
  );
  assert(spread.size > 180);
});

Deno.test("every bit of the hash is as often 0 as 1 over keys that differ little", () => {
  const count = 20_000;
  const ones = new Array<number>(32).fill(0);
  for (let n = 0; n < count; n++) {
    const bytes = Buffer.from(`key:${String(n).padStart(12, "0")}`);
    const hash = hashBytes(key, bytes, 0, bytes.length);
    for (let bit = 0; bit < 32; bit++) ones[bit] += (hash >>> bit) & 1;
  }
  for (const sum of ones) assertLess(Math.abs(sum - count / 2), 5 * Math.sqrt(count) / 2);
});
