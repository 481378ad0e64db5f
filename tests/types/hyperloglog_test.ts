/** HyperLogLogs: the hash against bigints, registers against a plain array, sparse against dense. */

import { Buffer } from "node:buffer";
import { SeededRandom } from "../../lib/platform/random.ts";
import {
  denseForEach,
  denseGet,
  densePack,
  denseRaise,
  denseSet,
} from "../../lib/types/hyperloglog/dense.ts";
import { indexOf, registerOf, valueOf } from "../../lib/types/hyperloglog/hash.ts";
import {
  countOf,
  countOfRegisters,
  denseCopy,
  mergeInto,
} from "../../lib/types/hyperloglog/hyperloglog.ts";
import {
  cacheCardinality,
  cachedCardinality,
  DENSE_BYTES,
  emptyHyperLogLog,
  HEADER_BYTES,
  invalidateCardinality,
  isHyperLogLog,
  REGISTERS,
} from "../../lib/types/hyperloglog/layout.ts";
import { selfTest } from "../../lib/types/hyperloglog/self_test.ts";
import { SparseEditor } from "../../lib/types/hyperloglog/sparse.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

const M = 0xc6a4a7935bd1e995n;
const SEED = 0xadc83b19n;

/** MurmurHash64A as it is defined, on 64-bit integers. */
function murmur(bytes: Uint8Array): bigint {
  const times = (a: bigint, b: bigint) => BigInt.asUintN(64, a * b);
  const mix = (a: bigint) => a ^ (a >> 47n);
  let hash = SEED ^ times(BigInt(bytes.length), M);
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    let block = 0n;
    for (let i = 7; i >= 0; i--) block = (block << 8n) | BigInt(bytes[at + i]);
    hash = times(hash ^ times(mix(times(block, M)), M), M);
  }
  if (at < bytes.length) {
    for (let i = bytes.length - 1; i >= at; i--) hash ^= BigInt(bytes[i]) << BigInt(8 * (i - at));
    hash = times(hash, M);
  }
  return mix(times(mix(hash), M));
}

Deno.test("the register of an element is that of its hash in 64 bits", () => {
  const { seed, size } = flags(5000);
  const chance = new Seeded(seed);
  const bytes = Buffer.alloc(64);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < bytes.length; k++) bytes[k] = chance.below(256);
    const start = chance.below(9);
    const end = chance.between(start, start + 40);
    const hash = murmur(bytes.subarray(start, end));
    const register = registerOf(bytes, start, end);
    let rest = (hash >> 14n) | (1n << 50n);
    let value = 1;
    for (; (rest & 1n) === 0n; rest >>= 1n) value++;
    assertEquals([indexOf(register), valueOf(register)], [Number(hash & 16383n), value], `${i}`);
  }
});

Deno.test("dense registers hold what was set, and their neighbours keep theirs", () => {
  const { seed, size } = flags(20_000);
  const chance = new Seeded(seed);
  const model = new Uint8Array(REGISTERS);
  const bytes = Buffer.alloc(DENSE_BYTES + 2, 0xa5); // what is around must not change either
  bytes.fill(0, 1, DENSE_BYTES + 1);
  for (let i = 0; i < size; i++) {
    const index = chance.chance(0.01) ? REGISTERS - 1 : chance.below(REGISTERS);
    const value = chance.below(64);
    if (chance.chance(0.5)) {
      assertEquals(denseRaise(bytes, 1, index, value), model[index] < value);
      model[index] = Math.max(model[index], value);
    } else {
      denseSet(bytes, 1, index, value);
      model[index] = value;
    }
    assertEquals(denseGet(bytes, 1, index), model[index]);
  }
  denseForEach(bytes, 1, (value, index) => assertEquals(value, model[index]));
  assertEquals([bytes[0], bytes[DENSE_BYTES + 1]], [0xa5, 0xa5]);
});

Deno.test("sparse and dense registers are the same after the same elements", () => {
  const { seed, size } = flags(4000);
  const chance = new Seeded(seed);
  const editor = new SparseEditor();
  const empty = emptyHyperLogLog();
  editor.load(empty, 0, empty.length);
  const dense = denseCopy(empty, 0, empty.length)!;
  for (let i = 0; i < size; i++) {
    const index = chance.chance(0.5) ? chance.below(60) : chance.below(REGISTERS);
    const value = chance.between(1, 32);
    const wouldChange = editor.wouldChange(editor.bytes, 0, editor.length, index, value);
    const raised = editor.raise(index, value, Infinity);
    const changed = denseRaise(dense, HEADER_BYTES, index, value);
    assertEquals([raised === "changed", wouldChange], [changed, changed], `seed ${seed}, ${i}`);
    if (i % 50 === 0) {
      assertEquals(denseCopy(editor.bytes, 0, editor.length), dense);
      assertEquals(countOf(editor.bytes, 0, editor.length), countOf(dense, 0, dense.length));
    }
  }
  const registers = new Uint8Array(REGISTERS);
  assert(mergeInto(registers, editor.bytes, 0, editor.length));
  registers.forEach((value, index) => assertEquals(value, denseGet(dense, HEADER_BYTES, index)));
  assertEquals(editor.raise(0, 33, Infinity), "too large");
  assertEquals(editor.raise(REGISTERS, 1, Infinity), "corrupt");
});

