/**
 * The keyspace as it is at one moment, written without a copy of it while clients go on.
 *
 *     const snapshot = new KeyspaceSnapshot(keyspace, encoder);      this is the moment
 *     while (!snapshot.step()) ...                                   some 10 us of work each
 *
 * Every record of that moment is old (`Records.isOld`) until it is written: by the walk over the
 * tables, or by {@linkcode KeyspaceSnapshot.preserve} before it changes. Records made later are not
 * old, and are passed over. A database that is flushed meanwhile lives on here until it has been
 * written.
 *
 * Promises: each record of the moment is written once, as it was. Before the next snapshot no record
 * is old, even if this one is given up. One at a time.
 */

import type { Buffer } from "node:buffer";
import type { Database, Ref } from "./database.ts";
import type { Keyspace } from "./keyspace.ts";
import type { Preserver } from "./shared.ts";
import { OBJECT } from "./value.ts";
import { equalBytes } from "../memory/bytes.ts";
import { NONE } from "../memory/record_layout.ts";

/** A value that takes more memory than this is written piece by piece. */
const LARGE_BYTES = 64 * 1024;
/** What may gather behind a large value before the rest of it is written at once. */
const GATHERED_BYTES_MAX = 8 * 1024 * 1024;

/** Who writes the records; see `persistence/snapshot_encoder.ts`. */
export interface RecordSink {
  /** Writes a record whole; behind a large one that is under way. */
  record(db: Database, index: number, ref: Ref): void;
  /** Writes a record a piece at each step. */
  pieces(db: Database, index: number, ref: Ref): Iterator<void, void, void>;
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
  /** Keys of large values that the walk has come to. */
  readonly large: Buffer[];
}

/** A large value that is being written. */
interface OpenValue {
  readonly part: Part;
  readonly key: Buffer;
  readonly pieces: Iterator<void, void, void>;
}

/** See above. */
export class KeyspaceSnapshot implements Preserver {
  readonly #keyspace: Keyspace;
  readonly #sink: RecordSink;
  /** The databases not yet walked to the end, the first one under way. */
  readonly #parts: Part[] = [];
  #open: OpenValue | undefined;
  /** Bytes of records written behind the open value, about. */
  #gathered_bytes = 0;
  #abandoned = false;
  /** Records written. */
  records = 0;
  /** Records there were at the moment. */
  readonly total: number;
  /** A key that changed without a word: the snapshot is worth nothing. */
  missedKey: string | undefined;

  /** This is the moment. @param sink is called from within changes to the keyspace, too. */
  constructor(keyspace: Keyspace, sink: RecordSink) {
    if (keyspace.preserver !== undefined) throw new Error("a snapshot is under way");
    this.#keyspace = keyspace;
    this.#sink = sink;
    let total = 0;
    for (const db of keyspace.databases()) {
      db.table.newEpoch();
      total += db.size;
      if (db.size > 0) {
        this.#parts.push({
          db,
          index: db.index,
          cursor: 0,
          isWalked: false,
          isOrphan: false,
          large: [],
        });
      }
    }
    this.total = total;
    keyspace.preserver = this;
  }

  /** A little more of the walk. True: all is written (or passed over), and the snapshot is over. */
  step(): boolean {
    if (this.#open !== undefined) {
      this.#stepOpen(this.#open);
      return false;
    }
    const part = this.#parts.at(0);
    if (part === undefined) {
      this.#keyspace.preserver = undefined;
      return true;
    }
    const key = part.large.pop();
    if (key !== undefined) {
      this.#begin(part, key);
    } else if (part.isWalked) {
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
    if (this.#open !== undefined) this.#close(this.#open);
  }

  preserve(db: Database, ref: Ref): void {
    const open = this.#open;
    if (open !== undefined && open.part.db === db && isKeyOf(db, ref, open.key)) {
      this.#finish(open);
      return;
    }
    const part = this.#parts.find((each) => each.db === db);
    if (part === undefined) throw new Error("snapshot: an old record where none should be");
    if (this.#abandoned || sizeOf(db, ref) <= LARGE_BYTES) return this.#write(part, ref);
    // In pieces, too, though all at once: they can go to the file, and need little memory.
    if (open !== undefined) this.#finish(open);
    this.#begin(part, db.keyOf(ref));
    if (this.#open !== undefined) this.#finish(this.#open);
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
    const { db } = part;
    if (!db.table.isOld(ref)) return;
    if (this.#abandoned) db.table.renew(ref);
    else if (sizeOf(db, ref) > LARGE_BYTES) part.large.push(db.keyOf(ref));
    else this.#write(part, ref);
  }

  #write(part: Part, ref: Ref): void {
    const { db, index } = part;
    if (!this.#abandoned) {
      this.#sink.record(db, index, ref);
      this.records++;
      if (this.#open !== undefined) this.#gather(sizeOf(db, ref));
    }
    db.table.renew(ref);
  }

  #gather(size_bytes: number): void {
    this.#gathered_bytes += size_bytes;
    if (this.#gathered_bytes > GATHERED_BYTES_MAX) this.#finish(this.#open!);
  }

  /** Begins with a large value, if it is still there as it was. */
  #begin(part: Part, key: Buffer): void {
    const { db, index } = part;
    const ref = db.table.findAside(key, 0, key.length);
    if (ref === NONE || !db.table.isOld(ref)) return;
    if (this.#abandoned) return db.table.renew(ref);
    this.#gathered_bytes = 0;
    this.#open = { part, key, pieces: this.#sink.pieces(db, index, ref) };
    this.#stepOpen(this.#open); // it takes what it needs while `ref` is valid
  }

  /** A piece more. The sink may give the snapshot up meanwhile, and with it the value. */
  #stepOpen(open: OpenValue): void {
    const { done } = open.pieces.next();
    if (done && this.#open === open) this.#close(open);
  }

  /** Writes the rest of a large value at once. */
  #finish(open: OpenValue): void {
    while (this.#open === open) this.#stepOpen(open);
  }

  #close({ part: { db }, key }: OpenValue): void {
    this.#open = undefined;
    if (!this.#abandoned) this.records++;
    const ref = db.table.findAside(key, 0, key.length);
    if (ref === NONE) throw new Error("snapshot: a value has gone while it was being written");
    db.table.renew(ref);
  }

  #end(part: Part): void {
    this.#parts.splice(this.#parts.indexOf(part), 1);
    if (part.isOrphan) part.db.clear();
  }
}

function sizeOf(db: Database, ref: Ref): number {
  return db.encoding(ref) === OBJECT ? db.object(ref).usedBytes : db.table.recordBytes(ref);
}

function isKeyOf(db: Database, ref: Ref, key: Buffer): boolean {
  const { bytes, keyStart, valueStart } = db.locate(ref);
  return valueStart - keyStart === key.length &&
    equalBytes(bytes, keyStart, key, 0, key.length);
}
