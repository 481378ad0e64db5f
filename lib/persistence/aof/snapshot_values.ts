/**
 * The commands that make a record: its value, and its expiry. A kept record, an object or a long
 * string, is encoded with rests in between; a step works on some 64 KiB.
 */

import { Buffer } from "node:buffer";
import type { Database, Ref } from "../../keyspace/database.ts";
import type { KeptRecord } from "../../keyspace/kept_record.ts";
import { OBJECT, type ValueObject, type ValueType } from "../../keyspace/value.ts";
import type { ValueMoment } from "../../keyspace/value_moment.ts";
import { HeldValue } from "../../memory/held_value.ts";
import { formatDouble } from "../../numbers/double.ts";
import { INT64_MAX } from "../../numbers/int64.ts";
import { CommandEncoder } from "../../resp/encoder.ts";
import { HashMoment, HashTable } from "../../types/hash/hash_table.ts";
import { hashAt } from "../../types/hash/view.ts";
import type { Chunk } from "../../types/list/chunk.ts";
import { ListDeque } from "../../types/list/deque.ts";
import { Entry } from "../../types/list/entry.ts";
import { ListMoment } from "../../types/list/list_moment.ts";
import { listAt } from "../../types/list/view.ts";
import type { ElementWalk } from "../../types/moment/element_walk.ts";
import { FrozenCopy } from "../../types/moment/frozen_copy.ts";
import { Pace, withoutRest } from "../../types/pace.ts";
import { blocks, type Part, WHOLE_BYTES_MAX } from "../../types/rdb/long_string.ts";
import { SetMoment, SetTable } from "../../types/set/set_table.ts";
import { setAt } from "../../types/set/view.ts";
import { Stream } from "../../types/stream/stream.ts";
import { LargeZset } from "../../types/zset/large_zset.ts";
import { readScore } from "../../types/zset/score.ts";
import { zsetAt } from "../../types/zset/view.ts";
import { ZsetMoment } from "../../types/zset/zset_moment.ts";
import { CommandBatches } from "./snapshot_batches.ts";
import { encodeStream } from "./snapshot_stream.ts";

type Steps = Generator<void, void, void>;

const CRLF = Buffer.from("\r\n", "latin1");
/** What stands before key and value of a string, and between value and expiry: made once only. */
const SET = Buffer.from("*3\r\n$3\r\nSET\r\n", "latin1");
const SET_UNTIL = Buffer.from("*5\r\n$3\r\nSET\r\n", "latin1");
const UNTIL = Buffer.from("$4\r\nPXAT\r\n", "latin1");

/** Encodes the commands that make a record, as it is now; where all of it has expired, none. */
export function encodeRecord(encoder: CommandEncoder, db: Database, ref: Ref): void {
  const type = db.type(ref);
  if (type === "string") return encodeString(encoder, db, ref);
  const expiry_ms = db.expiry(ref);
  const key = db.keyOf(ref);
  if (db.encoding(ref) === OBJECT) {
    const { loading, now_ms } = db.keyspace;
    const clock_ms = loading ? -Infinity : now_ms;
    const steps = encodeObject(encoder, key, db.objectAside(ref), clock_ms);
    return withoutRest(withExpiry(encoder, key, expiry_ms, steps));
  }
  const isThere = SMALL_VALUES[type](encoder, key, db, ref);
  if (isThere) encodeExpiry(encoder, key, expiry_ms);
}

/** The same for a record that is kept. */
export function encodeKept(encoder: CommandEncoder, { key, value, expiry_ms }: KeptRecord): Steps {
  if (!(value instanceof HeldValue)) {
    return withExpiry(encoder, key, expiry_ms, encodeMoment(encoder, key, value));
  }
  const { bytes, valueStart: start, valueEnd: end } = value;
  return encodeLongString(encoder, key, { bytes, start, end, held: value }, expiry_ms);
}

