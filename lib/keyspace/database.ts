/**
 * One database: keys, values and expiry.
 *
 * Promises: an expired key is never seen (it is removed, and reported, on access); a key under
 * WATCH is marked whatever way it changes. A handler reports each change it makes with
 * {@linkcode Database.changed}; removal by expiry, flushing and swapping report themselves.
 *
 * Keys are named by an argument, `(args, i)`. What a lookup returns is a **ref**, valid until the
 * next change of this database; {@linkcode Database.locate} tells where its value's bytes are.
 */

import { Buffer } from "node:buffer";
import { NONE, RecordTable, type Ref } from "../memory/record_table.ts";
import type { Args } from "../resp/args.ts";
import { DEL, type KeyEvent, keyEvent } from "./events.ts";
import type { KeyspaceState, KeyWaiters, Watcher } from "./shared.ts";
import { logarithmicIncrement } from "./access.ts";
import { earliestExpiry } from "../types/hash/packed_fields.ts";
import { FieldExpiry } from "./field_expiry.ts";
import { RecordObjects } from "./record_objects.ts";
import { WatchedKeys } from "./watched_keys.ts";
import { ENCODINGS, HASH_PACKED_TIMED, OBJECT, type ValueObject, type ValueType } from "./value.ts";

export { NONE, type Ref };

const KEY_MISS = keyEvent("keymiss", "keyMiss");
const NEW_KEY = keyEvent("new", "newKey");
const HEXPIRED = keyEvent("hexpired", "hash");
const KEPT_DRAWS_MAX = 100; // for RANDOMKEY while expired keys are kept: all may be such

/** A database. */
export class Database {
  /** Its number, for SELECT. */
  readonly index: number;
  /** The keyspace it is part of. */
  readonly keyspace: KeyspaceState;
  /** Who waits for keys; undefined while nobody does. */
  waiters: KeyWaiters | undefined;

  #table: RecordTable;
  /** Values that are objects, by handle. */
  #objects: RecordObjects;
  /** Fields of hashes that expire; undefined: there never were any. */
  #fields: FieldExpiry | undefined;
  /** Who watches which key (latin1); undefined while nobody does. */
  #watched: WatchedKeys | undefined;

  /** Made by the keyspace only. */
  constructor(keyspace: KeyspaceState, index: number) {
    this.keyspace = keyspace;
    this.index = index;
    this.#table = new RecordTable(keyspace.seed);
    this.#objects = new RecordObjects(this.#table);
  }

  /** How many keys there are, the expired ones that nobody has noticed included. */
  get size(): number {
    return this.#table.size;
  }

  /** How many keys have an expiry. */
  get expiringSize(): number {
    return this.#table.expiringSize;
  }

  /** The table of records, for statistics, scans and the background work of the keyspace room. */
  get table(): RecordTable {
    return this.#table;
  }

  /** Whether a field of some hash may expire. */
  get hasFieldExpiry(): boolean {
    return this.#fields?.isNeeded ?? false;
  }

  /** Bytes that keys, values and indexes take; large values are asked in turns (object_slots.ts). */
  measureBytes(): number {
    return this.#table.usedBytes + (this.#fields?.usedBytes ?? 0) + this.#objects.measureBytes();
  }

  // --- looking up ---------------------------------------------------------------------------

  /** For commands that read: counts a hit or a miss (and tells of it) and notes the access. */
  lookup(args: Args, i: number): Ref {
    const ref = this.peek(args, i);
    if (ref === NONE) {
      this.keyspace.stats.misses++;
      this.notify(KEY_MISS, args, i);
    } else {
      this.touch(ref);
      this.keyspace.stats.hits++;
    }
    return ref;
  }

  /**
   * For commands that write: notes the access, counts nothing. Preserves what is found: key specs
   * do not name all that a command can be made to write (GEORADIUS ... STORE a STORE b).
   */
  lookupWrite(args: Args, i: number): Ref {
    const ref = this.peek(args, i);
    if (ref === NONE) return ref;
    this.touch(ref);
    this.preserve(ref);
    return ref;
  }

