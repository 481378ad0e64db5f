/**
 * A hash under a key, in whatever form it stands: packed in the key's record, or a table.
 *
 *     hash.open(db, args, 1, ref, limits);
 *     const isNew = hash.set(args.buf, ...field, args.buf, ...value, false);
 *     hash.commit();
 *
 * Promises: {@linkcode Hash.commit} stores what was changed, once; a hash that is left empty is
 * removed with its key; a field that has expired is never found.
 */

import { Buffer } from "node:buffer";
import { newBytes } from "../../memory/bytes.ts";
import { type Database, NONE, type Ref } from "../../keyspace/database.ts";
import { HASH_PACKED, HASH_PACKED_TIMED, OBJECT } from "../../keyspace/value.ts";
import type { Args } from "../../resp/args.ts";
import { HashTable } from "./hash_table.ts";
import type { FieldCursor, FieldVisitor } from "./packed_fields.ts";
import { type HashLimits, Outcome, PackedHash } from "./packed_hash.ts";

export type { FieldVisitor, HashLimits };

const READ_ONLY: HashLimits = { "hash-max-listpack-entries": 0, "hash-max-listpack-value": 0 };

/** See above. One object serves many hashes, one after another. */
export class Hash {
  /** After {@linkcode Hash.find}: the value is `bytes[valueStart .. valueEnd)`. */
  bytes: Buffer = newBytes(0);
  valueStart = 0;
  valueEnd = 0;
  /** After `find`: when the field expires, in ms since the epoch; undefined: never. */
  expiry: number | undefined;

  #db!: Database;
  #args!: Args;
  #keyAt = 0;
  #ref: Ref = NONE;
  #limits = READ_ONLY;
  /** Fields whose time is up to this have expired. */
  #clock_ms = 0;
  readonly #packed = new PackedHash();
  #table: HashTable | undefined;
  /** The record of the last field found in the table. */
  #field: Ref = NONE;
  #isNewTable = false;
  #expiryChanged = false;

  /**
   * Begins with what the lookup of argument `i` found: a hash, or NONE. `limits` are needed to
   * change it.
   */
  open(db: Database, args: Args, i: number, ref: Ref, limits: HashLimits = READ_ONLY): this {
    this.#db = db;
    this.#args = args;
    this.#keyAt = i;
    this.#ref = ref;
    this.#limits = limits;
    this.#clock_ms = db.keyspace.loading ? -Infinity : db.keyspace.now_ms;
    this.#table = undefined;
    this.#isNewTable = this.#expiryChanged = false;
    const encoding = ref === NONE ? HASH_PACKED : db.encoding(ref);
    if (ref === NONE) {
      this.#packed.clear();
    } else if (encoding === OBJECT) {
      this.#table = db.object(ref) as HashTable;
    } else {
      const { bytes, valueStart, valueEnd } = db.locate(ref);
      this.#packed.reset(bytes, valueStart, valueEnd, encoding === HASH_PACKED_TIMED);
    }
    return this;
  }

  /** The table behind a large hash, for scans and random choice; undefined: it is packed. */
  get table(): HashTable | undefined {
    return this.#table;
  }

  /** The pairs of a small hash, before the first one. */
  get packed(): FieldCursor {
    return this.#packed.rewind();
  }

  /** How many fields there are. O(1) in a table none of whose fields has expired. */
  get size(): number {
    return this.#table === undefined ? this.#packed.size : this.#table.sizeAt(this.#clock_ms);
  }

