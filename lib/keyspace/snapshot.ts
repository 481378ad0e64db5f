/**
 * The keyspace as it is at one moment, written without a copy of it while clients go on.
 *
 *     const snapshot = new KeyspaceSnapshot(keyspace, encoder);      this is the moment
 *     while (!snapshot.step()) ...                                   some 10 us of work each
 *
 * Every record of that moment is old (`Records.isOld`) until it is the snapshot's own: when the walk
 * over the tables comes to it, or before it changes ({@linkcode KeyspaceSnapshot.preserve}), whichever
 * is first. A small record is written then. A large one is kept (`kept_record.ts`), which takes no
 * time, and written piece by piece later; it may change and go meanwhile. Records made later are not
 * old, and are passed over. A database that is flushed meanwhile lives on here until it has been
 * written.
 *
 * Promises: each record of the moment is written once, as it was. No change has to wait for more than
 * a small record, but when very much has gathered behind a large value. Before the next snapshot no
 * record is old and no value kept, even if this one is given up. One at a time.
 */

import type { Buffer } from "node:buffer";
import { KeptBytes } from "../memory/kept_bytes.ts";
import type { Database, Ref } from "./database.ts";
import { keepRecord, type KeptRecord } from "./kept_record.ts";
import type { Keyspace } from "./keyspace.ts";
import type { Preserver } from "./shared.ts";
import { HANDLE_BYTES, OBJECT } from "./value.ts";

/** A value that takes more memory than this is kept, and written piece by piece. */
const LARGE_BYTES = 16 * 1024;
/** What may be in memory for the snapshot's sake before it should hurry. */
const AMPLE_BYTES = 8 * 1024 * 1024;
/** What may gather behind a large value before the rest of it is written at once. */
const GATHERED_BYTES_MAX = 64 * 1024 * 1024;

/** Who writes the records; see `persistence/snapshot_encoder.ts`. */
export interface RecordSink {
  /** Writes a record whole; behind a large one that is under way. */
  record(db: Database, index: number, ref: Ref): void;
  /** Writes a kept record a piece at each step. */
  pieces(kept: KeptRecord): Iterator<void, void, void>;
}

/** A database of the moment. */
interface Part {
  /** Where its records are now. */
  db: Database;
  /** Its index at the moment. */
  readonly index: number;
  cursor: number;
  isWalked: boolean;
  /** Whether `db` is kept for the snapshot only. */
  isOrphan: boolean;
}

/** See above. */
export class KeyspaceSnapshot implements Preserver {
  readonly #keyspace: Keyspace;
  readonly #sink: RecordSink;
  readonly #large_bytes: number;
  /** When the moment was; while a log is loaded nothing expires. */
  readonly #clock_ms: number;
  /** The databases not yet walked to the end, the first one under way. */
  readonly #parts: Part[] = [];
  /** Large records in the order in which they are written, from number `#first` on. */
  readonly #queue: KeptRecord[] = [];
  #first = 0;
  /** The first of them, if it is under way. */
  #pieces: Iterator<void, void, void> | undefined;
  /** Bytes of records written behind it, about. */
  #gathered_bytes = 0;
  readonly #kept = new KeptBytes();
  #abandoned = false;
  /** Records written. */
  records = 0;
  /** Records there were at the moment. */
  readonly total: number;
  /** A key that changed without a word: the snapshot is worth nothing. */
  missedKey: string | undefined;

  /**
   * This is the moment.
   *
   * @param sink is called from within changes to the keyspace, too.
   * @param large_bytes a value that takes more memory than this is large; 16 KiB.
   */
  constructor(keyspace: Keyspace, sink: RecordSink, large_bytes = LARGE_BYTES) {
    if (keyspace.preserver !== undefined) throw new Error("a snapshot is under way");
    this.#keyspace = keyspace;
    this.#sink = sink;
    this.#large_bytes = large_bytes;
    this.#clock_ms = keyspace.loading ? -Infinity : keyspace.now_ms;
    let total = 0;
    for (const db of keyspace.databases()) {
      db.table.newEpoch();
      total += db.size;
      if (db.size > 0) {
        this.#parts.push({ db, index: db.index, cursor: 0, isWalked: false, isOrphan: false });
      }
    }
    this.total = total;
    keyspace.preserver = this;
  }