  /** For commands that look without using (OBJECT, TTL, DEBUG): leaves no trace but expiry. */
  peek(args: Args, i: number): Ref {
    return this.#unlessExpired(this.#table.find(args.buf, args.start(i), args.end(i)));
  }

  /** Removes the key (latin1) if its time is over. */
  expireIfDue(key: string): void {
    this.#unlessExpired(this.#find(key));
  }

  /** Notes an access, for OBJECT IDLETIME and FREQ. */
  touch(ref: Ref): void {
    const { keyspace } = this;
    if (keyspace.lfu) {
      const meta = this.#table.meta(ref);
      this.#table.setMeta(ref, logarithmicIncrement(meta, keyspace.now_ms, keyspace.random));
    } else {
      this.#table.setMeta(ref, keyspace.accessMeta);
    }
  }

  /** Whether a record's time is over, or that of all its fields. */
  isExpired(ref: Ref): boolean {
    return this.#isDue(ref) || (this.#fields?.isOver(ref, this.#clock_ms) ?? false);
  }

  /** A key, each equally likely, expired ones removed on the way; NONE: there is none. */
  randomRef(): Ref {
    for (let draws = 1;; draws++) {
      const ref = this.#unlessExpired(this.#table.random(this.keyspace.random));
      if (ref !== NONE || this.#table.size === 0) return ref;
      if (this.keyspace.keepsExpired && draws === KEPT_DRAWS_MAX) return NONE;
    }
  }

  // --- what a record is ---------------------------------------------------------------------

  /** Encoding of a value: INT, EMBSTR, RAW, OBJECT ... of `value.ts`. */
  encoding(ref: Ref): number {
    return this.#table.encoding(ref);
  }

  /** Type of a value. */
  type(ref: Ref): ValueType {
    const encoding = this.#table.encoding(ref);
    return encoding === OBJECT ? this.#objects.typeOf(ref) : ENCODINGS[encoding].type;
  }

  /** The object that a record with encoding OBJECT stands for. */
  object(ref: Ref): ValueObject {
    return this.#objects.of(ref);
  }

  /** The same for whoever looks at it once, and changes nothing: it is not woken if it sleeps. */
  objectAside(ref: Ref): ValueObject {
    return this.#objects.aside(ref);
  }

  /** Takes the object out of a record that is about to be removed, so that it lives on elsewhere. */
  takeObject(ref: Ref): ValueObject {
    this.preserve(ref);
    return this.#objects.takeFrom(ref);
  }

  /**
   * Finds a record's bytes and returns the table, whose `bytes`, `keyStart`, `valueStart` and
   * `valueEnd` then tell: key in `bytes[keyStart .. valueStart)`, value up to `valueEnd`.
   */
  locate(ref: Ref): RecordTable {
    this.#table.locate(ref);
    return this.#table;
  }

  /** A copy of a record's key. */
  keyOf(ref: Ref): Buffer {
    const { bytes, keyStart, valueStart } = this.locate(ref);
    return Buffer.from(bytes.subarray(keyStart, valueStart));
  }

  /** When a key expires, in ms since the epoch; undefined: never. */
  expiry(ref: Ref): number | undefined {
    return this.#table.expiry(ref);
  }

  // --- changing: the caller reports with changed() --------------------------------------------

  /**
   * Stores a string under argument `i`, whatever was there, and tells of a new key. `ref` is what
   * the last lookup of that very key, with no other since, returned. Expiry goes unless
   * `keepExpiry`.
   */
  store(
    ref: Ref,
    args: Args,
    i: number,
    encoding: number,
    value: Uint8Array,
    from: number,
    to: number,
    keepExpiry = false,
  ): Ref {
    if (encoding === HASH_PACKED_TIMED) this.fieldsExpireAt(args, i, earliestExpiry(value, from));
    if (ref === NONE) {
      if (this.keyspace.keepsExpired) this.#expireKept(args, i);
      this.notify(NEW_KEY, args, i);
      const meta = this.keyspace.accessMeta;
      const { buf } = args;
      return this.#table.insert(buf, args.start(i), args.end(i), encoding, meta, value, from, to);
    }
    this.#objects.releaseOf(ref);
    const stored = this.#table.setValue(ref, encoding, value, from, to);
    return keepExpiry ? stored : this.#table.setExpiry(stored, undefined);
  }

  /** Stores an object under argument `i`, as {@linkcode Database.store} does a string. */
  storeObject(ref: Ref, args: Args, i: number, object: ValueObject, keepExpiry = false): Ref {
    const handle = this.#objects.reserveBytes();
    const stored = this.store(ref, args, i, OBJECT, handle, 0, handle.length, keepExpiry);
    this.#objects.put(object);
    if (object.nextExpiry_ms !== undefined) this.fieldsExpireAt(args, i, object.nextExpiry_ms);
    return stored;
  }

  /** Gives a record another string value and keeps its expiry. */
  setValue(ref: Ref, encoding: number, value: Uint8Array, from: number, to: number): Ref {
    return this.#table.setValue(ref, encoding, value, from, to);
  }

  /** Changes the length of a string in place (what is added is zero) and its encoding. */
  resizeValue(ref: Ref, encoding: number, length: number): Ref {
    const resized = this.#table.resizeValue(ref, length);
    this.#table.setEncoding(resized, encoding);
    return resized;
  }

  /** The bytes `from .. to` of a string are about to be overwritten in place. */
  overwriting(ref: Ref, from: number, to: number): void {
    if (this.keyspace.preserver !== undefined) this.#table.overwriting(ref, from, to);
  }

  /** Sets when a key expires, in ms since the epoch; undefined: never. */
  setExpiry(ref: Ref, at_ms: number | undefined): Ref {
    return this.#table.setExpiry(ref, at_ms);
  }

  /** A field of the hash in argument `i` expires at this time, or later; Infinity: none does. */
  fieldsExpireAt(args: Args, i: number, at_ms: number): void {
    if (at_ms < Infinity) this.#fieldExpiry().note(args.buf, args.start(i), args.end(i), at_ms);
  }

  /** A record is about to change: a snapshot that has yet to write it does so now. */
  preserve(ref: Ref): void {
    if (this.#table.isOld(ref)) this.keyspace.preserver?.preserve(this, ref);
  }

  /** {@linkcode Database.preserve} for the key in argument `i`, if it is there. */
  preserveKey(args: Args, i: number): void {
    const ref = this.#table.findAside(args.buf, args.start(i), args.end(i));
    if (ref !== NONE) this.preserve(ref);
  }

  /** Takes a key out. */
  remove(ref: Ref): void {
    this.preserve(ref);
    this.#objects.releaseOf(ref);
    this.#table.remove(ref);
  }

  /** Takes everything out, and marks who watches a key that was there. */
  clear(): void {
    this.#watched?.markAll((key) => this.#find(key) !== NONE);
    if (!this.keyspace.loading) this.waiters?.touchedAll();
    this.keyspace.preserver?.clearing(this);
    this.keyspace.retired.add(this.#table, this.#objects, this.keyspace.loading);
    this.#table = new RecordTable(this.keyspace.seed);
    this.#objects = new RecordObjects(this.#table);
    this.#fields = undefined;
  }

  /** Swaps contents, not watchers, with another database. */
  swapWith(other: Database): void {
    this.#swapContents(other);
    const inEither = (key: string) => this.#find(key) !== NONE || other.#find(key) !== NONE;
    for (const db of [this, other]) { // a watcher looks at what is there now
      db.#watched?.markAll(inEither);
      if (!this.keyspace.loading) db.waiters?.touchedAll();
    }
    this.keyspace.preserver?.swapped(this, other);
  }

  /** Takes everything out without a word to anybody, into a database that belongs to the caller. */
  takeContents(): Database {
    const taken = new Database(this.keyspace, this.index);
    this.#swapContents(taken);
    return taken;
  }

  #swapContents(other: Database): void {
    [this.#table, other.#table] = [other.#table, this.#table];
    [this.#objects, other.#objects] = [other.#objects, this.#objects];
    this.#fieldExpiry().swapWith(other.#fieldExpiry());
  }

  // --- telling ------------------------------------------------------------------------------

  /** Reports a change of the key in argument `i`: for WATCH, the log and notifications. */
  changed(event: KeyEvent, args: Args, i: number): void {
    this.keyspace.dirty++;
    if (this.keyspace.preserver !== undefined) this.#checkPreserved(args, i);
    if (this.#watched !== undefined) this.#watched.mark(args.text(i));
    if (this.waiters !== undefined) this.#tellWaiters(args, i);
    if ((this.keyspace.notifyClasses & event.eventClass) !== 0) {
      this.keyspace.observer.notify(this, event, args.bytes(i));
    }
  }

  /** Tells of an event that is no change of its own (`expire` after a `set`, `keymiss`, `new`). */
  notify(event: KeyEvent, args: Args, i: number): void {
    if ((this.keyspace.notifyClasses & event.eventClass) !== 0) {
      this.keyspace.observer.notify(this, event, args.bytes(i));
    }
  }

  /** Removes an expired key and reports it: the log gets a DEL. */
  expire(ref: Ref): void {
    const key = this.keyOf(ref);
    const name = key.toString("latin1");
    this.remove(ref);
    this.keyspace.stats.expired++;
    this.#watched?.mark(name);
    this.waiters?.touched(name); // nothing expires while the log is loaded
    this.keyspace.observer.expired(this, key);
  }

  /** Removes some fields that have expired, and reports them. Returns how many keys were looked at. */
  expireFields(): number {
    return this.#fields?.step(this.keyspace.now_ms) ?? 0;
  }

  /** Reports that fields have expired and are gone; no fields: all of them, and the key. */
  fieldsExpired(key: Buffer, fields: readonly Buffer[]): void {
    const { notifyClasses, observer } = this.keyspace;
    this.#watched?.mark(key.toString("latin1"));
    this.waiters?.touched(key.toString("latin1"));
    for (const event of fields.length === 0 ? [HEXPIRED, DEL] : [HEXPIRED]) {
      if ((notifyClasses & event.eventClass) !== 0) observer.notify(this, event, key);
    }
    observer.fieldsExpired?.(this, key, fields);
  }

  // --- watching -----------------------------------------------------------------------------

  /** From now on `watcher` is marked when `key` (latin1) changes. False: it was already. */
  watch(key: string, watcher: Watcher): boolean {
    this.#watched ??= new WatchedKeys();
    return this.#watched.add(key, watcher);
  }

  /** Ends {@linkcode Database.watch}. */
  unwatch(key: string, watcher: Watcher): void {
    this.#watched?.remove(key, watcher);
    if (this.#watched?.isEmpty) this.#watched = undefined;
  }

  #tellWaiters(args: Args, i: number): void {
    if (this.keyspace.loading) return;
    const length = args.length(i);
    const bit = length + (length > 0 ? args.buf[args.end(i) - 1] : 0);
    if ((this.waiters!.filter >>> bit & 1) !== 0) this.waiters!.touched(args.text(i));
  }

  #checkPreserved(args: Args, i: number): void {
    const ref = this.#table.findAside(args.buf, args.start(i), args.end(i));
    if (ref !== NONE && this.#table.isOld(ref)) {
      this.keyspace.preserver!.missed(this, args.bytes(i));
    }
  }

  #find(key: string): Ref {
    const bytes = Buffer.from(key, "latin1");
    return this.#table.findAside(bytes, 0, bytes.length);
  }

  /** Nothing expires while the log is replayed. */
  get #clock_ms(): number {
    return this.keyspace.loading ? -Infinity : this.keyspace.now_ms;
  }

  #isDue(ref: Ref): boolean {
    const expiry = this.#table.expiry(ref);
    return expiry !== undefined && expiry <= this.#clock_ms;
  }

  #unlessExpired(ref: Ref): Ref {
    if (ref === NONE) return ref;
    if (!this.#isDue(ref)) return this.#fields?.purge(ref, this.#clock_ms) ?? ref;
    if (!this.keyspace.keepsExpired) this.expire(ref);
    return NONE;
  }

  /** A key is to be made: an expired one of that name, kept so far, must go. */
  #expireKept(args: Args, i: number): void {
    const kept = this.#table.find(args.buf, args.start(i), args.end(i));
    if (kept !== NONE) this.expire(kept);
  }

  #fieldExpiry(): FieldExpiry {
    return this.#fields ??= new FieldExpiry(this, this.keyspace.seed);
  }
}
