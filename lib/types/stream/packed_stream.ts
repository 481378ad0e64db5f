/**
 * A small stream as one run of bytes: so it stands in its key's record after loading, until a command
 * uses it. As an object it takes half a kilobyte of V8's heap, and loading many of them is a matter
 * of collecting garbage.
 *
 *     | 0, 4 bytes | chunk's ID | listpack | last ID | largest deleted ID | entries added |
 *
 * It has one chunk and no groups. The zeros stand where the handle of its object will be
 * (`keyspace/record_objects.ts`). A number of 64 bits, of which an ID has two, takes 7 bits a byte, low
 * ones first; the high bit says that more follow.
 */

import type { Buffer } from "node:buffer";
import { HANDLE_BYTES } from "../../keyspace/value.ts";
import { copyBytes, newBytes } from "../../memory/bytes.ts";
import { StreamChecker } from "./check.ts";
import { Chunk, chunkBuffer } from "./chunk.ts";
import { Stream } from "./stream.ts";
import { compareIds, ID_MIN, type StreamId } from "./stream_id.ts";
import { toInt64, toUint64, type Uint64 } from "./uint64.ts";

/** A stream with a larger chunk becomes an object at once. */
const LISTPACK_BYTES_MAX = 1024;
/** The numbers of a run, and the bytes that each takes at most. */
const NUMBERS = 7;
const NUMBER_BYTES_MAX = 10;
const MORE = 0x80;

/** Puts small streams together, one after another. */
export class PackedStream {
  /** The run is `bytes[0 .. length)`. */
  readonly bytes: Buffer = newBytes(
    HANDLE_BYTES + LISTPACK_BYTES_MAX + NUMBERS * NUMBER_BYTES_MAX,
  );
  length = 0;
  #listpackAt = 0;

  /**
   * Begins with a chunk, which was checked: its ID and its listpack `buf[start .. end)`.
   *
   * @returns false if it is too large.
   */
  begin(ms: Uint64, seq: Uint64, buf: Buffer, start: number, end: number): boolean {
    if (end - start > LISTPACK_BYTES_MAX) return false;
    this.length = HANDLE_BYTES;
    this.#push(ms);
    this.#push(seq);
    this.#listpackAt = this.length;
    copyBytes(buf, start, end, this.bytes, this.length);
    this.length += end - start;
    return true;
  }

  /** A copy of the listpack, before {@linkcode PackedStream.finish}. */
  listpack(): Buffer {
    return copyOf(this.bytes, this.#listpackAt, this.length);
  }

  /**
   * Adds the largest ID ever given out, the largest that was deleted, and how many entries were ever
   * added, all checked.
   */
  finish(
    lastMs: Uint64,
    lastSeq: Uint64,
    deletedMs: Uint64,
    deletedSeq: Uint64,
    entriesAdded: number | bigint,
  ): void {
    this.#push(lastMs);
    this.#push(lastSeq);
    this.#push(deletedMs);
    this.#push(deletedSeq);
    this.#push(entriesAdded >= 0 ? entriesAdded : toUint64(BigInt(entriesAdded)));
  }

  #push(value: Uint64): void {
    const { bytes } = this;
    let at = this.length;
    if (typeof value === "bigint") {
      for (; value >= MORE; value >>= 7n) bytes[at++] = Number(value & 0x7fn) | MORE;
      bytes[at++] = Number(value);
    } else {
      for (; value >= MORE; value = Math.floor(value / MORE)) bytes[at++] = value | MORE;
      bytes[at++] = value;
    }
    this.length = at;
  }
}

/** The stream that the run `bytes[start .. end)` holds; it shares nothing with it. */
export function unpackStream(bytes: Buffer, start: number, end: number): Stream {
  const numbers = new Numbers(bytes, start + HANDLE_BYTES);
  const id = numbers.nextId();
  const listpackEnd = numbers.at + bytes.readUInt32LE(numbers.at);
  const listpack = copyOf(bytes, numbers.at, listpackEnd);
  numbers.at = listpackEnd;

  const checker = new StreamChecker();
  checker.checkChunk(id.ms, id.seq, listpack, 0, listpack.length); // finds the first entry
  const { live, firstMs, firstSeq } = checker;
  const stream = new Stream();
  stream.adoptChunk(Chunk.of(id, listpack));
  stream.length = live;
  stream.lastId = numbers.nextId();
  stream.maxDeletedId = numbers.nextId();
  stream.entriesAdded = toInt64(BigInt(numbers.next()));
  if (numbers.at !== end) throw new Error("a packed stream has a wrong length");
  stream.firstId = live > 0 ? { ms: firstMs, seq: firstSeq } : ID_MIN;
  if (compareIds(stream.firstId, stream.lastId) === 0) stream.firstId = stream.lastId;
  return stream;
}

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = chunkBuffer(end - start);
  copyBytes(bytes, start, end, copy, 0);
  return copy;
}

/** Reads the numbers of a run. */
class Numbers {
  constructor(readonly bytes: Buffer, public at: number) {}

  next(): Uint64 {
    const { bytes } = this;
    let value = bytes[this.at] & 0x7f;
    let wide = 0n;
    let shift = 0;
    for (let scale = MORE; bytes[this.at++] >= MORE; scale *= MORE) {
      const bits = bytes[this.at] & 0x7f;
      shift += 7;
      if (shift < 49) value += bits * scale;
      else wide |= BigInt(bits) << BigInt(shift);
    }
    return wide === 0n ? value : toUint64(wide | BigInt(value));
  }

  nextId(): StreamId {
    const ms = this.next();
    const seq = this.next();
    return ms === 0 && seq === 0 ? ID_MIN : { ms, seq };
  }
}