Deno.test("registers of one byte each are those that were merged, and count the same", () => {
  const { seed, size } = flags(5000);
  const chance = new Seeded(seed);
  const empty = emptyHyperLogLog();
  const registers = new Uint8Array(REGISTERS);
  const both = denseCopy(empty, 0, empty.length)!;
  for (let k = 0; k < 2; k++) {
    const dense = denseCopy(empty, 0, empty.length)!;
    for (let i = 0; i < size; i++) {
      const [index, value] = [chance.below(REGISTERS), chance.between(1, 51)];
      denseRaise(dense, HEADER_BYTES, index, value);
      denseRaise(both, HEADER_BYTES, index, value);
    }
    assert(mergeInto(registers, dense, 0, dense.length));
  }
  const packed = denseCopy(empty, 0, empty.length)!;
  densePack(registers, packed, HEADER_BYTES);
  assertEquals(packed, both, `seed ${seed}`);
  assertEquals(countOfRegisters(registers), countOf(both, 0, both.length));
});

Deno.test("registers raised in order give the bytes that a search from the start gives", () => {
  const { seed, size } = flags(60);
  const chance = new Seeded(seed);
  const [searching, resuming] = [new SparseEditor(), new SparseEditor()];
  const empty = emptyHyperLogLog();
  resuming.load(empty, 0, empty.length);
  let bytes: Uint8Array = empty;
  for (let round = 0; round < size; round++) {
    let index = chance.below(200);
    while (index < REGISTERS) {
      const value = chance.between(1, 3); // neighbours often are the same, and join
      searching.load(bytes, 0, bytes.length); // forgets where it was
      searching.raise(index, value, Infinity);
      bytes = Uint8Array.from(searching.bytes.subarray(0, searching.length));
      resuming.raise(index, value, Infinity);
      index += chance.chance(0.6) ? chance.below(3) : chance.below(2000);
    }
    const resumed = Uint8Array.from(resuming.bytes.subarray(0, resuming.length));
    assertEquals(resumed, bytes, `seed ${seed}, round ${round}`);
  }
});

Deno.test("a header tells what is one, and what its cached count is", () => {
  const bytes = emptyHyperLogLog();
  assert(isHyperLogLog(bytes, 0, bytes.length));
  assert(!isHyperLogLog(bytes, 0, HEADER_BYTES - 1));
  assertEquals(cachedCardinality(bytes, 0), 0);
  cacheCardinality(bytes, 0, 2 ** 40 + 7);
  assertEquals(cachedCardinality(bytes, 0), 2 ** 40 + 7);
  invalidateCardinality(bytes, 0);
  assertEquals(cachedCardinality(bytes, 0), undefined);
  bytes[4] = 2;
  assert(!isHyperLogLog(bytes, 0, bytes.length));
});

Deno.test("registers that are not 16,384 in all are corrupt, and harm nobody", () => {
  const { seed, size } = flags(3000);
  const chance = new Seeded(seed);
  const editor = new SparseEditor();
  for (let i = 0; i < size; i++) {
    const bytes = Buffer.concat([
      emptyHyperLogLog().subarray(0, HEADER_BYTES),
      someOpcodes(chance),
    ]);
    const registers = new Uint8Array(REGISTERS);
    const isWhole = mergeInto(registers, bytes, 0, bytes.length);
    assertEquals(countOf(bytes, 0, bytes.length) !== undefined, isWhole);
    assertEquals(denseCopy(bytes, 0, bytes.length) !== undefined, isWhole);
    editor.load(bytes, 0, bytes.length);
    editor.raise(chance.below(REGISTERS), chance.between(1, 32), 3000);
    assertEquals(registers.length, REGISTERS);
  }
});

function someOpcodes(chance: Seeded): Buffer {
  return Buffer.from(Array.from({ length: chance.below(40) }, () => chance.below(256)));
}

Deno.test("the self-test passes", () => {
  assertEquals(selfTest(new SeededRandom(flags(1).seed)), undefined);
});
