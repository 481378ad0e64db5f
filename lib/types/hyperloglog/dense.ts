/**
 * Dense registers: 6 bits each, packed from the lowest bits of the first byte on. `start` is where
 * the registers begin, behind the header.
 */

import { DENSE_BYTES } from "./layout.ts";

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
  const end = start + DENSE_BYTES;
  for (let at = start, index = 0; at < end; at += 3, index += 4) { // four registers in three bytes
    const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    visit(word & VALUE_MASK, index);
    visit((word >>> 6) & VALUE_MASK, index + 1);
    visit((word >>> 12) & VALUE_MASK, index + 2);
    visit(word >>> 18, index + 3);
  }
}
