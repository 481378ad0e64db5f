/** How a record lies in its slot; the picture is in `record_table.ts`. */

export { OFFSET_BITS, OFFSET_MASK } from "./arena.ts";

/** The address of a record; 0 is no record. */
export type Ref = number;
/** No such record. */
export const NONE: Ref = 0;

/** The owner's encodings are 1 .. this. */
export const ENCODING_MAX = 15;
/** Flag in word 0: the record expires. */
export const EXPIRES = 0x10;
/** Flag in word 0: key and value stand in a buffer of their own. */
export const EXTERNAL = 0x20;
/** Flag in word 0: one of two epochs, see `Records.newEpoch`. */
export const EPOCH = 0x40;
/** The bits of word 0 that are not the owner's meta. */
export const FLAG_BITS = 0xff;

const HEADER_BYTES = 8;
const EXPIRY_BYTES = 8;
/** Mask of a length in word 1. */
export const LENGTH_MAX = 0xffff;

/** Bytes of a record with these flags. */
export function recordSize(flags: number, keyLength: number, valueLength: number): number {
  return HEADER_BYTES + ((flags & EXPIRES) !== 0 ? EXPIRY_BYTES : 0) + keyLength + valueLength;
}

const doubles = new Float64Array(1);
const doubleWords = new Int32Array(doubles.buffer);

/** The expiry of the record whose word 0 is `words[at]`. */
export function readExpiry(words: Int32Array, at: number): number {
  doubleWords[0] = words[at + 2];
  doubleWords[1] = words[at + 3];
  return doubles[0];
}

/** Writes what {@linkcode readExpiry} reads. */
export function writeExpiry(words: Int32Array, at: number, at_ms: number): void {
  doubles[0] = at_ms;
  words[at + 2] = doubleWords[0];
  words[at + 3] = doubleWords[1];
}