  /** Looks a field up; sets `bytes`, `valueStart`, `valueEnd` and `expiry`. */
  find(buf: Uint8Array, start: number, end: number): boolean {
    const table = this.#table;
    if (table === undefined) {
      if (!this.#packed.seek(buf, start, end)) return false;
      const { cursor } = this.#packed;
      this.bytes = cursor.bytes;
      this.valueStart = cursor.valueStart;
      this.valueEnd = cursor.valueEnd;
      this.expiry = cursor.expiry;
      return true;
    }
    if (!this.#findRecord(table, buf, start, end)) return false;
    const records = table.table;
    records.locate(this.#field);
    this.bytes = records.bytes;
    this.valueStart = records.valueStart;
    this.valueEnd = records.valueEnd;
    this.expiry = records.expiry(this.#field);
    return true;
  }

  /**
   * Sets a field; its expiry goes unless `keepExpiry`. Returns whether the field is new. The value
   * must not stand in this hash.
   */
  set(
    buf: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    from: number,
    to: number,
    keepExpiry = false,
  ): boolean {
    let table = this.#table;
    if (table === undefined) {
      const done = this.#packed.set(this.#limits, buf, start, end, value, from, to, keepExpiry);
      if (done !== Outcome.TOO_LARGE) return done === Outcome.ADDED;
      table = this.#toTable();
    }
    if (this.#findRecord(table, buf, start, end)) {
      table.setValue(this.#field, value, from, to, keepExpiry);
      return false;
    }
    table.insert(buf, start, end, value, from, to);
    return true;
  }

  /** Takes a field out; returns whether it was there. */
  remove(buf: Uint8Array, start: number, end: number): boolean {
    const table = this.#table;
    if (table === undefined) {
      if (!this.#packed.seek(buf, start, end)) return false;
      this.#packed.remove();
      return true;
    }
    if (!this.#findRecord(table, buf, start, end)) return false;
    table.remove(this.#field);
    return true;
  }

  /** Sets when the field that {@linkcode Hash.find} has just found expires; undefined: never. */
  setExpiry(at_ms: number | undefined): void {
    this.#expiryChanged = true;
    if (this.#table === undefined) this.#packed.setExpiry(at_ms);
    else this.#table.setExpiry(this.#field, at_ms);
  }

  /** Whether no field is left. */
  get isEmpty(): boolean {
    return this.#table === undefined ? this.#packed.isEmpty : this.#table.size === 0;
  }

  /**
   * Stores what was changed; without it, part of it may be lost. Returns false if no field is left:
   * then the key is gone.
   */
  commit(): boolean {
    if (this.isEmpty) {
      if (this.#ref !== NONE) this.#db.remove(this.#ref);
      return false;
    }
    const db = this.#db;
    const table = this.#table;
    if (table === undefined) {
      if (this.#packed.unsaved) this.#storeRun();
    } else if (this.#isNewTable) {
      db.storeObject(this.#ref, this.#args, this.#keyAt, table, true);
    } else if (this.#expiryChanged) {
      db.fieldsExpireAt(this.#args, this.#keyAt, table.nextExpiry_ms);
    }
    return true;
  }

  /** Visits all fields; `visit` must change nothing. */
  forEach(visit: FieldVisitor): void {
    const table = this.#table;
    if (table !== undefined) {
      table.table.forEach((ref) => this.show(ref, visit));
      return;
    }
    const run = this.#packed.rewind();
    while (run.next()) run.show(visit);
  }

  /** Visits the field of a record of {@linkcode Hash.table}, unless it has expired. */
  show(ref: Ref, visit: FieldVisitor): void {
    if (this.isExpired(ref)) return;
    const records = this.#table!.table;
    records.locate(ref);
    const { bytes, keyStart, valueStart, valueEnd } = records;
    visit(bytes, keyStart, valueStart, bytes, valueStart, valueEnd, records.expiry(ref));
  }

  /** Whether a record of {@linkcode Hash.table} has expired. */
  isExpired(ref: Ref): boolean {
    return this.#table!.isExpired(ref, this.#clock_ms);
  }

  /** Finds a field's record; one that has expired is removed, and reported. */
  #findRecord(table: HashTable, buf: Uint8Array, start: number, end: number): boolean {
    this.#field = table.find(buf, start, end);
    if (this.#field === NONE) return false;
    if (!table.isExpired(this.#field, this.#clock_ms)) return true;
    // What is logged now comes before the command that found it so.
    if (this.#ref !== NONE) this.#db.preserve(this.#ref);
    table.remove(this.#field);
    const key = Buffer.from(this.#args.bytes(this.#keyAt));
    this.#db.fieldsExpired(key, [Buffer.from(buf.subarray(start, end))]);
    return false;
  }

  /** Makes a table of the run. */
  #toTable(): HashTable {
    const table = new HashTable(this.#db.keyspace.seed);
    this.forEach((field, fs, fe, value, vs, ve, expiry) => {
      table.find(field, fs, fe);
      const ref = table.insert(field, fs, fe, value, vs, ve);
      if (expiry !== undefined) table.setExpiry(ref, expiry);
    });
    this.#table = table;
    this.#isNewTable = true;
    return table;
  }

  #storeRun(): void {
    const db = this.#db;
    const packed = this.#packed;
    const earliest = packed.settle();
    const encoding = packed.timed ? HASH_PACKED_TIMED : HASH_PACKED;
    const { bytes, from, to } = packed;
    if (this.#ref === NONE) {
      db.store(this.#ref, this.#args, this.#keyAt, encoding, bytes, from, to);
    } else {
      db.setValue(this.#ref, encoding, bytes, from, to);
      db.fieldsExpireAt(this.#args, this.#keyAt, earliest);
    }
  }
}
