/**
 * An element of a list as it stands in a run of bytes: its length before and behind it, so that a
 * run can be read from both ends.
 *
 *     | length | bytes | length |         a length: 7 bits a byte, low ones first, the high bit says
 *                                         that more follow; the one behind is written backwards
 */

import type { Buffer } from "node:buffer";
import { copyBytes, newBytes } from "../../memory/bytes.ts";

/** Lengths below this take one byte. */
const SHORT = 0x80;

/** Bytes that an element of `length` bytes takes. */
export function entryBytes(length: number): number {
  if (length < SHORT) return length + 2;
  let header = 1;
  for (let rest = length; rest >= SHORT; rest >>>= 7) header++;
  return length + 2 * header;
}

/** Writes `buf[start .. end)` as an entry at `at`, where there is room. Returns where it ends. */
export function writeEntry(
  bytes: Uint8Array,
  at: number,
  buf: Uint8Array,
  start: number,
  end: number,
): number {
  const length = end - start;
  if (length >= SHORT) return writeLongEntry(bytes, at, buf, start, end);
  bytes[at] = length;
  copyBytes(buf, start, end, bytes, at + 1);
  bytes[at + 1 + length] = length;
  return at + 2 + length;
}

function writeLongEntry(
  bytes: Uint8Array,
  at: number,
  buf: Uint8Array,
  start: number,
  end: number,
): number {
  const to = at + entryBytes(end - start);
  let last = to;
  for (let rest = end - start; rest > 0; rest >>>= 7) {
    const byte = rest >= SHORT ? (rest & 0x7f) | SHORT : rest;
    bytes[at++] = byte;
    bytes[--last] = byte;
  }
  copyBytes(buf, start, end, bytes, at);
  return to;
}

const NOTHING = newBytes(0);

/** An entry of a run, or a place between two of them. */
export class Entry {
  /** The run's bytes. */
  bytes: Buffer = NOTHING;
  /** Where the entry begins. */
  from = 0;
  /** First byte of the element. */
  start = 0;
  /** Past its last byte. */
  end = 0;
  /** Where the entry ends. */
  to = 0;

  /** Reads the entry that begins at `at`. */
  readAfter(at: number): void {
    const { bytes } = this;
    this.from = at;
    let length = bytes[at++];
    let header = 1;
    if (length >= SHORT) {
      let shift = 7;
      let byte: number;
      length &= 0x7f;
      do {
        byte = bytes[at++];
        length |= (byte & 0x7f) << shift;
        shift += 7;
        header++;
      } while (byte >= SHORT);
    }
    this.start = at;
    this.end = at + length;
    this.to = this.end + header;
  }

  /** Reads the entry that ends at `at`. */
  readBefore(at: number): void {
    const { bytes } = this;
    this.to = at;
    let length = bytes[--at];
    let header = 1;
    if (length >= SHORT) {
      let shift = 7;
      let byte: number;
      length &= 0x7f;
      do {
        byte = bytes[--at];
        length |= (byte & 0x7f) << shift;
        shift += 7;
        header++;
      } while (byte >= SHORT);
    }
    this.end = at;
    this.start = at - length;
    this.from = this.start - header;
  }

  /** Goes to a place between two entries. */
  standAt(at: number): void {
    this.from =
      this.start =
      this.end =
      this.to =
        at;
  }
}

/** Where `count` entries end that begin at `at`. */
export function skipForward(bytes: Buffer, at: number, count: number): number {
  const entry = walker;
  entry.bytes = bytes;
  for (; count > 0; count--) {
    entry.readAfter(at);
    at = entry.to;
  }
  return at;
}

/** Where `count` entries begin that end at `at`. */
export function skipBackward(bytes: Buffer, at: number, count: number): number {
  const entry = walker;
  entry.bytes = bytes;
  for (; count > 0; count--) {
    entry.readBefore(at);
    at = entry.from;
  }
  return at;
}

const walker = new Entry();

/**
 * Takes entries out of the run `bytes[head .. tail)` and closes the gaps. `removed` is where they
 * begin and end, in turn, from left to right. Returns the new end of the run.
 */
export function closeGaps(bytes: Buffer, tail: number, removed: readonly number[]): number {
  let to = removed[0];
  for (let i = 1; i < removed.length; i += 2) {
    const from = removed[i];
    const end = i + 1 < removed.length ? removed[i + 1] : tail;
    bytes.copyWithin(to, from, end);
    to += end - from;
  }
  return to;
}
