/**
 * The commands that make a record: its value, and its expiry. Objects and long strings are encoded
 * with rests in between; a step works on some 64 KiB. Between two steps the value must not change.
 */

import { Buffer } from "node:buffer";
import type { Database, Ref } from "../../keyspace/database.ts";
import { OBJECT, type ValueObject, type ValueType } from "../../keyspace/value.ts";
import { RecordWalk } from "../../memory/record_walk.ts";
import { formatDouble } from "../../numbers/double.ts";
import { INT64_MAX } from "../../numbers/int64.ts";
import type { CommandEncoder } from "../../resp/encoder.ts";
import { HashTable } from "../../types/hash/hash_table.ts";
import { hashAt } from "../../types/hash/view.ts";
import { ListDeque } from "../../types/list/deque.ts";
import { Entry } from "../../types/list/entry.ts";
import { listAt } from "../../types/list/view.ts";
import { Pace } from "../../types/pace.ts";
import { blocks, type Part, WHOLE_BYTES_MAX } from "../../types/rdb/long_string.ts";
import { SetTable } from "../../types/set/set_table.ts";
import { setAt } from "../../types/set/view.ts";
import { Stream } from "../../types/stream/stream.ts";
import { LargeZset } from "../../types/zset/large_zset.ts";
import { zsetAt } from "../../types/zset/view.ts";
import { ZsetWalk } from "../../types/zset/walk.ts";
import { CommandBatches } from "./snapshot_batches.ts";
import { encodeStream } from "./snapshot_stream.ts";

type Steps = Generator<void, void, void>;

const CRLF = Buffer.from("\r\n", "latin1");
/** What stands before key and value of a string, and between value and expiry: made once only. */
const SET = Buffer.from("*3\r\n$3\r\nSET\r\n", "latin1");
const SET_UNTIL = Buffer.from("*5\r\n$3\r\nSET\r\n", "latin1");
const UNTIL = Buffer.from("$4\r\nPXAT\r\n", "latin1");
/** What writing a score costs, as bytes. */
const SCORE_BYTES = 64;

/** Encodes the commands that make a record, as it is now; where all of it has expired, none. */
export function encodeRecord(encoder: CommandEncoder, db: Database, ref: Ref): Steps {
  const expiry_ms = db.expiry(ref);
  const type = db.type(ref);
  if (type === "string") {
    const { bytes, valueStart: start, valueEnd: end } = db.locate(ref);
    // A long string has a buffer of its own, and stays there whatever becomes of the record.
    if (end - start > WHOLE_BYTES_MAX) {
      return encodeLongString(encoder, db.keyOf(ref), { bytes, start, end }, expiry_ms);
    }
    encodeString(encoder, db, ref);
    return noSteps();
  }
  const key = db.keyOf(ref);
  if (db.encoding(ref) === OBJECT) {
    const { loading, now_ms } = db.keyspace;
    const clock_ms = loading ? -Infinity : now_ms;
    const steps = encodeObject(encoder, key, db.object(ref), clock_ms);
    return withExpiry(encoder, key, expiry_ms, steps);
  }
  const isThere = SMALL_VALUES[type](encoder, key, db, ref);
  if (isThere) encodeExpiry(encoder, key, expiry_ms);
  return noSteps();
}

function* noSteps(): Steps {}

/** Encodes the command that makes the string of a record. */
export function encodeString(encoder: CommandEncoder, db: Database, ref: Ref): void {
  const expiry_ms = db.expiry(ref);
  const { bytes, keyStart, valueStart, valueEnd } = db.locate(ref);
  beginSet(encoder, expiry_ms);
  encoder.bulk(bytes, keyStart, valueStart);
  encoder.bulk(bytes, valueStart, valueEnd);
  endSet(encoder, expiry_ms);
}

function beginSet(encoder: CommandEncoder, expiry_ms: number | undefined): void {
  const head = expiry_ms === undefined ? SET : SET_UNTIL;
  encoder.raw(head, 0, head.length);
}

function endSet(encoder: CommandEncoder, expiry_ms: number | undefined): void {
  if (expiry_ms === undefined) return;
  encoder.raw(UNTIL, 0, UNTIL.length);
  encoder.text(String(timePart(expiry_ms)));
}

function* encodeLongString(
  encoder: CommandEncoder,
  key: Buffer,
  value: Part,
  expiry_ms: number | undefined,
): Steps {
  beginSet(encoder, expiry_ms);
  encoder.bulk(key, 0, key.length);
  yield* encodeBulk(encoder, value);
  endSet(encoder, expiry_ms);
}

