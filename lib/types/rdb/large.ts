/**
 * Large sets and hashes of a file, put straight into their tables: their elements are never in
 * memory twice, and what comes twice the table itself tells.
 */

import { type Database, NONE } from "../../keyspace/database.ts";
import type { ValueObject } from "../../keyspace/value.ts";
import { HashTable } from "../hash/hash_table.ts";
import { PACKED_MEMBERS_MAX } from "../set/editor.ts";
import { SetTable } from "../set/set_table.ts";
import { Elements } from "./elements.ts";
import type { EncodingLimits } from "./limits.ts";
import type { RdbReader } from "./reader.ts";
import { RdbType } from "./types.ts";

const TWICE = "something stands there twice";
/** Bytes of a string, at least. */
const SIZE_MIN = 1;

/** A field while its value is read. */
const field = new Elements();

/**
 * Reads a set or hash that is too large to be packed, so that it can be stored as an object.
 *
 * @returns undefined, and nothing was read, if it is of another type or not that large.
 * @throws {RdbError} it is broken.
 */
export function readLarge(
  reader: RdbReader,
  type: number,
  db: Database,
  limits: EncodingLimits,
): ValueObject | undefined {
  const { seed } = db.keyspace;
  if (type === RdbType.set) {
    const count_max = Math.max(PACKED_MEMBERS_MAX, limits.setIntegers_max);
    return reader.peekLength() > count_max ? readSet(reader, new SetTable(seed)) : undefined;
  }
  if (type === RdbType.hash) {
    const count_max = limits.hash["hash-max-listpack-entries"];
    return reader.peekLength() > count_max ? readHash(reader, new HashTable(seed)) : undefined;
  }
  return undefined;
}

function readSet(reader: RdbReader, set: SetTable): SetTable {
  const count = reader.count(SIZE_MIN);
  set.table.reserve(count, 0);
  for (let i = 0; i < count; i++) {
    reader.string();
    if (!set.add(reader.bytes, reader.start, reader.stop)) throw reader.error(TWICE);
  }
  return set;
}

function readHash(reader: RdbReader, hash: HashTable): HashTable {
  const count = reader.count(2 * SIZE_MIN);
  hash.table.reserve(count, 0);
  for (let i = 0; i < count; i++) {
    field.clear();
    reader.string();
    field.push(reader.bytes, reader.start, reader.stop);
    const [start, end] = [field.start(0), field.end(0)];
    if (hash.find(field.bytes, start, end) !== NONE) throw reader.error(TWICE);
    reader.string();
    hash.insert(field.bytes, start, end, reader.bytes, reader.start, reader.stop);
  }
  return hash;
}