  /** Whether more is in memory for the snapshot's sake than should be: it had better not rest. */
  get isPressed(): boolean {
    return this.#gathered_bytes + this.#kept.bytes > AMPLE_BYTES;
  }

  /** A little more of the walk. True: all is written (or passed over), and the snapshot is over. */
  step(): boolean {
    const large = this.#queue.at(this.#first);
    if (large !== undefined) {
      if (this.#abandoned) this.#drain(large);
      else this.#write(large);
      return false;
    }
    const part = this.#parts.at(0);
    if (part === undefined) {
      this.#keyspace.preserver = undefined;
      return true;
    }
    if (part.isWalked) {
      this.#end(part);
    } else {
      part.cursor = part.db.table.scan(part.cursor, (ref) => this.#visit(part, ref));
      part.isWalked = part.cursor === 0;
    }
    return false;
  }

  /** Gives up: from now on records are passed over. {@linkcode KeyspaceSnapshot.step} goes on. */
  abandon(): void {
    this.#abandoned = true;
    this.#pieces = undefined;
  }

  preserve(db: Database, ref: Ref): void {
    const part = this.#parts.find((each) => each.db === db);
    if (part === undefined) throw new Error("snapshot: an old record where none should be");
    this.#settle(part, ref);
  }

  clearing(db: Database): void {
    const part = this.#parts.find((each) => each.db === db);
    if (part === undefined || this.#abandoned) return;
    part.db = db.takeContents();
    part.isOrphan = true;
  }

  swapped(first: Database, second: Database): void {
    for (const part of this.#parts) {
      if (part.db === first) part.db = second;
      else if (part.db === second) part.db = first;
    }
  }

  missed(_db: Database, key: Buffer): void {
    this.missedKey ??= key.toString("latin1");
  }

  #visit(part: Part, ref: Ref): void {
    if (part.db.table.isOld(ref)) this.#settle(part, ref);
  }

  /** Writes an old record or, if it is large, keeps it. */
  #settle({ db, index }: Part, ref: Ref): void {
    if (!this.#abandoned) {
      const size_bytes = sizeOf(db, ref);
      const kept = size_bytes > this.#large_bytes
        ? keepRecord(db, index, ref, this.#kept, this.#clock_ms)
        : undefined;
      if (kept !== undefined) this.#queue.push(kept);
      else this.#writeWhole(db, index, ref, size_bytes);
    }
    db.table.renew(ref);
  }

  #writeWhole(db: Database, index: number, ref: Ref, size_bytes: number): void {
    this.#sink.record(db, index, ref);
    this.records++;
    if (this.#pieces === undefined) return;
    this.#gathered_bytes += size_bytes;
    if (this.#gathered_bytes <= GATHERED_BYTES_MAX) return;
    const large = this.#queue[this.#first];
    while (this.#pieces !== undefined) this.#write(large);
  }

  /** A piece more. The sink may give the snapshot up meanwhile. */
  #write(large: KeptRecord): void {
    this.#pieces ??= this.#sink.pieces(large);
    const { done } = this.#pieces.next();
    if (!done || this.#abandoned) return;
    large.value.end();
    this.records++;
    this.#shift();
  }

  #drain(large: KeptRecord): void {
    if (large.value.drain()) this.#shift();
  }

  #shift(): void {
    this.#pieces = undefined;
    this.#gathered_bytes = 0;
    if (++this.#first < this.#queue.length) return;
    this.#queue.length = this.#first = 0;
  }

  #end(part: Part): void {
    this.#parts.splice(this.#parts.indexOf(part), 1);
    if (part.isOrphan) part.db.clear();
  }
}

function sizeOf(db: Database, ref: Ref): number {
  const { valueStart, valueEnd } = db.locate(ref);
  const isObject = db.encoding(ref) === OBJECT && valueEnd - valueStart === HANDLE_BYTES;
  return isObject ? db.object(ref).usedBytes : db.table.recordBytes(ref); // or one that sleeps
}