/** Bytes of the command that makes a string too long to be encoded at once; 0: it is another value. */
export function longStringBytes(db: Database, ref: Ref): number {
  if (db.type(ref) !== "string") return 0;
  const { keyStart, valueStart, valueEnd } = db.locate(ref);
  if (valueEnd - valueStart <= WHOLE_BYTES_MAX) return 0;
  const plain_bytes = SET.length + bulkBytes(valueStart - keyStart) +
    bulkBytes(valueEnd - valueStart);
  const expiry_ms = db.expiry(ref);
  if (expiry_ms === undefined) return plain_bytes;
  return plain_bytes + UNTIL.length + bulkBytes(String(timePart(expiry_ms)).length);
}

/** Bytes of an argument of this length. */
function bulkBytes(length: number): number {
  return `$${length}`.length + CRLF.length + length + CRLF.length;
}

/** Encodes a long argument. */
function* encodeBulk(encoder: CommandEncoder, part: Part): Steps {
  const head = Buffer.from(`$${part.end - part.start}\r\n`, "latin1");
  encoder.raw(head, 0, head.length);
  for (const { bytes, start, end } of blocks([part])) {
    encoder.raw(bytes, start, end);
    yield;
  }
  encoder.raw(CRLF, 0, CRLF.length);
}

function* withExpiry(
  encoder: CommandEncoder,
  key: Buffer,
  expiry_ms: number | undefined,
  steps: Generator<void, boolean, void>,
): Steps {
  const isThere = yield* steps;
  if (isThere) encodeExpiry(encoder, key, expiry_ms);
}

function encodeExpiry(encoder: CommandEncoder, key: Buffer, expiry_ms: number | undefined): void {
  if (expiry_ms !== undefined) encoder.command("PEXPIREAT", key, timePart(expiry_ms));
}

/** A time as an argument: past 2^53 it is rounded, and must not become more than 64 bits hold. */
function timePart(time_ms: number): number | bigint {
  if (Number.isSafeInteger(time_ms)) return time_ms;
  return time_ms < 2 ** 63 ? BigInt(time_ms) : INT64_MAX;
}

type SmallValue = (encoder: CommandEncoder, key: Buffer, db: Database, ref: Ref) => boolean;

/** The commands that make a packed value of each type. Return whether there were any. */
const SMALL_VALUES: Readonly<Record<Exclude<ValueType, "string">, SmallValue>> = {
  list(encoder, key, db, ref) {
    const list = listAt(db, ref);
    const batches = new CommandBatches(encoder, "RPUSH", key, list.size, 1);
    list.forEach((bytes, start, end) => {
      batches.next();
      encoder.bulk(bytes, start, end);
    });
    batches.end();
    return true;
  },
  set(encoder, key, db, ref) {
    const set = setAt(db, ref);
    const batches = new CommandBatches(encoder, "SADD", key, set.size, 1);
    set.forEach((bytes, start, end) => {
      batches.next();
      encoder.bulk(bytes, start, end);
    });
    batches.end();
    return true;
  },
  zset(encoder, key, db, ref) {
    const zset = zsetAt(db, ref);
    const batches = new CommandBatches(encoder, "ZADD", key, zset.size, 2);
    zset.forEach((bytes, start, end, score) => {
      batches.next();
      encoder.text(formatDouble(score));
      encoder.bulk(bytes, start, end);
    });
    batches.end();
    return true;
  },
  hash(encoder, key, db, ref) {
    const hash = hashAt(db, ref);
    const { size } = hash;
    const batches = new CommandBatches(encoder, "HSET", key, size, 2);
    hash.forEach((field, fs, fe, value, vs, ve) => {
      batches.next();
      encoder.bulk(field, fs, fe);
      encoder.bulk(value, vs, ve);
    });
    batches.end();
    hash.forEach((field, fs, fe, _value, _vs, _ve, expiry) => {
      if (expiry !== undefined) encodeFieldExpiry(encoder, key, expiry, field, fs, fe);
    });
    return size > 0;
  },
  stream() {
    throw new Error("snapshot: a stream is always an object");
  },
};

function encodeFieldExpiry(
  encoder: CommandEncoder,
  key: Buffer,
  expiry_ms: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  encoder.command("HPEXPIREAT", key, expiry_ms, "FIELDS", 1, bytes.subarray(start, end));
}

