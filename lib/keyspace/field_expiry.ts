/**
 * Fields of hashes that expire, in one database: which keys hold such, and when the first field of
 * each is due.
 *
 * Promise: whoever looks a key up finds no expired field in a packed hash, nor a hash all of whose
 * fields have expired. Of a large hash a bounded number of fields is removed at a time; the rest is
 * passed over by `types/hash/hash.ts`. What is removed is reported: the log gets an HDEL, or a DEL.
 *
 * The times kept here may be too early, never too late: a key that was removed or has lost its
 * fields since is noticed when its time comes.
 */

import { Buffer } from "node:buffer";
import type { HashSeed } from "../memory/hash.ts";
import { PackedEditor } from "../memory/packed.ts";
import { NONE, RecordTable, type Ref } from "../memory/record_table.ts";
import type { HashTable } from "../types/hash/hash_table.ts";
import { earliestExpiry, settleTimedRun, withoutExpired } from "../types/hash/packed_fields.ts";
import { HASH_PACKED, HASH_PACKED_TIMED, OBJECT, type ValueObject } from "./value.ts";

/** Fields removed from one hash at a time, at most: some 100 us. */
const FIELDS_PER_PURGE_MAX = 64;
/** Buckets of the table of times looked at in one step; a bucket holds about eight keys. */
const STEP_BUCKETS = 32;

/** What is asked of the database. */
export interface FieldsOwner {
  readonly table: RecordTable;
  object(ref: Ref): ValueObject;
  setValue(ref: Ref, encoding: number, value: Uint8Array, from: number, to: number): Ref;
  remove(ref: Ref): void;
  /** The record is about to change. */
  preserve(ref: Ref): void;
  /** Reports that fields have expired and are gone; no fields: all of them, and the key. */
  fieldsExpired(key: Buffer, fields: readonly Buffer[]): void;
}

/** See above. */
export class FieldExpiry {
  readonly #owner: FieldsOwner;
  /** Keys whose fields expire: no value, and the time of the first as their expiry. */
  #times: RecordTable;
  readonly #editor = new PackedEditor();
  #cursor = 0;

  /** @param owner whose hashes these are. @param seed the secret of the hash. */
  constructor(owner: FieldsOwner, seed: HashSeed) {
    this.#owner = owner;
    this.#times = new RecordTable(seed);
  }

  /** Whether a field may expire. */
  get isNeeded(): boolean {
    return this.#times.size > 0;
  }

  /** Bytes that it takes. */
  get usedBytes(): number {
    return this.#times.usedBytes;
  }

  /** Swaps what is noted with that of another database, whose contents are swapped likewise. */
  swapWith(other: FieldExpiry): void {
    [this.#times, other.#times] = [other.#times, this.#times];
  }

  /** A field of the hash `buf[start .. end)` expires at this time. */
  note(buf: Uint8Array, start: number, end: number, at_ms: number): void {
    const times = this.#times;
    let entry = times.find(buf, start, end);
    if (entry === NONE) entry = times.insert(buf, start, end, 1, 0, buf, 0, 0);
    if ((times.expiry(entry) ?? Infinity) > at_ms) times.setExpiry(entry, at_ms);
  }

  /** Whether a record is a hash all of whose fields have expired. */
  isOver(ref: Ref, now_ms: number): boolean {
    if (this.#nextExpiry(ref) > now_ms) return false;
    const { table } = this.#owner;
    if (table.encoding(ref) === OBJECT) {
      return (this.#owner.object(ref) as HashTable).isOverAt(now_ms);
    }
    table.locate(ref);
    const { bytes, valueStart, valueEnd } = table;
    withoutExpired(this.#editor, bytes, valueStart, valueEnd, now_ms);
    return settleTimedRun(this.#editor) === Infinity && this.#editor.length === 0;
  }

  /** Removes what has expired of a record, if it is a hash. Returns the ref; NONE: it is gone. */
  purge(ref: Ref, now_ms: number): Ref {
    if (this.#nextExpiry(ref) > now_ms) return ref;
    const owner = this.#owner;
    if (this.isOver(ref, now_ms)) {
      const key = this.#keyOf(ref);
      owner.remove(ref);
      owner.fieldsExpired(key, []);
      return NONE;
    }
    owner.preserve(ref);
    if (owner.table.encoding(ref) === OBJECT) {
      this.#purgeTable(ref, owner.object(ref) as HashTable, now_ms);
      return ref;
    }
    return this.#purgeRun(ref, now_ms);
  }

  /** Looks at some of the keys whose time has come. Returns how many of them there were. */
  step(now_ms: number): number {
    let due = 0;
    for (let buckets = 0; buckets < STEP_BUCKETS; buckets++) {
      const keys: Buffer[] = [];
      this.#cursor = this.#times.scan(this.#cursor, (entry) => {
        if (this.#times.expiry(entry)! <= now_ms) keys.push(keyOf(this.#times, entry));
      });
      for (const key of keys) this.#settle(key, now_ms);
      due += keys.length;
      if (this.#cursor === 0 || due >= STEP_BUCKETS) break;
    }
    return due;
  }

  /** Purges a key and notes its next time. */
  #settle(key: Buffer, now_ms: number): void {
    const found = this.#owner.table.find(key, 0, key.length);
    const left = found === NONE ? NONE : this.purge(found, now_ms);
    const next_ms = left === NONE ? Infinity : this.#nextExpiry(left);
    const entry = this.#times.find(key, 0, key.length);
    if (next_ms < Infinity) this.#times.setExpiry(entry, next_ms);
    else this.#times.remove(entry);
  }

  #purgeTable(ref: Ref, hash: HashTable, now_ms: number): void {
    const fields: Buffer[] = [];
    for (let count = 0; count < FIELDS_PER_PURGE_MAX; count++) {
      const expired = hash.firstExpired(now_ms);
      if (expired === NONE) break;
      fields.push(keyOf(hash.table, expired));
      hash.remove(expired);
    }
    this.#owner.fieldsExpired(this.#keyOf(ref), fields);
  }

  #purgeRun(ref: Ref, now_ms: number): Ref {
    const { table } = this.#owner;
    const editor = this.#editor;
    table.locate(ref);
    const { bytes, valueStart, valueEnd } = table;
    const fields = withoutExpired(editor, bytes, valueStart, valueEnd, now_ms);
    const encoding = settleTimedRun(editor) === Infinity ? HASH_PACKED : HASH_PACKED_TIMED;
    const left = this.#owner.setValue(ref, encoding, editor.bytes, 0, editor.length);
    this.#owner.fieldsExpired(this.#keyOf(left), fields);
    return left;
  }

  /** When the first field of a record expires; Infinity: none does. */
  #nextExpiry(ref: Ref): number {
    const { table } = this.#owner;
    const encoding = table.encoding(ref);
    if (encoding === OBJECT) {
      // RENAME takes the object out before it removes the record.
      const object: ValueObject | undefined = this.#owner.object(ref);
      return object?.nextExpiry_ms ?? Infinity;
    }
    if (encoding !== HASH_PACKED_TIMED) return Infinity;
    table.locate(ref);
    return earliestExpiry(table.bytes, table.valueStart);
  }

  #keyOf(ref: Ref): Buffer {
    return keyOf(this.#owner.table, ref);
  }
}

function keyOf(table: RecordTable, ref: Ref): Buffer {
  table.locate(ref);
  return Buffer.from(table.bytes.subarray(table.keyStart, table.valueStart));
}
