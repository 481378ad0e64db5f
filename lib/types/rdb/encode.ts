/**
 * Writes the value of a key as RDB, in the form that Redis 7.0 chooses for a value that is kept as
 * OBJECT ENCODING says. Fields with an expiry are written as Redis 7.4 does.
 */

import type { Database, Ref } from "../../keyspace/database.ts";
import type { KeptRecord } from "../../keyspace/kept_record.ts";
import { HASH_PACKED, OBJECT, SET_INTEGERS } from "../../keyspace/value.ts";
import { newBytes } from "../../memory/bytes.ts";
import { HeldValue } from "../../memory/held_value.ts";
import { PackedReader } from "../../memory/packed.ts";
import { formatDouble } from "../../numbers/double.ts";
import { type Int64, writeInt } from "../../numbers/int64.ts";
import { hashAt, type HashView } from "../hash/view.ts";
import { listAt } from "../list/view.ts";
import { withoutRest } from "../pace.ts";
import { integerAt } from "../set/integers.ts";
import { setAt } from "../set/view.ts";
import { PackedRun } from "../zset/packed_run.ts";
import {
  type Begin,
  encodeMoment,
  encodeObject,
  relativeExpiry,
  type Steps,
} from "./encode_object.ts";
import { writeIntset } from "./intset.ts";
import type { EncodingLimits } from "./limits.ts";
import { ListNodesWriter } from "./list_nodes.ts";
import { ListpackWriter } from "./listpack_writer.ts";
import { writeLongString } from "./long_string.ts";
import { RDB_VERSION, RDB_VERSION_FIELD_EXPIRY, RdbType } from "./types.ts";
import { RdbWriter } from "./writer.ts";

/** Integers up to this are kept as integers in a sorted set's listpack (LLONG_MAX / 2). */
const INTEGER_SCORE_MAX = 2 ** 62;

/** A number of whole eighths below this has at most 15 digits: they are exact. */
const EIGHTHS_MAX = 1e12;
const EIGHTHS = [".0", ".125", ".25", ".375", ".5", ".625", ".75", ".875"];
const MINUS = 0x2d;
const digits = newBytes(32);

/** Packed values are made here, one at a time: nothing in this file rests in the middle of one. */
const listpack = new ListpackWriter();
const scratch = new RdbWriter();
const zsetRun = new PackedRun();

/**
 * Writes the type and the value of a record.
 *
 * @param begin writes the type, and what stands between it and the value; not called where no more is
 * left of the value: a hash all of whose fields have expired.
 * @returns the RDB version that a reader must know; 0, and nothing was written, where nothing is left.
 */
export function encodeValue(
  writer: RdbWriter,
  db: Database,
  ref: Ref,
  limits: EncodingLimits,
  begin: Begin = (type) => writer.byte(type),
): number {
  if (db.encoding(ref) === OBJECT) {
    const { loading, now_ms } = db.keyspace;
    const clock_ms = loading ? -Infinity : now_ms;
    const object = db.objectAside(ref);
    return withoutRest(encodeObject(writer, begin, object, limits.listNodeSize, clock_ms));
  }
  switch (db.type(ref)) {
    case "string":
      return encodeString(writer, begin, db, ref);
    case "list":
      return encodeList(writer, begin, db, ref, limits.listNodeSize);
    case "set":
      return encodeSet(writer, begin, db, ref);
    case "hash":
      return db.encoding(ref) === HASH_PACKED
        ? encodePackedHash(writer, begin, db, ref)
        : encodeTimedHash(writer, begin, hashAt(db, ref));
    case "zset":
      return encodeZset(writer, begin, db, ref);
    case "stream":
      throw new Error("rdb: a stream is always an object");
  }
}

/** The same for a record that is kept, in steps of some 64 KiB. */
export function encodeKept(
  writer: RdbWriter,
  { value }: KeptRecord,
  limits: EncodingLimits,
  begin: Begin,
): Steps {
  return value instanceof HeldValue
    ? encodeHeldString(writer, value, begin)
    : encodeMoment(writer, begin, value, limits.listNodeSize);
}

function* encodeHeldString(writer: RdbWriter, held: HeldValue, begin: Begin): Steps {
  const { bytes, valueStart: start, valueEnd: end } = held;
  begin(RdbType.string);
  yield* writeLongString(writer, [{ bytes, start, end, held }]);
  return RDB_VERSION;
}

