/** What PFSELFTEST runs: registers against a plain array, and estimates against the truth. */

import { newBytes } from "../../memory/bytes.ts";
import type { Random } from "../../platform/random.ts";
import { denseGet, denseRaise, denseSet } from "./dense.ts";
import { indexOf, registerOf, valueOf } from "./hash.ts";
import { countOf, denseCopy } from "./hyperloglog.ts";
import { DENSE_BYTES, emptyHyperLogLog, HEADER_BYTES, REGISTERS } from "./layout.ts";
import { SparseEditor } from "./sparse.ts";

const ROUNDS = 4;
const REGISTER_VALUES = 64;
/** Estimates are looked at each time the truth has grown so many times as large. */
const GROWTH = 10;
const ELEMENTS = 100_000;
/** Standard error of 2^14 registers, and how many of them are still no failure. */
const STANDARD_ERROR = 1.04 / Math.sqrt(REGISTERS);
const DEVIATIONS_MAX = 6;

/** Runs the tests; returns what failed, or undefined. */
export function selfTest(random: Random): string | undefined {
  return testRegisters(random) ?? testEstimates(random);
}

/** Sets all registers to chance and reads them back. */
function testRegisters(random: Random): string | undefined {
  const registers = newBytes(DENSE_BYTES);
  const model = new Uint8Array(REGISTERS);
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < REGISTERS; i++) {
      model[i] = random.uint32() % REGISTER_VALUES;
      denseSet(registers, 0, i, model[i]);
    }
    for (let i = 0; i < REGISTERS; i++) {
      const value = denseGet(registers, 0, i);
      if (value !== model[i]) return `Register ${i} should be ${model[i]} but is ${value}`;
    }
  }
  return undefined;
}

/** Adds elements to a sparse and a dense one: both must agree, and be near the truth. */
function testEstimates(random: Random): string | undefined {
  const sparse = new SparseEditor();
  const empty = emptyHyperLogLog();
  sparse.load(empty, 0, empty.length);
  const dense = denseCopy(empty, 0, empty.length)!;
  const element = newBytes(8);
  element.writeUInt32LE(random.uint32());
  let isSparse = true;
  for (let count = 1, checkpoint = 1; count <= ELEMENTS; count++) {
    element.writeUInt32LE(count, 4);
    const register = registerOf(element, 0, element.length);
    const [index, value] = [indexOf(register), valueOf(register)];
    denseRaise(dense, HEADER_BYTES, index, value);
    if (isSparse) isSparse = sparse.raise(index, value, DENSE_BYTES) !== "too large";
    if (count < checkpoint) continue;
    checkpoint *= GROWTH;
    const estimate = countOf(dense, 0, dense.length)!;
    if (isSparse && countOf(sparse.bytes, 0, sparse.length) !== estimate) {
      return `sparse and dense disagree after ${count} elements`;
    }
    const error_max = Math.ceil(DEVIATIONS_MAX * STANDARD_ERROR * count);
    if (Math.abs(estimate - count) > error_max) {
      return `Too big error: ${estimate} instead of ${count}`;
    }
  }
  return undefined;
}
