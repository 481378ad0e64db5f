/**
 * Packed runs: small collections as one run of bytes, without an object or a pointer per entry.
 *
 *     | length | bytes | length | bytes | ...        a length: 7 bits a byte, low ones first,
 *                                                    the high bit says that more follow
 *
 * A hash is field, value, field, value; a set its members; a sorted set member, score in order. A
 * run stands in a record's value and is read there in place; {@linkcode PackedEditor} changes one in
 * a scratch buffer, from which it is stored back. Every operation walks the run: it is for runs of
 * a few kilobytes at most.
 */

import type { Buffer } from "node:buffer";
import { copyBytes, equalBytes, newBytes } from "./bytes.ts";

/** A byte of a length from here on: more follow. */
export const LONG = 0x80;

/** The length that begins at `at` with a byte of {@linkcode LONG} or more. */
export function longLength(bytes: Uint8Array, at: number): number {
  let length = 0;
  let byte: number;
  let shift = 0;
  do {
    byte = bytes[at++];
    length |= (byte & 0x7f) << shift;
    shift += 7;
  } while (byte >= LONG);
  return length;
}

/** Bytes that a length takes. */
export function lengthBytes(length: number): number {
  return length < 0x80
    ? 1
    : length < 0x4000
    ? 2
    : length < 0x200000
    ? 3
    : length < 0x10000000
    ? 4
    : 5;
}

/** Bytes that an entry of `length` bytes takes. */
export function packedEntryBytes(length: number): number {
  return lengthBytes(length) + length;
}

/**
 * Reads a run entry by entry, in place.
 *
 *     for (const run = new PackedReader(bytes, from, to); run.next();) use(run.bytes, run.start, run.end);
 */
export class PackedReader {
  /** Where the entry begins, its length included. */
  at = 0;
  /** First byte of the entry's content ... */
  start: number;
  /** ... and the offset past its last: the next entry begins here. */
  end: number;

  /** A reader of `bytes[from .. to)`; {@linkcode PackedReader.next} steps to the first entry. */
  constructor(readonly bytes: Uint8Array, from: number, readonly to: number) {
    this.start = this.end = from;
  }

  /** Steps to the next entry; false: there is none. */
  next(): boolean {
    if (this.end >= this.to) return false;
    const { bytes } = this;
    const at = this.at = this.end;
    let length = bytes[at];
    if (length < LONG) {
      this.start = at + 1;
    } else {
      length = longLength(bytes, at);
      this.start = at + lengthBytes(length);
    }
    this.end = this.start + length;
    if (this.end > this.to) {
      throw new Error(`packed run: an entry ends at ${this.end} of ${this.to}`);
    }
    return true;
  }

  /** Passes over the next `count` entries, which are there. */
  skip(count: number): void {
    for (let i = 0; i < count; i++) this.end = entryEnd(this.bytes, this.end);
  }

  /**
   * Steps on until the entry is `buf[start .. end)`, looking at every `stride`-th (1: each; 2: the
   * fields of a hash) from the next one on; false: none is, and the reader is at its end.
   */
  seek(buf: Uint8Array, start: number, end: number, stride: number): boolean {
    const length = end - start;
    while (this.next()) {
      if (
        this.end - this.start === length && equalBytes(this.bytes, this.start, buf, start, length)
      ) {
        return true;
      }
      for (let skip = 1; skip < stride; skip++) this.next();
    }
    return false;
  }
}

/** Offset behind the entry that begins at `at`. */
function entryEnd(bytes: Uint8Array, at: number): number {
  if (bytes[at] < LONG) return at + 1 + bytes[at]; // nearly always
  const length = longLength(bytes, at);
  return at + lengthBytes(length) + length;
}

/** How many entries a run has. */
export function packedCount(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  let at = from;
  for (; at < to; count++) at = entryEnd(bytes, at);
  if (at > to) throw new Error(`packed run: an entry ends at ${at} of ${to}`);
  return count;
}

/** Changes a run in a scratch buffer that is used again and again. */
export class PackedEditor {
  /** The run is `bytes[0 .. length)`. */
  bytes: Buffer = newBytes(1024);
  length = 0;

  /** Begins with a copy of `bytes[from .. to)`. */
  load(bytes: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from);
    copyBytes(bytes, from, to, this.bytes, 0);
    this.length = to - from;
  }

  /** Begins with an empty run. */
  clear(): void {
    this.length = 0;
  }

  /** Adds an entry at the end. */
  push(buf: Uint8Array, start: number, end: number): void {
    this.insert(this.length, buf, start, end);
  }

  /** Adds an entry before the one that begins at offset `at`. */
  insert(at: number, buf: Uint8Array, start: number, end: number): void {
    this.replace(at, at, buf, start, end);
  }

  /** Puts one entry in the place of those from offset `from` to `to`. `buf` is not this run. */
  replace(from: number, to: number, buf: Uint8Array, start: number, end: number): void {
    const header = lengthBytes(end - start);
    const size = header + end - start;
    this.#reserve(this.length - (to - from) + size);
    if (to < this.length && from + size !== to) {
      this.bytes.copyWithin(from + size, to, this.length);
    }
    this.length += size - (to - from);
    let length = end - start;
    for (let i = 0; i < header; i++) {
      this.bytes[from + i] = (length & 0x7f) | (i + 1 < header ? 0x80 : 0);
      length >>>= 7;
    }
    copyBytes(buf, start, end, this.bytes, from + header);
  }

  /** Takes out what stands from offset `from` to `to`: whole entries. */
  remove(from: number, to: number): void {
    this.bytes.copyWithin(from, to, this.length);
    this.length -= to - from;
  }

  #reserve(size: number): void {
    if (size <= this.bytes.length) return;
    const grown = newBytes(Math.max(size, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}
