/**
 * Checks the parts of a stream that come from elsewhere, in place and without making objects.
 *
 * Promise: a chunk that passes is a well-formed listpack whose entries are as they should be, behind
 * those of the chunks before.
 */

import type { Buffer } from "node:buffer";
import { newBytes } from "../../memory/bytes.ts";
import { DELETED, SAME_FIELDS } from "./chunk.ts";
import {
  afterElement,
  countElements,
  ELEMENTS_UNKNOWN,
  HEADER_BYTES,
  isInteger,
  LISTPACK_END,
  readInteger,
} from "./listpack.ts";
import { addUint64, type Uint64 } from "./uint64.ts";

const NOTHING = newBytes(0);

/** Parts of a stream that do not fit together. */
export class InvalidStreamError extends Error {
  override name = "InvalidStreamError";
}

/** Checks the chunks of one stream after another, and then its figures. */
export class StreamChecker {
  /** Entries so far that are not deleted. */
  live = 0;
  /** The ID of the first of them; 0-0: there is none. */
  firstMs: Uint64 = 0;
  firstSeq: Uint64 = 0;
  /** The ID of the last of them. */
  lastMs: Uint64 = 0;
  lastSeq: Uint64 = 0;

  /** Begins with another stream. */
  reset(): void {
    this.live =
      this.firstMs =
      this.firstSeq =
      this.lastMs =
      this.lastSeq =
        0;
  }

  /**
   * Checks the listpack `bytes[start .. end)` of the chunk with the ID `ms-seq`.
   *
   * @throws {InvalidStreamError} it cannot be a chunk of this stream.
   */
  checkChunk(ms: Uint64, seq: Uint64, bytes: Buffer, start: number, end: number): void {
    checkListpack(bytes, start, end);
    walk.open(bytes, start, end);
    try {
      this.#checkEntries(ms, seq);
    } finally {
      walk.open(NOTHING, 0, 0);
    }
  }

  /** Checks the length of the stream and its last ID, once all chunks were checked. */
  checkFigures(length: number, lastMs: Uint64, lastSeq: Uint64): void {
    if (length !== this.live) throw new InvalidStreamError("the length is wrong");
    if (isAfter(this.lastMs, this.lastSeq, lastMs, lastSeq)) {
      throw new InvalidStreamError("an entry is behind the last ID");
    }
  }

  #checkEntries(chunkMs: Uint64, chunkSeq: Uint64): void {
    const live = walk.count();
    const deleted = walk.count();
    const fieldCount = walk.count();
    walk.skip(fieldCount);
    if (walk.integer() !== 0) throw new InvalidStreamError("a chunk's fields have no end");
    let deletedSeen = 0;
    for (let i = 0; i < live + deleted; i++) {
      const flags = walk.integer();
      if (typeof flags === "bigint" || flags < 0 || flags > 3) {
        throw new InvalidStreamError("an entry has unknown flags");
      }
      const ms = addUint64(chunkMs, walk.integer());
      const seq = addUint64(chunkSeq, walk.integer());
      if ((flags & DELETED) === 0) this.#noteLive(ms, seq);
      else deletedSeen++; // they may be out of order, after an XSETID
      const isSame = (flags & SAME_FIELDS) !== 0;
      const fields = isSame ? fieldCount : walk.count();
      walk.skip(isSame ? fields : 2 * fields);
      if (walk.integer() !== (isSame ? 3 + fields : 4 + 2 * fields)) {
        throw new InvalidStreamError("an entry has a wrong count of parts");
      }
    }
    if (!walk.isAtEnd || live + deleted === 0 || deletedSeen !== deleted) {
      throw new InvalidStreamError("a chunk has a wrong count of entries");
    }
  }

  #noteLive(ms: Uint64, seq: Uint64): void {
    if (!isAfter(ms, seq, this.lastMs, this.lastSeq)) {
      throw new InvalidStreamError("entries are not in order");
    }
    if (this.live++ === 0) {
      this.firstMs = ms;
      this.firstSeq = seq;
    }
    this.lastMs = ms;
    this.lastSeq = seq;
  }
}

/** Whether the ID `ms-seq` is behind another. */
function isAfter(ms: Uint64, seq: Uint64, otherMs: Uint64, otherSeq: Uint64): boolean {
  return ms > otherMs || (ms === otherMs && seq > otherSeq);
}

function checkListpack(bytes: Buffer, start: number, end: number): void {
  const size = end - start;
  if (
    size <= HEADER_BYTES ||
    (bytes[start] | (bytes[start + 1] << 8) | (bytes[start + 2] << 16)) +
          bytes[start + 3] * 0x1000000 !== size ||
    bytes[end - 1] !== LISTPACK_END
  ) {
    throw new InvalidStreamError("a listpack has a wrong size");
  }
  const count = countElements(bytes, start + HEADER_BYTES, end - 1);
  const announced = bytes[start + 4] | (bytes[start + 5] << 8);
  if (count < 0 || (announced !== ELEMENTS_UNKNOWN && announced !== count)) {
    throw new InvalidStreamError("a listpack is malformed");
  }
}

/** Walks through the elements of a well-formed listpack and refuses what is not there. */
class Walk {
  #at = 0;
  #buf: Buffer = NOTHING;
  #end = 0;
  #size = 0;

  open(buf: Buffer, start: number, end: number): void {
    this.#buf = buf;
    this.#at = start + HEADER_BYTES;
    this.#end = end - 1;
    this.#size = end - start;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  integer(): number | bigint {
    const buf = this.#buf;
    const at = this.#at;
    if (at < this.#end && buf[at] < 0x80) { // most of them
      this.#at = at + 2;
      return buf[at];
    }
    if (this.isAtEnd || !isInteger(buf, at)) {
      throw new InvalidStreamError("a chunk has no integer where one must be");
    }
    this.#at = afterElement(buf, at);
    return readInteger(buf, at);
  }

  /** An integer that counts something there is room for. */
  count(): number {
    const value = this.integer();
    if (value < 0 || value > this.#size) {
      throw new InvalidStreamError("a chunk has an impossible count");
    }
    return Number(value);
  }

  skip(count: number): void {
    for (let i = 0; i < count; i++) {
      if (this.isAtEnd) throw new InvalidStreamError("a chunk ends too soon");
      this.#at = afterElement(this.#buf, this.#at);
    }
  }
}

/** Of chunks being checked there is one at a time. */
const walk = new Walk();
