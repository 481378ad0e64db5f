/**
 * A short list: a run of entries in the key's own record, behind their number.
 *
 *     | count, 2 bytes, low one first | entry | entry | ...
 *
 * Offsets are relative to the record's value. Each function takes a record's ref and returns the one
 * that is valid after the change.
 */

import type { Buffer } from "node:buffer";
import type { Database, Ref } from "../../keyspace/database.ts";
import { LIST_PACKED } from "../../keyspace/value.ts";
import type { Args } from "../../resp/args.ts";
import { closeGaps, entryBytes, skipBackward, skipForward, writeEntry } from "./entry.ts";

/** A list whose value would be larger than this becomes an object. */
export const PACKED_BYTES_MAX = 4096;
/** Offset of the first entry. */
export const PACKED_HEADER_BYTES = 2;

/** How many elements a packed value has that begins at `at`. */
export function packedLength(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8);
}

/** Writes the header of a packed value at `at`. */
export function writePackedLength(bytes: Uint8Array, at: number, count: number): void {
  bytes[at] = count & 0xff;
  bytes[at + 1] = count >>> 8;
}

/** Adds an entry before the one at `offset`; the value has room for it below PACKED_BYTES_MAX. */
export function insertPacked(
  db: Database,
  ref: Ref,
  offset: number,
  buf: Uint8Array,
  start: number,
  end: number,
): Ref {
  const size = entryBytes(end - start);
  const { valueStart, valueEnd } = db.locate(ref);
  const length = valueEnd - valueStart;
  const resized = db.resizeValue(ref, LIST_PACKED, length + size);
  const { bytes, valueStart: at } = db.locate(resized);
  if (offset < length) bytes.copyWithin(at + offset + size, at + offset, at + length);
  writeEntry(bytes, at + offset, buf, start, end);
  writePackedLength(bytes, at, packedLength(bytes, at) + 1);
  return resized;
}

/** Adds the arguments from `first` on at one end; they take `size` bytes, for which there is room. */
export function pushPacked(
  db: Database,
  ref: Ref,
  args: Args,
  first: number,
  left: boolean,
  size: number,
): Ref {
  const { valueStart, valueEnd } = db.locate(ref);
  const length = valueEnd - valueStart;
  const resized = db.resizeValue(ref, LIST_PACKED, length + size);
  const { bytes, valueStart: at } = db.locate(resized);
  writePackedLength(bytes, at, packedLength(bytes, at) + args.count - first);
  if (left) {
    const head = at + PACKED_HEADER_BYTES;
    bytes.copyWithin(head + size, head, at + length);
    let to = head + size;
    for (let i = first; i < args.count; i++) {
      to -= entryBytes(args.length(i));
      writeEntry(bytes, to, args.buf, args.start(i), args.end(i));
    }
  } else {
    let to = at + length;
    for (let i = first; i < args.count; i++) {
      to = writeEntry(bytes, to, args.buf, args.start(i), args.end(i));
    }
  }
  return resized;
}

/** Takes `count` entries out at one end; there are more. */
export function dropPacked(db: Database, ref: Ref, left: boolean, count: number): Ref {
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  const kept = packedLength(bytes, valueStart) - count;
  if (!left) {
    const to = skipBackward(bytes, valueEnd, count);
    writePackedLength(bytes, valueStart, kept);
    return db.setValue(ref, LIST_PACKED, bytes, valueStart, to);
  }
  // The header goes where the last entry taken out ends: an entry has two bytes at least.
  const from = skipForward(bytes, valueStart + PACKED_HEADER_BYTES, count) - PACKED_HEADER_BYTES;
  writePackedLength(bytes, from, kept);
  return db.setValue(ref, LIST_PACKED, bytes, from, valueEnd);
}

/**
 * Takes entries out, not all of them: `removed` is where they begin and end, in turn, from left to
 * right.
 */
export function removePacked(db: Database, ref: Ref, removed: readonly number[]): Ref {
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  const places = removed.map((offset) => valueStart + offset);
  writePackedLength(bytes, valueStart, packedLength(bytes, valueStart) - removed.length / 2);
  const end = closeGaps(bytes as Buffer, valueEnd, places);
  return db.setValue(ref, LIST_PACKED, bytes, valueStart, end);
}
