/**
 * A large hash: a table of records, field to value. Nothing per field is a JS object.
 *
 * Fields that expire stand in a heap besides. Promise: a field that does not expire costs nothing
 * for it; {@linkcode HashTable.free} is fast whatever the size. What changes a field tells the
 * moment, if there is one, before.
 */

import type { ValueObject } from "../../keyspace/value.ts";
import type { KeptBytes } from "../../memory/kept_bytes.ts";
import type { HashSeed } from "../../memory/hash.ts";
import { type KeysAhead, SECOND } from "../../memory/keys_ahead.ts";
import { NONE, RecordTable, type Ref } from "../../memory/record_table.ts";
import type { Random } from "../../platform/random.ts";
import { BucketRefs, type Elements, type ElementWalk, PlainWalk } from "../moment/element_walk.ts";
import { TableMoment } from "../moment/table_moment.ts";
import { ExpiryHeap } from "./expiry_heap.ts";

/** Encoding of a record that is not in the heap. */
const PLAIN = 1;
/** After so many removals sparse memory is looked for, and so many records are moved at most. */
const REMOVALS_PER_COMPACTION = 64;
const MOVES_PER_COMPACTION = 128;
/** If more fields than this have expired and nobody has removed them, they are part of a moment. */
const EXPIRED_COUNTED_MAX = 4096;

/** A hash too large to be packed. */
export class HashTable implements ValueObject {
  readonly type = "hash";
  readonly encodingName = "hashtable";
  /** The records: field is key. Read through it, change through this object. */
  readonly table: RecordTable;

  readonly #seed: HashSeed;
  #heap: ExpiryHeap | undefined;
  #removals = 0;
  #moment: TableMoment | undefined;
  #isFreed = false;

  /** @param seed the secret of the hash. */
  constructor(seed: HashSeed) {
    this.#seed = seed;
    this.table = new RecordTable(seed);
  }

