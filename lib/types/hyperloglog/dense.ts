/**
 * Dense registers: 6 bits each, packed from the lowest bits of the first byte on. `start` is where
 * the registers begin, behind the header.
 */

import { HISTOGRAM_SIZE as LANE } from "./cardinality.ts";
import { DENSE_BYTES, REGISTERS } from "./layout.ts";

const VALUE_MASK = 0x3f;

/** The value of a register. */
export function denseGet(bytes: Uint8Array, start: number, index: number): number {
  const bit = index * 6;
  const at = start + (bit >>> 3);
  const shift = bit & 7;
  const low = bytes[at] >>> shift;
  return (shift <= 2 ? low : low | (bytes[at + 1] << (8 - shift))) & VALUE_MASK;
}

/** Sets a register, whatever it was. */
export function denseSet(bytes: Uint8Array, start: number, index: number, value: number): void {
  const bit = index * 6;
  const at = start + (bit >>> 3);
  const shift = bit & 7;
  bytes[at] = (bytes[at] & ~(VALUE_MASK << shift)) | (value << shift);
  if (shift <= 2) return; // all of it is in one byte
  bytes[at + 1] = (bytes[at + 1] & ~(VALUE_MASK >>> (8 - shift))) | (value >>> (8 - shift));
}

/** Raises a register to a value; returns whether it was lower. */
export function denseRaise(
  bytes: Uint8Array,
  start: number,
  index: number,
  value: number,
): boolean {
  if (denseGet(bytes, start, index) >= value) return false;
  denseSet(bytes, start, index, value);
  return true;
}

/** Calls `visit` with the value of each register in turn. */
export function denseForEach(
  bytes: Uint8Array,
  start: number,
  visit: (value: number, index: number) => void,
): void {
  for (let index = 0; index < REGISTERS; index++) visit(denseGet(bytes, start, index), index);
}

/** Adds to `lanes`, four histograms one behind another, how many registers have each value. */
export function denseCount(bytes: Uint8Array, start: number, lanes: Int32Array): void {
  const end = start + DENSE_BYTES;
  for (let at = start; at < end; at += 3) { // four registers in three bytes
    const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    lanes[word & VALUE_MASK]++;
    lanes[LANE + ((word >>> 6) & VALUE_MASK)]++;
    lanes[2 * LANE + ((word >>> 12) & VALUE_MASK)]++;
    lanes[3 * LANE + (word >>> 18)]++;
  }
}

/** Raises `registers`, of one byte each, to these. */
export function denseMerge(bytes: Uint8Array, start: number, registers: Uint8Array): void {
  const end = start + DENSE_BYTES;
  for (let at = start, index = 0; at < end; at += 3, index += 4) {
    const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    const [a, b] = [word & VALUE_MASK, (word >>> 6) & VALUE_MASK];
    const [c, d] = [(word >>> 12) & VALUE_MASK, word >>> 18];
    if (a > registers[index]) registers[index] = a;
    if (b > registers[index + 1]) registers[index + 1] = b;
    if (c > registers[index + 2]) registers[index + 2] = c;
    if (d > registers[index + 3]) registers[index + 3] = d;
  }
}

/** Sets all registers to those of one byte each. */
export function densePack(registers: Uint8Array, bytes: Uint8Array, start: number): void {
  for (let at = start, index = 0; index < REGISTERS; at += 3, index += 4) {
    const word = registers[index] | (registers[index + 1] << 6) | (registers[index + 2] << 12) |
      (registers[index + 3] << 18);
    bytes[at] = word & 0xff;
    bytes[at + 1] = (word >>> 8) & 0xff;
    bytes[at + 2] = word >>> 16;
  }
}
