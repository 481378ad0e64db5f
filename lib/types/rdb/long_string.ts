/**
 * Writes a string that is too long to be written at once, with rests in between.
 *
 * Compressed, its length stands before it: so it is compressed twice, block by block; the first time
 * the packed bytes are only counted. Blocks refer to nothing before themselves, and one behind the
 * other they unpack like any other string.
 *
 * Promise: it takes no more memory than two blocks. It relies on the bytes staying where and as they
 * are between two steps; those of a record somebody holds (`memory/held_value.ts`).
 */

import type { HeldValue } from "../../memory/held_value.ts";
import { STEP_BYTES } from "../pace.ts";
import { LzfPacker } from "./lzf.ts";
import type { RdbWriter } from "./writer.ts";

/** A part of a string: `bytes[start .. end)`. */
export interface Part {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** If it is the value of a record that may be overwritten: who knows what it was. */
  readonly held?: HeldValue;
}

/** Strings up to this are written at once. */
export const WHOLE_BYTES_MAX: number = STEP_BYTES;
const LITERAL_MAX = 32;
/** A string must become shorter by this to be written compressed. */
const SAVING_MIN = 4;

const packer = new LzfPacker();

/** Writes the string that these parts make, in the place of a string; some 64 KiB a step. */
export function* writeLongString(
  writer: RdbWriter,
  parts: readonly Part[],
): Generator<void, void, void> {
  let length = 0;
  for (const { start, end } of parts) length += end - start;
  const packed = writer.compress ? yield* countPacked(parts) : length;
  if (packed <= length - SAVING_MIN) {
    writer.packedHead(packed, length);
    for (const block of blocks(parts)) {
      writePacked(writer, block);
      yield;
    }
  } else {
    writer.size(length);
    for (const block of blocks(parts)) {
      writer.raw(block.bytes, block.start, block.end);
      yield;
    }
  }
}

function* countPacked(parts: readonly Part[]): Generator<void, number, void> {
  let sum = 0;
  for (const { bytes, start, end } of blocks(parts)) {
    const length = end - start;
    sum += packer.pack(bytes, start, end) || length + Math.ceil(length / LITERAL_MAX);
    yield;
  }
  return sum;
}

/** A block that does not become shorter is written as literals. */
function writePacked(writer: RdbWriter, { bytes, start, end }: Part): void {
  const packed = packer.pack(bytes, start, end);
  if (packed > 0) return writer.raw(packer.bytes, 0, packed);
  for (let at = start; at < end; at += LITERAL_MAX) {
    const stop = Math.min(at + LITERAL_MAX, end);
    writer.byte(stop - at - 1);
    writer.raw(bytes, at, stop);
  }
}

/** The parts in blocks of one step each. */
export function* blocks(parts: readonly Part[]): Generator<Part, void, void> {
  for (const { bytes, start, end, held } of parts) {
    for (let at = start; at < end; at += STEP_BYTES) {
      if (end > bytes.length) throw new Error("a long string has gone while it was being written");
      const stop = Math.min(at + STEP_BYTES, end);
      yield held === undefined ? { bytes, start: at, end: stop } : held.block(at, stop);
    }
  }
}
