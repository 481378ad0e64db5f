/** HyperLogLogs of either encoding: counting, merging, turning sparse into dense. */

import type { Buffer } from "node:buffer";
import { newBytes } from "../../memory/bytes.ts";
import { estimateCardinality, HISTOGRAM_SIZE } from "./cardinality.ts";
import { denseCount, denseForEach, denseMerge, denseSet } from "./dense.ts";
import { DENSE, DENSE_BYTES, encodingOf, HEADER_BYTES, setEncoding } from "./layout.ts";
import { sparseForEachRun } from "./sparse.ts";

/** Calls `visit` with each run of registers; false: they are corrupt. */
export function forEachRun(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (value: number, first: number, length: number) => void,
): boolean {
  const registers = start + HEADER_BYTES;
  if (encodingOf(bytes, start) !== DENSE) return sparseForEachRun(bytes, registers, end, visit);
  denseForEach(bytes, registers, (value, index) => visit(value, index, 1));
  return true;
}

/**
 * How many registers have each value, four times over, one of each four registers in each: counting
 * the same value again and again would wait for itself.
 */
const lanes = new Int32Array(4 * HISTOGRAM_SIZE);

/** The estimate from what was counted in the lanes. */
function estimate(): number {
  const histogram = lanes.subarray(0, HISTOGRAM_SIZE);
  for (let i = HISTOGRAM_SIZE; i < lanes.length; i++) histogram[i % HISTOGRAM_SIZE] += lanes[i];
  return estimateCardinality(histogram);
}

/** The estimate for `bytes[start .. end)`; undefined: it is corrupt. */
export function countOf(bytes: Uint8Array, start: number, end: number): number | undefined {
  lanes.fill(0);
  if (encodingOf(bytes, start) === DENSE) {
    denseCount(bytes, start + HEADER_BYTES, lanes);
  } else {
    const isWhole = sparseForEachRun(bytes, start + HEADER_BYTES, end, (value, _first, length) => {
      lanes[value] += length;
    });
    if (!isWhole) return undefined;
  }
  return estimate();
}

/** The estimate for registers of one byte each, all of a buffer of their own. */
export function countOfRegisters(registers: Uint8Array): number {
  lanes.fill(0);
  const words = new Int32Array(registers.buffer);
  let zeros = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === 0) { // most are, unless much was added
      zeros += 4;
      continue;
    }
    lanes[word & 0xff]++;
    lanes[HISTOGRAM_SIZE + ((word >>> 8) & 0xff)]++;
    lanes[2 * HISTOGRAM_SIZE + ((word >>> 16) & 0xff)]++;
    lanes[3 * HISTOGRAM_SIZE + (word >>> 24)]++;
  }
  lanes[0] += zeros;
  return estimate();
}

/** Raises `registers`, of one byte each, to those of `bytes[start .. end)`; false: it is corrupt. */
export function mergeInto(
  registers: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (encodingOf(bytes, start) === DENSE) {
    denseMerge(bytes, start + HEADER_BYTES, registers);
    return true;
  }
  return sparseForEachRun(bytes, start + HEADER_BYTES, end, (value, first, length) => {
    if (value === 0) return;
    for (let i = first; i < first + length; i++) {
      if (registers[i] < value) registers[i] = value;
    }
  });
}

/** A dense copy of the sparse one in `bytes[start .. end)`; undefined: it is corrupt. */
export function denseCopy(bytes: Uint8Array, start: number, end: number): Buffer | undefined {
  const dense = newBytes(HEADER_BYTES + DENSE_BYTES);
  dense.set(bytes.subarray(start, start + HEADER_BYTES));
  setEncoding(dense, 0, DENSE);
  const isWhole = sparseForEachRun(bytes, start + HEADER_BYTES, end, (value, first, length) => {
    if (value === 0) return;
    for (let i = first; i < first + length; i++) denseSet(dense, HEADER_BYTES, i, value);
  });
  return isWhole ? dense : undefined;
}