function encodeString(writer: RdbWriter, begin: Begin, db: Database, ref: Ref): number {
  begin(RdbType.string);
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  writer.string(bytes, valueStart, valueEnd);
  return RDB_VERSION;
}

function encodeList(
  writer: RdbWriter,
  begin: Begin,
  db: Database,
  ref: Ref,
  limit: number,
): number {
  scratch.clear();
  scratch.compress = writer.compress;
  listpack.clear();
  const nodes = new ListNodesWriter(scratch, limit, listpack);
  listAt(db, ref).forEach((bytes, start, end) => nodes.push(bytes, start, end));
  nodes.finish();
  begin(RdbType.quicklist2);
  writer.size(nodes.count);
  writer.raw(scratch.buf, 0, scratch.length);
  return RDB_VERSION;
}

function encodeSet(writer: RdbWriter, begin: Begin, db: Database, ref: Ref): number {
  const set = setAt(db, ref);
  if (set.encoding === SET_INTEGERS) {
    const values: Int64[] = [];
    for (let i = 0; i < set.size; i++) values.push(integerAt(set.bytes, set.from, i));
    begin(RdbType.setIntset);
    writeIntset(writer, values, scratch);
    return RDB_VERSION;
  }
  begin(RdbType.set);
  writer.size(set.size);
  set.forEach((bytes, start, end) => writer.string(bytes, start, end));
  return RDB_VERSION;
}

/** Fields and values stand in the record in turn, as they do in a listpack. */
function encodePackedHash(writer: RdbWriter, begin: Begin, db: Database, ref: Ref): number {
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  listpack.clear();
  const run = new PackedReader(bytes, valueStart, valueEnd);
  while (run.next()) listpack.push(bytes, run.start, run.end);
  return writeListpack(writer, begin, RdbType.hashListpack);
}

/** Writes a hash some of whose fields expire, as far as they have not. */
function encodeTimedHash(writer: RdbWriter, begin: Begin, hash: HashView): number {
  let size = 0;
  let first_ms = Infinity;
  hash.forEach((_field, _fs, _fe, _value, _vs, _ve, expiry = Infinity) => {
    size++;
    first_ms = Math.min(first_ms, expiry);
  });
  if (size === 0) return 0;
  const timed = first_ms < Infinity;
  begin(timed ? RdbType.hashMetadata : RdbType.hash);
  if (timed) writer.int64(first_ms);
  writer.size(size);
  hash.forEach((field, fs, fe, value, vs, ve, expiry) => {
    if (timed) writer.size(relativeExpiry(expiry, first_ms));
    writer.string(field, fs, fe);
    writer.string(value, vs, ve);
  });
  return timed ? RDB_VERSION_FIELD_EXPIRY : RDB_VERSION;
}

function encodeZset(writer: RdbWriter, begin: Begin, db: Database, ref: Ref): number {
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  listpack.clear();
  zsetRun.open(bytes, valueStart, valueEnd);
  while (zsetRun.step()) {
    listpack.push(bytes, zsetRun.start, zsetRun.end);
    const { score } = zsetRun;
    if (Number.isSafeInteger(score)) listpack.pushInteger(score + 0); // -0 becomes 0
    else pushScore(score);
  }
  return writeListpack(writer, begin, RdbType.zsetListpack);
}

/** A score that is no safe integer. */
function pushScore(score: number): void {
  if (Number.isInteger(score) && Math.abs(score) <= INTEGER_SCORE_MAX) {
    listpack.pushInteger(BigInt(score));
  } else if (Math.abs(score) < EIGHTHS_MAX && Number.isInteger(score * 8)) {
    pushEighths(score);
  } else {
    listpack.pushText(formatDouble(score));
  }
}

/** What {@linkcode formatDouble} prints as well, but without a string. */
function pushEighths(score: number): void {
  const size = Math.abs(score);
  const whole = Math.floor(size);
  let at = 0;
  if (score < 0) digits[at++] = MINUS;
  at = writeInt(digits, at, whole);
  const fraction = EIGHTHS[(size - whole) * 8];
  for (let i = 0; i < fraction.length; i++) digits[at++] = fraction.charCodeAt(i);
  listpack.push(digits, 0, at);
}

/** Writes what {@linkcode listpack} has got. */
function writeListpack(writer: RdbWriter, begin: Begin, type: number): number {
  listpack.finish();
  begin(type);
  writer.string(listpack.bytes, 0, listpack.length);
  return RDB_VERSION;
}
