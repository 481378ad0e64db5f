/**
 * Reading sets, whatever their encoding, without changing or copying them.
 *
 *     const set = setAt(db, ref);
 *     if (set.has(buf, start, end)) ...
 *     set.forEach((bytes, start, end) => reply.bulk(bytes, start, end));
 *
 * A view is valid until the next change of its database. The bytes that a visitor is shown are
 * valid during that call.
 */

import { newBytes } from "../../memory/bytes.ts";
import type { Database, Ref } from "../../keyspace/database.ts";
import { OBJECT, SET_INTEGERS, SET_PACKED } from "../../keyspace/value.ts";
import { packedCount, PackedReader } from "../../memory/packed.ts";
import { type Int64, INT64_LENGTH_MAX, parseInt64, writeInt64 } from "../../numbers/int64.ts";
import type { Random } from "../../platform/random.ts";
import { findInteger, integerAt, integersCount } from "./integers.ts";
import type { MemberIndex } from "./member_index.ts";
import { type SetTable, setTableAt } from "./set_table.ts";

/** Is shown a member, `bytes[start .. end)`. */
export type MemberVisitor = (bytes: Uint8Array, start: number, end: number) => void;
/** Is shown a member and returns whether it has seen enough. */
export type MemberTest = (bytes: Uint8Array, start: number, end: number) => boolean;

const NOTHING = newBytes(0);
const digits = newBytes(INT64_LENGTH_MAX);

function visitInteger<T>(
  value: Int64,
  visit: (bytes: Uint8Array, start: number, end: number) => T,
): T {
  return visit(digits, 0, writeInt64(digits, 0, value));
}

/** After so many lookups in a packed set, and from so many members on, an index pays. */
const SEEKS_MAX = 2;
const INDEXED_MEMBERS_MIN = 8;

/** A set that stands in a record, in scratch memory or in a table. */
export class SetView {
  /** How many members there are; -1: they have not been counted. */
  #size: number;
  #index: MemberIndex | undefined;
  /** Lookups since there may be an index. */
  #lookups = 0;
  /** The index has been loaded. */
  #isIndexed = false;

  /**
   * @param encoding SET_INTEGERS or SET_PACKED, whose run is `bytes[from .. to)`, or OBJECT with a
   * `table`. @param size how many members there are, if that is known.
   */
  constructor(
    readonly encoding: number,
    readonly bytes: Uint8Array,
    readonly from: number,
    readonly to: number,
    readonly table: SetTable | undefined,
    size = -1,
  ) {
    this.#size = size;
  }

  /** How many members there are. */
  get size(): number {
    if (this.#size < 0) {
      const { bytes, from, to } = this;
      if (this.table !== undefined) this.#size = this.table.size;
      else if (this.encoding === SET_INTEGERS) this.#size = integersCount(bytes, from, to);
      else this.#size = packedCount(bytes, from, to);
    }
    return this.#size;
  }

  /** Lends an index, for a packed set that will be asked for at least so many members. */
  lend(index: MemberIndex, lookups_min: number): void {
    this.#index = index;
    this.#lookups = lookups_min <= SEEKS_MAX ? 0 : SEEKS_MAX;
    this.#isIndexed = false;
  }

  /** Whether there is a member that is no integer. A set of integers is not read for that. */
  get hasText(): boolean {
    let hasText = false;
    if (this.encoding === SET_INTEGERS) return hasText;
    this.until((bytes, start, end) => hasText = parseInt64(bytes, start, end) === undefined);
    return hasText;
  }

  /** Whether `buf[start .. end)` is a member. */
  has(buf: Uint8Array, start: number, end: number): boolean {
    if (this.table !== undefined) return this.table.has(buf, start, end);
    if (this.encoding === SET_PACKED) return this.#hasPacked(buf, start, end);
    const value = parseInt64(buf, start, end);
    return value !== undefined && findInteger(this.bytes, this.from, this.to, value) >= 0;
  }

  /** Whether a set of integers has this one. */
  hasInteger(value: Int64): boolean {
    return findInteger(this.bytes, this.from, this.to, value) >= 0;
  }

  /** Shows those of a set of integers that pass the test, in ascending order. */
  filterIntegers(test: (value: Int64) => boolean, visit: MemberVisitor): void {
    const { size } = this;
    for (let i = 0; i < size; i++) {
      const value = integerAt(this.bytes, this.from, i);
      if (test(value)) visitInteger(value, visit);
    }
  }

  #hasPacked(buf: Uint8Array, start: number, end: number): boolean {
    const { bytes, from, to } = this;
    const index = this.#index;
    if (index === undefined || this.#lookups < SEEKS_MAX || this.size < INDEXED_MEMBERS_MIN) {
      this.#lookups++;
      return new PackedReader(bytes, from, to).seek(buf, start, end, 1);
    }
    if (!this.#isIndexed) index.load(bytes, from, to);
    this.#isIndexed = true;
    return index.has(bytes, buf, start, end);
  }

