/** HyperLogLogs of either encoding: counting, merging, turning sparse into dense. */

import type { Buffer } from "node:buffer";
import { newBytes } from "../../memory/bytes.ts";
import { estimateCardinality, HISTOGRAM_SIZE } from "./cardinality.ts";
import { denseForEach, denseSet } from "./dense.ts";
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

/** The estimate for `bytes[start .. end)`; undefined: it is corrupt. */
export function countOf(bytes: Uint8Array, start: number, end: number): number | undefined {
  const histogram = new Int32Array(HISTOGRAM_SIZE);
  const isWhole = forEachRun(bytes, start, end, (value, _first, length) => {
    histogram[value] += length;
  });
  return isWhole ? estimateCardinality(histogram) : undefined;
}

/** The estimate for registers of one byte each. */
export function countOfRegisters(registers: Uint8Array): number {
  const histogram = new Int32Array(HISTOGRAM_SIZE);
  for (const value of registers) histogram[value]++;
  return estimateCardinality(histogram);
}

/** Raises `registers`, of one byte each, to those of `bytes[start .. end)`; false: it is corrupt. */
export function mergeInto(
  registers: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  return forEachRun(bytes, start, end, (value, first, length) => {
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
