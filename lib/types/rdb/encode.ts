/**
 * Writes the value of a key as RDB, in the form that Redis 7.0 chooses for a value that is kept as
 * OBJECT ENCODING says. Fields with an expiry are written as Redis 7.4 does.
 */

import type { Database, Ref } from "../../keyspace/database.ts";
import { ENCODINGS, OBJECT, SET_INTEGERS } from "../../keyspace/value.ts";
import { formatDouble } from "../../numbers/double.ts";
import { type Int64, parseInt64 } from "../../numbers/int64.ts";
import { hashAt, type HashView } from "../hash/view.ts";
import { listAt } from "../list/view.ts";
import { streamAt } from "../stream/view.ts";
import { setAt } from "../set/view.ts";
import { zsetAt } from "../zset/view.ts";
import { writeIntset } from "./intset.ts";
import type { EncodingLimits } from "./limits.ts";
import { ListNodesWriter } from "./list_nodes.ts";
import { ListpackWriter } from "./listpack_writer.ts";
import { encodeStream } from "./streams.ts";
import { RDB_VERSION, RDB_VERSION_FIELD_EXPIRY, RdbType } from "./types.ts";
import { RdbWriter } from "./writer.ts";

/** Integers up to this are kept as integers in a sorted set's listpack (LLONG_MAX / 2). */
const INTEGER_SCORE_MAX = 2 ** 62;

/**
 * Writes the type and the value of a record.
 *
 * @returns the RDB version that a reader must know; 0, and nothing was written, where no more is
 * left of the value: a hash all of whose fields have expired.
 */
export function encodeValue(
  writer: RdbWriter,
  db: Database,
  ref: Ref,
  limits: EncodingLimits,
): number {
  switch (db.type(ref)) {
    case "string":
      return encodeString(writer, db, ref);
    case "list":
      return encodeList(writer, db, ref, limits.listNodeSize);
    case "set":
      return encodeSet(writer, db, ref);
    case "hash":
      return encodeHash(writer, hashAt(db, ref), isListpack(db, ref));
    case "zset":
      return encodeZset(writer, db, ref);
    case "stream":
      encodeStream(writer, streamAt(db, ref));
      return RDB_VERSION;
  }
}

function isListpack(db: Database, ref: Ref): boolean {
  const encoding = db.encoding(ref);
  return encoding !== OBJECT && ENCODINGS[encoding].name === "listpack";
}

function encodeString(writer: RdbWriter, db: Database, ref: Ref): number {
  writer.byte(RdbType.string);
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  writer.string(bytes, valueStart, valueEnd);
  return RDB_VERSION;
}

function encodeList(writer: RdbWriter, db: Database, ref: Ref, limit: number): number {
  const scratch = new RdbWriter(writer.compress);
  const nodes = new ListNodesWriter(scratch, limit);
  listAt(db, ref).forEach((bytes, start, end) => nodes.push(bytes, start, end));
  nodes.finish();
  writer.byte(RdbType.quicklist2);
  writer.size(nodes.count);
  writer.raw(scratch.buf, 0, scratch.length);
  return RDB_VERSION;
}

function encodeSet(writer: RdbWriter, db: Database, ref: Ref): number {
  const set = setAt(db, ref);
  if (set.encoding === SET_INTEGERS) {
    const values: Int64[] = [];
    set.forEach((bytes, start, end) => void values.push(parseInt64(bytes, start, end)!));
    writer.byte(RdbType.setIntset);
    writeIntset(writer, values, new RdbWriter());
    return RDB_VERSION;
  }
  writer.byte(RdbType.set);
  writer.size(set.size);
  set.forEach((bytes, start, end) => writer.string(bytes, start, end));
  return RDB_VERSION;
}

function encodeHash(writer: RdbWriter, hash: HashView, asListpack: boolean): number {
  const { size } = hash;
  let firstExpiry = Infinity;
  hash.forEach((_field, _fs, _fe, _value, _vs, _ve, expiry) => {
    if (expiry !== undefined && expiry < firstExpiry) firstExpiry = expiry;
  });
  if (size === 0) return 0;
  if (firstExpiry < Infinity) return encodeTimedHash(writer, hash, size, firstExpiry);
  if (asListpack) {
    const listpack = new ListpackWriter();
    hash.forEach((field, fs, fe, value, vs, ve) => {
      listpack.push(field, fs, fe);
      listpack.push(value, vs, ve);
    });
    return writeListpack(writer, RdbType.hashListpack, listpack);
  }
  writer.byte(RdbType.hash);
  writer.size(size);
  hash.forEach((field, fs, fe, value, vs, ve) => {
    writer.string(field, fs, fe);
    writer.string(value, vs, ve);
  });
  return RDB_VERSION;
}

/** Expiries are written relative to the first one, plus 1; 0: none. */
function encodeTimedHash(
  writer: RdbWriter,
  hash: HashView,
  size: number,
  firstExpiry: number,
): number {
  writer.byte(RdbType.hashMetadata);
  writer.int64(firstExpiry);
  writer.size(size);
  hash.forEach((field, fs, fe, value, vs, ve, expiry) => {
    writer.size(expiry === undefined ? 0 : expiry - firstExpiry + 1);
    writer.string(field, fs, fe);
    writer.string(value, vs, ve);
  });
  return RDB_VERSION_FIELD_EXPIRY;
}

function encodeZset(writer: RdbWriter, db: Database, ref: Ref): number {
  const zset = zsetAt(db, ref);
  if (isListpack(db, ref)) {
    const listpack = new ListpackWriter();
    zset.forEach((bytes, start, end, score) => {
      listpack.push(bytes, start, end);
      pushScore(listpack, score);
    });
    return writeListpack(writer, RdbType.zsetListpack, listpack);
  }
  writer.byte(RdbType.zset2);
  writer.size(zset.size);
  // Redis begins with the greatest, so that each is added at the front when it is loaded.
  zset.forEach((bytes, start, end, score) => {
    writer.string(bytes, start, end);
    writer.double(score);
  }, true);
  return RDB_VERSION;
}

function pushScore(listpack: ListpackWriter, score: number): void {
  if (Number.isSafeInteger(score)) listpack.pushInteger(score + 0);
  else if (Number.isInteger(score) && Math.abs(score) <= INTEGER_SCORE_MAX) {
    listpack.pushInteger(BigInt(score));
  } else listpack.pushText(formatDouble(score));
}

function writeListpack(writer: RdbWriter, type: number, listpack: ListpackWriter): number {
  listpack.finish();
  writer.byte(type);
  writer.string(listpack.bytes, 0, listpack.length);
  return RDB_VERSION;
}
