/**
 * The present data set as commands: what a RESP base file holds.
 *
 *     SELECT 0 / SET key value / SET key value PXAT 1700000000000 / RPUSH key element ... /
 *     ZADD key 1.5 member ... / PEXPIREAT key 1700000000000 ...
 *
 * Promise: no command has more than {@linkcode ELEMENTS_MAX} elements, so that the one who loads it
 * answers in between and needs little memory.
 */

import type { Database, Ref } from "../../keyspace/database.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { ValueType } from "../../keyspace/value.ts";
import { formatDouble } from "../../numbers/double.ts";
import { INT64_MAX } from "../../numbers/int64.ts";
import { CommandEncoder } from "../../resp/encoder.ts";
import { hashAt } from "../../types/hash/view.ts";
import { listAt } from "../../types/list/view.ts";
import { setAt } from "../../types/set/view.ts";
import { streamAt } from "../../types/stream/view.ts";
import { zsetAt } from "../../types/zset/view.ts";
import { encodeStream } from "./snapshot_stream.ts";

/** Commands are handed on in chunks of about this size. */
const CHUNK_BYTES = 256 * 1024;
/** Elements of one command (AOF_REWRITE_ITEMS_PER_CMD). */
const ELEMENTS_MAX = 64;

/**
 * Commands that make all keys, in chunks that are valid until the next one is asked for. The data
 * must not change until all have been taken.
 */
export function* snapshotCommands(keyspace: Keyspace): Generator<Uint8Array> {
  const encoder = new CommandEncoder();
  for (const db of keyspace.databases()) {
    if (db.size === 0) continue;
    encoder.command("SELECT", db.index);
    let cursor = 0;
    do {
      cursor = db.table.scan(cursor, (ref) => encodeRecord(encoder, db, ref));
      if (encoder.length >= CHUNK_BYTES) yield* take(encoder);
    } while (cursor !== 0);
  }
  yield* take(encoder);
}

function* take(encoder: CommandEncoder): Generator<Uint8Array> {
  yield encoder.buf.subarray(0, encoder.length);
  encoder.clear();
}

function encodeRecord(encoder: CommandEncoder, db: Database, ref: Ref): void {
  const key = db.keyOf(ref);
  const type = db.type(ref);
  ENCODERS[type](encoder, key, db, ref);
  const expiry = db.expiry(ref);
  if (expiry !== undefined && type !== "string") {
    encoder.command("PEXPIREAT", key, timePart(expiry));
  }
}

/** A time as an argument: past 2^53 it is rounded, and must not become more than 64 bits hold. */
function timePart(time_ms: number): number | bigint {
  if (Number.isSafeInteger(time_ms)) return time_ms;
  return time_ms < 2 ** 63 ? BigInt(time_ms) : INT64_MAX;
}

type Encoder = (encoder: CommandEncoder, key: Uint8Array, db: Database, ref: Ref) => void;

/** The commands that make a value of each type. */
const ENCODERS: Readonly<Record<ValueType, Encoder>> = {
  string(encoder, key, db, ref) {
    const { bytes, valueStart, valueEnd } = db.locate(ref);
    const value = bytes.subarray(valueStart, valueEnd);
    const expiry = db.expiry(ref);
    if (expiry === undefined) encoder.command("SET", key, value);
    else encoder.command("SET", key, value, "PXAT", timePart(expiry));
  },
  list(encoder, key, db, ref) {
    const list = listAt(db, ref);
    const batches = new Batches(encoder, "RPUSH", key, list.size, 1);
    list.forEach((bytes, start, end) => {
      batches.next();
      encoder.bulk(bytes, start, end);
    });
  },
  set(encoder, key, db, ref) {
    const set = setAt(db, ref);
    const batches = new Batches(encoder, "SADD", key, set.size, 1);
    set.forEach((bytes, start, end) => {
      batches.next();
      encoder.bulk(bytes, start, end);
    });
  },
  zset(encoder, key, db, ref) {
    const zset = zsetAt(db, ref);
    const batches = new Batches(encoder, "ZADD", key, zset.size, 2);
    zset.forEach((bytes, start, end, score) => {
      batches.next();
      encoder.text(formatDouble(score));
      encoder.bulk(bytes, start, end);
    });
  },
  hash: encodeHash,
  stream(encoder, key, db, ref) {
    encodeStream(encoder, key, streamAt(db, ref));
  },
};

function encodeHash(encoder: CommandEncoder, key: Uint8Array, db: Database, ref: Ref): void {
  const hash = hashAt(db, ref);
  const batches = new Batches(encoder, "HSET", key, hash.size, 2);
  hash.forEach((field, fs, fe, value, vs, ve) => {
    batches.next();
    encoder.bulk(field, fs, fe);
    encoder.bulk(value, vs, ve);
  });
  hash.forEach((field, fs, fe, _value, _vs, _ve, expiry) => {
    if (expiry === undefined) return;
    encoder.command("HPEXPIREAT", key, expiry, "FIELDS", 1, field.subarray(fs, fe));
  });
}

/** The commands that make one collection: each is begun where the one before has its elements. */
class Batches {
  readonly #encoder: CommandEncoder;
  readonly #name: string;
  readonly #key: Uint8Array;
  readonly #parts: number;
  #left: number;
  /** How many elements the command under way still needs. */
  #open = 0;

  /** @param size elements in all, @param parts arguments of an element. */
  constructor(
    encoder: CommandEncoder,
    name: string,
    key: Uint8Array,
    size: number,
    parts: number,
  ) {
    this.#encoder = encoder;
    this.#name = name;
    this.#key = key;
    this.#left = size;
    this.#parts = parts;
  }

  /** To be called before the arguments of each element. */
  next(): void {
    if (this.#open === 0) {
      if (this.#left === 0) throw new Error("snapshot: more elements than announced");
      this.#open = Math.min(this.#left, ELEMENTS_MAX);
      this.#left -= this.#open;
      this.#encoder.begin(2 + this.#parts * this.#open);
      this.#encoder.text(this.#name);
      this.#encoder.bulk(this.#key, 0, this.#key.length);
    }
    this.#open--;
  }
}