function* encodeObject(
  encoder: CommandEncoder,
  key: Buffer,
  object: ValueObject,
  clock_ms: number,
): Generator<void, boolean, void> {
  if (object instanceof HashTable) return yield* encodeHash(encoder, key, object, clock_ms);
  if (object instanceof ListDeque) yield* encodeList(encoder, key, object);
  else if (object instanceof SetTable) yield* encodeSet(encoder, key, object);
  else if (object instanceof LargeZset) yield* encodeZset(encoder, key, object);
  else if (object instanceof Stream) yield* encodeStream(encoder, key, object);
  else throw new Error(`snapshot: an object of type ${object.type} cannot be encoded`);
  return true;
}

function* encodeList(encoder: CommandEncoder, key: Buffer, list: ListDeque): Steps {
  const batches = new CommandBatches(encoder, "RPUSH", key, list.length, 1);
  const pace = new Pace();
  const entry = new Entry();
  for (const { bytes, head, tail } of list.chunks) {
    entry.bytes = bytes;
    for (let at = head; at < tail; at = entry.to) {
      entry.readAfter(at);
      const { start, end } = entry;
      batches.next();
      if (end - start <= WHOLE_BYTES_MAX) encoder.bulk(bytes, start, end);
      else yield* encodeBulk(encoder, { bytes, start, end });
      if (pace.isOver(end - start)) yield;
    }
  }
  batches.end();
}

function* encodeSet(encoder: CommandEncoder, key: Buffer, { table, size }: SetTable): Steps {
  const batches = new CommandBatches(encoder, "SADD", key, size, 1);
  const pace = new Pace();
  const walk = new RecordWalk(table);
  while (walk.next()) {
    for (const ref of walk.refs) {
      table.locate(ref);
      const { bytes, keyStart: start, valueStart: end } = table;
      batches.next();
      if (end - start <= WHOLE_BYTES_MAX) encoder.bulk(bytes, start, end);
      else yield* encodeBulk(encoder, { bytes, start, end });
      if (pace.isOver(end - start)) yield;
    }
  }
  batches.end();
}

function* encodeZset(encoder: CommandEncoder, key: Buffer, zset: LargeZset): Steps {
  const batches = new CommandBatches(encoder, "ZADD", key, zset.size, 2);
  const pace = new Pace();
  const walk = new ZsetWalk(zset, false);
  while (walk.step()) {
    const { bytes, start, end, score } = walk;
    batches.next();
    encoder.text(formatDouble(score));
    if (end - start <= WHOLE_BYTES_MAX) encoder.bulk(bytes, start, end);
    else yield* encodeBulk(encoder, { bytes, start, end });
    if (pace.isOver(end - start + SCORE_BYTES)) yield;
  }
  batches.end();
}

function* encodeHash(
  encoder: CommandEncoder,
  key: Buffer,
  hash: HashTable,
  clock_ms: number,
): Generator<void, boolean, void> {
  const { table } = hash;
  const size = hash.sizeAt(clock_ms);
  const batches = new CommandBatches(encoder, "HSET", key, size, 2);
  const pace = new Pace();
  const walk = new RecordWalk(table);
  while (walk.next()) {
    for (const ref of walk.refs) {
      if (hash.isExpired(ref, clock_ms)) continue;
      table.locate(ref);
      const { bytes, keyStart, valueStart, valueEnd } = table;
      batches.next();
      if (valueEnd - keyStart <= WHOLE_BYTES_MAX) {
        encoder.bulk(bytes, keyStart, valueStart);
        encoder.bulk(bytes, valueStart, valueEnd);
      } else {
        yield* encodeBulk(encoder, { bytes, start: keyStart, end: valueStart });
        yield* encodeBulk(encoder, { bytes, start: valueStart, end: valueEnd });
      }
      if (pace.isOver(valueEnd - keyStart)) yield;
    }
  }
  batches.end();
  if (hash.nextExpiry_ms < Infinity) yield* encodeFieldExpiries(encoder, key, hash, clock_ms, pace);
  return size > 0;
}

function* encodeFieldExpiries(
  encoder: CommandEncoder,
  key: Buffer,
  { table }: HashTable,
  clock_ms: number,
  pace: Pace,
): Steps {
  const walk = new RecordWalk(table);
  while (walk.next()) {
    for (const ref of walk.refs) {
      const expiry_ms = table.expiry(ref);
      if (expiry_ms === undefined || expiry_ms <= clock_ms) continue;
      table.locate(ref);
      const { bytes, keyStart, valueStart } = table;
      encodeFieldExpiry(encoder, key, expiry_ms, bytes, keyStart, valueStart);
      if (pace.isOver(key.length + valueStart - keyStart)) yield;
    }
    if (pace.isOver(0)) yield;
  }
}