  /**
   * Shows every member; integers in ascending order, others in none. The set must not change.
   *
   * A table is walked through bucket after bucket: members that are added to, or looked up in, another
   * table in this order come to its buckets in turn, which is twice as fast as any other order.
   */
  forEach(visit: MemberVisitor): void {
    if (this.table !== undefined) {
      const { table } = this.table;
      table.forEach((ref) => {
        table.locate(ref);
        visit(table.bytes, table.keyStart, table.valueStart);
      });
    } else if (this.encoding === SET_PACKED) {
      const run = new PackedReader(this.bytes, this.from, this.to);
      while (run.next()) visit(run.bytes, run.start, run.end);
    } else {
      const { size } = this;
      for (let i = 0; i < size; i++) visitInteger(integerAt(this.bytes, this.from, i), visit);
    }
  }

  /** Shows members until the test is true; it costs no more than what was shown. */
  until(test: MemberTest): void {
    if (this.table !== undefined) return untilOfTable(this.table, test);
    if (this.encoding === SET_PACKED) {
      const run = new PackedReader(this.bytes, this.from, this.to);
      while (run.next()) if (test(run.bytes, run.start, run.end)) return;
    } else {
      const { size } = this;
      for (let i = 0; i < size; i++) {
        if (visitInteger(integerAt(this.bytes, this.from, i), test)) return;
      }
    }
  }

  /** Shows a member, each equally likely. The set has members. */
  random(random: Random, visit: MemberVisitor): void {
    if (this.table !== undefined) {
      const { table } = this.table;
      table.locate(table.random(random));
      visit(table.bytes, table.keyStart, table.valueStart);
      return;
    }
    const chosen = random.below(this.size);
    if (this.encoding === SET_INTEGERS) {
      visitInteger(integerAt(this.bytes, this.from, chosen), visit);
      return;
    }
    const run = new PackedReader(this.bytes, this.from, this.to);
    run.skip(chosen);
    run.next();
    visit(run.bytes, run.start, run.end);
  }

  /** Shows `count` different members, each choice equally likely; `count` is at most the size. */
  sample(count: number, random: Random, visit: MemberVisitor): void {
    if (this.table !== undefined && count * SPARSE_FACTOR <= this.size) {
      return sampleSparsely(this.table, count, random, visit);
    }
    let wanted = count;
    let left = this.size;
    if (wanted === 0) return;
    this.until((bytes, start, end) => {
      if (random.below(left--) < wanted) {
        wanted--;
        visit(bytes, start, end);
      }
      return wanted === 0;
    });
  }

  /**
   * One step of a walk over all members: shows some (a small set's all) and returns the cursor of
   * the next step. 0 begins and ends a walk; every member that is there all the time is shown.
   */
  scan(cursor: number, visit: MemberVisitor): number {
    if (this.table === undefined) {
      this.forEach(visit);
      return 0;
    }
    const { table } = this.table;
    return table.scan(cursor, (ref) => {
      table.locate(ref);
      visit(table.bytes, table.keyStart, table.valueStart);
    });
  }
}

/** Fewer than a third of a table are drawn one by one; beyond that repetitions cost too much. */
const SPARSE_FACTOR = 3;

function sampleSparsely(
  { table }: SetTable,
  count: number,
  random: Random,
  visit: MemberVisitor,
): void {
  const drawn = new Set<Ref>();
  while (drawn.size < count) {
    const ref = table.random(random);
    if (drawn.has(ref)) continue;
    drawn.add(ref);
    table.locate(ref);
    visit(table.bytes, table.keyStart, table.valueStart);
  }
}

function untilOfTable({ table }: SetTable, test: MemberTest): void {
  let isEnough = false;
  let cursor = 0;
  do {
    cursor = table.scan(cursor, (ref) => {
      if (isEnough) return;
      table.locate(ref);
      isEnough = test(table.bytes, table.keyStart, table.valueStart);
    });
  } while (cursor !== 0 && !isEnough);
}

/** The set that the record at `ref` holds. */
export function setAt(db: Database, ref: Ref): SetView {
  const encoding = db.encoding(ref);
  const table = setTableAt(db, ref);
  if (table !== undefined) return new SetView(OBJECT, NOTHING, 0, 0, table);
  if (encoding !== SET_PACKED && encoding !== SET_INTEGERS) {
    throw new Error(`setAt: encoding ${encoding} is no set's`);
  }
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  return new SetView(encoding, bytes, valueStart, valueEnd, undefined);
}

/** Whether `buf[start .. end)` is a member of the set that the record at `ref` holds. */
export function setHas(
  db: Database,
  ref: Ref,
  buf: Uint8Array,
  start: number,
  end: number,
): boolean {
  const table = setTableAt(db, ref);
  return table !== undefined ? table.has(buf, start, end) : setAt(db, ref).has(buf, start, end);
}
