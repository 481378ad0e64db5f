/**
 * AND, OR, XOR and NOT over whole strings of bytes. The shorter ones count as filled up with zeros.
 *
 * Sources stand anywhere in memory. They are copied piece by piece to where words of 32 bits can be
 * combined, which beats going byte by byte four times over.
 */

import type { Buffer } from "node:buffer";
import { copyBytes, newBytes } from "../../memory/bytes.ts";

/** What BITOP does. */
export type BitOperation = "and" | "or" | "xor" | "not";

/** A run of bytes: `bytes[start .. end)`. */
export interface ByteRun {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Bytes combined at a time: both pieces stay in the processor's cache. */
export const PIECE_BYTES: number = 16 * 1024;

const result = newBytes(PIECE_BYTES);
const resultWords = new Int32Array(result.buffer);
const operand = newBytes(PIECE_BYTES);
const operandWords = new Int32Array(operand.buffer);

/** Length of the longest source. */
export function combinedLength(sources: readonly ByteRun[]): number {
  let longest = 0;
  for (const { start, end } of sources) if (end - start > longest) longest = end - start;
  return longest;
}

/**
 * Combines the sources, of which `not` takes one, into the run `to`, which is as long as the longest.
 * It may be one of the sources.
 */
export function combineBits(
  operation: BitOperation,
  sources: readonly ByteRun[],
  to: ByteRun,
): void {
  const length = to.end - to.start;
  for (let at = 0; at < length; at += PIECE_BYTES) {
    const size = Math.min(PIECE_BYTES, length - at);
    copyBytes(combinePiece(operation, sources, at, size), 0, size, to.bytes, to.start + at);
  }
}

/**
 * Combines the piece of the sources that begins `at` bytes in and is `size` long, at most
 * {@linkcode PIECE_BYTES}. What it returns begins with the result, until the next call.
 */
export function combinePiece(
  operation: BitOperation,
  sources: readonly ByteRun[],
  at: number,
  size: number,
): Buffer {
  const words = (size + 3) >>> 2;
  load(result, sources[0], at, size);
  if (operation === "not") {
    for (let i = 0; i < words; i++) resultWords[i] = ~resultWords[i];
  }
  for (let k = 1; k < sources.length; k++) {
    load(operand, sources[k], at, size);
    combineWords(operation, words);
  }
  return result;
}

function combineWords(operation: BitOperation, words: number): void {
  if (operation === "and") {
    for (let i = 0; i < words; i++) resultWords[i] &= operandWords[i];
  } else if (operation === "or") {
    for (let i = 0; i < words; i++) resultWords[i] |= operandWords[i];
  } else {
    for (let i = 0; i < words; i++) resultWords[i] ^= operandWords[i];
  }
}

/** Copies the part of a source from `at` on to the beginning of `piece`, zeros behind its end. */
function load(piece: Buffer, { bytes, start, end }: ByteRun, at: number, size: number): void {
  const from = start + at;
  const present = Math.max(0, Math.min(size, end - from));
  if (present > 0) copyBytes(bytes, from, from + present, piece, 0);
  if (present < size) piece.fill(0, present, size);
}