  get usedBytes(): number {
    return this.table.usedBytes + (this.#heap?.bytes ?? 0);
  }

  warm(keys: KeysAhead, from: number, to: number): boolean {
    return this.table.warm(keys, from, to, SECOND, keys.elements);
  }

  /** How many fields there are, expired ones that nobody has removed included. */
  get size(): number {
    return this.table.size;
  }

  get nextExpiry_ms(): number {
    return this.#heap?.earliest_ms ?? Infinity;
  }

  /** How many fields have not expired. */
  sizeAt(now_ms: number): number {
    return this.table.size - (this.#heap?.countUntil(now_ms, Infinity) ?? 0);
  }

  /** Whether every field has expired. */
  isOverAt(now_ms: number): boolean {
    const heap = this.#heap;
    return heap !== undefined && heap.earliest_ms <= now_ms && heap.size === this.table.size &&
      heap.areAllUntil(now_ms);
  }

  /** Whether a field has expired. */
  isExpired(ref: Ref, now_ms: number): boolean {
    return this.#heap !== undefined && (this.table.expiry(ref) ?? Infinity) <= now_ms;
  }

  /** The record of a field, or NONE. */
  find(buf: Uint8Array, start: number, end: number): Ref {
    return this.table.find(buf, start, end);
  }

  /** Adds a field that the last {@linkcode HashTable.find} did not find. */
  insert(
    buf: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    from: number,
    to: number,
  ): Ref {
    return this.table.insert(buf, start, end, PLAIN, 0, value, from, to);
  }

  /** Gives a field another value; its expiry goes unless `keepExpiry`. */
  setValue(ref: Ref, value: Uint8Array, from: number, to: number, keepExpiry: boolean): void {
    const { table } = this;
    if (this.#moment !== undefined) this.#moment.keep(ref);
    if (this.#heap === undefined || table.expiry(ref) === undefined) {
      table.setValue(ref, PLAIN, value, from, to);
    } else if (keepExpiry) {
      const moved = table.setValue(ref, table.encoding(ref), value, from, to);
      this.#heap.update(moved, table.expiry(moved)!);
    } else {
      this.#heap.remove(ref);
      table.setValue(table.setExpiry(ref, undefined), PLAIN, value, from, to);
    }
  }

  /** Sets when a field expires, in ms since the epoch; undefined: never. */
  setExpiry(ref: Ref, at_ms: number | undefined): void {
    const { table } = this;
    if (this.#moment !== undefined) this.#moment.keep(ref);
    const had = table.expiry(ref) !== undefined;
    if (at_ms === undefined) {
      if (had) this.#heap!.remove(ref);
      table.setExpiry(ref, undefined);
      return;
    }
    this.#heap ??= new ExpiryHeap(table);
    const moved = table.setExpiry(ref, at_ms);
    if (had) this.#heap.update(moved, at_ms);
    else this.#heap.add(moved, at_ms);
  }

  /** Takes a field out. All refs become invalid. */
  remove(ref: Ref): void {
    if (this.#moment !== undefined) this.#moment.keep(ref);
    if (this.#heap !== undefined && this.table.expiry(ref) !== undefined) this.#heap.remove(ref);
    if (this.#heap?.size === 0) this.#heap = undefined;
    this.table.remove(ref);
    // The heap knows addresses: where there is one, records stay where they are.
    if (++this.#removals % REMOVALS_PER_COMPACTION === 0 && this.#heap === undefined) {
      this.table.compact(MOVES_PER_COMPACTION);
    }
  }

  /** The field that expires first if it has expired, or NONE. */
  firstExpired(now_ms: number): Ref {
    const heap = this.#heap;
    return heap !== undefined && heap.earliest_ms <= now_ms ? heap.first : NONE;
  }

  /** A field, each equally likely; NONE: there is none. */
  random(random: Random): Ref {
    return this.table.random(random);
  }

  /** All fields as they are now, for who reads them before anything changes. */
  walk(clock_ms: number): ElementWalk {
    return new PlainWalk(this.#elements(clock_ms));
  }

  keep(clock_ms: number, kept: KeptBytes): HashMoment {
    if (this.#moment !== undefined) throw new Error("hash: one moment at a time");
    // To count many takes long; to write them does no harm: they will have expired as well.
    const expired = this.#heap?.countUntil(clock_ms, EXPIRED_COUNTED_MAX) ?? 0;
    const elements = this.#elements(expired > EXPIRED_COUNTED_MAX ? -Infinity : clock_ms);
    return this.#moment = new HashMoment(elements, kept, () => this.#endMoment());
  }

  clone(): HashTable {
    const copy = new HashTable(this.#seed);
    const { table } = this;
    if (this.#moment === undefined && copy.table.copyFrom(table)) { // none is old
      copy.#heap = this.#heap?.clone(copy.table);
      return copy;
    }
    copy.table.reserve(table.size, table.expiringSize);
    table.forEach((ref) => {
      table.locate(ref);
      const { bytes, keyStart, valueStart, valueEnd } = table;
      copy.find(bytes, keyStart, valueStart);
      const made = copy.insert(bytes, keyStart, valueStart, bytes, valueStart, valueEnd);
      const expiry = table.expiry(ref);
      if (expiry !== undefined) copy.setExpiry(made, expiry);
    });
    return copy;
  }

  free(): void {
    this.#isFreed = true;
    if (this.#moment !== undefined) return this.#moment.leave(this.usedBytes);
    this.table.clear();
    this.#heap = undefined;
  }

  #elements(clock_ms: number): Elements {
    const { table } = this;
    const first_ms = this.#heap?.firstAfter(clock_ms) ?? Infinity;
    return { table, refs: new BucketRefs(table), count: this.sizeAt(clock_ms), clock_ms, first_ms };
  }

  #endMoment(): void {
    this.#moment = undefined;
    if (this.#isFreed) this.free();
  }
}

/** A large hash as it was at one moment. */
export class HashMoment extends TableMoment {}