/** Encodes the command that makes the string of a record. */
function encodeString(encoder: CommandEncoder, db: Database, ref: Ref): void {
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

/** Bytes of the command that makes a kept string; 0: it is another value. */
export function longStringBytes({ key, value, expiry_ms }: KeptRecord): number {
  if (!(value instanceof HeldValue)) return 0;
  const plain_bytes = SET.length + bulkBytes(key.length) +
    bulkBytes(value.valueEnd - value.valueStart);
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

/** Encodes an object; ends with whether there was anything. */
function* encodeObject(
  encoder: CommandEncoder,
  key: Buffer,
  object: ValueObject,
  clock_ms: number,
): Generator<void, boolean, void> {
  if (object instanceof HashTable) return yield* encodeHash(encoder, key, object.walk(clock_ms));
  if (object instanceof ListDeque) yield* encodeList(encoder, key, object);
  else if (object instanceof SetTable) yield* encodeMembers(encoder, key, object.walk(), "SADD");
  else if (object instanceof LargeZset) {
    yield* encodeMembers(encoder, key, object.walk(false), "ZADD");
  } else if (object instanceof Stream) yield* encodeStream(encoder, key, object);
  else throw new Error(`snapshot: an object of type ${object.type} cannot be encoded`);
  return true;
}

/** The same for an object as it was at a moment. */
function* encodeMoment(
  encoder: CommandEncoder,
  key: Buffer,
  moment: ValueMoment,
): Generator<void, boolean, void> {
  if (moment instanceof HashMoment) return yield* encodeHash(encoder, key, moment);
  if (moment instanceof ListMoment) yield* encodeList(encoder, key, moment);
  else if (moment instanceof SetMoment) yield* encodeMembers(encoder, key, moment, "SADD");
  else if (moment instanceof ZsetMoment) yield* encodeMembers(encoder, key, moment, "ZADD");
  else if (moment instanceof FrozenCopy && moment.value instanceof Stream) {
    yield* encodeStream(encoder, key, moment.value);
  } else throw new Error("snapshot: the moment of an unknown object");
  return true;
}

function* encodeList(
  encoder: CommandEncoder,
  key: Buffer,
  { chunks, length }: { readonly chunks: Iterable<Chunk>; readonly length: number },
): Steps {
  const batches = new CommandBatches(encoder, "RPUSH", key, length, 1);
  const pace = new Pace();
  const entry = new Entry();
  for (const { bytes, head, tail } of chunks) {
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

/** The members of a set, or (`ZADD`) those of a sorted set behind their scores. */
function* encodeMembers(
  encoder: CommandEncoder,
  key: Buffer,
  members: ElementWalk,
  command: "SADD" | "ZADD",
): Steps {
  const scored = command === "ZADD";
  const batches = new CommandBatches(encoder, command, key, members.count, scored ? 2 : 1);
  while (members.next()) {
    if (members.isResting) {
      yield;
      continue;
    }
    const { bytes, keyStart: start, valueStart: end } = members;
    batches.next();
    if (scored) encoder.text(formatDouble(readScore(bytes, end)));
    if (end - start <= WHOLE_BYTES_MAX) encoder.bulk(bytes, start, end);
    else yield* encodeBulk(encoder, { bytes, start, end });
  }
  batches.end();
}

/** The fields that expire get their times behind the command that makes them. */
function* encodeHash(
  encoder: CommandEncoder,
  key: Buffer,
  fields: ElementWalk,
): Generator<void, boolean, void> {
  const batches = new CommandBatches(encoder, "HSET", key, fields.count, 2);
  const times = new CommandEncoder();
  while (fields.next()) {
    if (fields.isResting) {
      yield;
      continue;
    }
    const { bytes, keyStart, valueStart, valueEnd, expiry_ms } = fields;
    batches.next();
    if (valueEnd - keyStart <= WHOLE_BYTES_MAX) {
      encoder.bulk(bytes, keyStart, valueStart);
      encoder.bulk(bytes, valueStart, valueEnd);
    } else {
      yield* encodeBulk(encoder, { bytes, start: keyStart, end: valueStart });
      yield* encodeBulk(encoder, { bytes, start: valueStart, end: valueEnd });
    }
    if (expiry_ms !== undefined) {
      encodeFieldExpiry(times, key, expiry_ms, bytes, keyStart, valueStart);
    }
    if (batches.isBetween && times.length > 0) {
      encoder.raw(times.buf, 0, times.length);
      times.clear();
    }
  }
  batches.end();
  return fields.count > 0;
}
