/**
 * A large set: its members are the keys of a {@linkcode RecordTable}, with empty values.
 *
 * Promise: adding, removing, membership and a fair random choice take constant time; what many
 * removals leave empty goes back to the system a little with each of them.
 */

import { newBytes } from "../../memory/bytes.ts";
import type { Database } from "../../keyspace/database.ts";
import { OBJECT, type ValueObject } from "../../keyspace/value.ts";
import type { KeptBytes } from "../../memory/kept_bytes.ts";
import type { HashSeed } from "../../memory/hash.ts";
import { type KeysAhead, SECOND } from "../../memory/keys_ahead.ts";
import { NONE, RecordTable, type Ref } from "../../memory/record_table.ts";
import { BucketRefs, type Elements, type ElementWalk, PlainWalk } from "../moment/element_walk.ts";
import { TableMoment } from "../moment/table_moment.ts";

const NO_VALUE = newBytes(0);
/** The table wants an encoding above 0; a set has but one kind of member. */
const MEMBER = 1;
/** After so many removals, as many records are moved out of sparse segments, if there are any. */
const COMPACTION_PERIOD = 64;

/** See above. */
export class SetTable implements ValueObject {
  readonly type = "set";
  readonly encodingName = "hashtable";
  /** The members, as records' keys; to be read only. */
  readonly table: RecordTable;
  readonly #seed: HashSeed;
  #removals = 0;
  #moment: TableMoment | undefined;
  #isFreed = false;

  /** An empty set. @param seed the secret of the hash. */
  constructor(seed: HashSeed) {
    this.#seed = seed;
    this.table = new RecordTable(seed);
  }

  /** How many members there are. */
  get size(): number {
    return this.table.size;
  }

  get usedBytes(): number {
    return this.table.usedBytes;
  }

  warm(keys: KeysAhead, from: number, to: number): boolean {
    return this.table.warm(keys, from, to, SECOND, keys.elements);
  }

  /** Whether `buf[start .. end)` is a member. */
  has(buf: Uint8Array, start: number, end: number): boolean {
    return this.table.find(buf, start, end) !== NONE;
  }

  /** Adds a member, which is no part of this table's own memory; false: it was there. */
  add(buf: Uint8Array, start: number, end: number): boolean {
    const { table } = this;
    if (table.find(buf, start, end) !== NONE) return false;
    table.insert(buf, start, end, MEMBER, 0, NO_VALUE, 0, 0);
    return true;
  }

  /** Adds a member that is known to be absent, and no part of this table's own memory. */
  push(buf: Uint8Array, start: number, end: number): void {
    this.table.aim(buf, start, end);
    this.table.insert(buf, start, end, MEMBER, 0, NO_VALUE, 0, 0);
  }

  /** Takes a member out; false: it was not there. */
  remove(buf: Uint8Array, start: number, end: number): boolean {
    const ref = this.table.find(buf, start, end);
    if (ref === NONE) return false;
    this.removeAt(ref);
    return true;
  }

  /** Takes out the member at `ref`; refs are invalid from now on. */
  removeAt(ref: Ref): void {
    if (this.#moment !== undefined) this.#moment.keep(ref);
    this.table.remove(ref);
    if (++this.#removals % COMPACTION_PERIOD === 0) this.table.compact(COMPACTION_PERIOD);
  }

  /** All members as they are now, for who reads them before anything changes. */
  walk(): ElementWalk {
    return new PlainWalk(this.#elements());
  }

  keep(_clock_ms: number, kept: KeptBytes): SetMoment {
    if (this.#moment !== undefined) throw new Error("set: one moment at a time");
    return this.#moment = new SetMoment(this.#elements(), kept, () => this.#endMoment());
  }

  clone(): SetTable {
    const copy = new SetTable(this.#seed);
    const { table } = this;
    if (this.#moment === undefined && copy.table.copyFrom(table)) return copy; // none is old
    copy.table.reserve(table.size, 0);
    table.forEach((ref) => {
      table.locate(ref);
      copy.push(table.bytes, table.keyStart, table.valueStart);
    });
    return copy;
  }

  free(): void {
    this.#isFreed = true;
    if (this.#moment === undefined) this.table.clear();
    else this.#moment.leave(this.usedBytes);
  }

  #elements(): Elements {
    const { table, size: count } = this;
    return { table, refs: new BucketRefs(table), count, clock_ms: -Infinity, first_ms: Infinity };
  }

  #endMoment(): void {
    this.#moment = undefined;
    if (this.#isFreed) this.free();
  }
}

/** A large set as it was at one moment. */
export class SetMoment extends TableMoment {}

/** The large set that the record at `ref` holds; undefined: it holds something else, or is none. */
export function setTableAt(db: Database, ref: Ref): SetTable | undefined {
  if (ref === NONE || db.encoding(ref) !== OBJECT) return undefined;
  const object = db.object(ref);
  return object instanceof SetTable ? object : undefined;
}
