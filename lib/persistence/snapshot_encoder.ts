/**
 * How the records of a snapshot become bytes: an RDB file (`rdb/snapshot.ts`) or commands
 * (`aof/snapshot.ts`). Who takes the snapshot decides which records, and when; bytes are taken away
 * as they gather, so that neither a large keyspace nor a large value needs much memory.
 *
 *     encoder.begin()
 *     encoder.record(db, 0, ref) ...            whole, at once
 *     for (const _ of encoder.pieces(kept)) await rest()            a large value, piece by piece
 *     encoder.end()
 *     between all of them:  while (encoder.pending_bytes > 0) file.write(encoder.take())
 */

import type { Database, Ref } from "../keyspace/database.ts";
import type { KeptRecord } from "../keyspace/kept_record.ts";

/** Turns records into bytes. */
export interface SnapshotEncoder {
  /** Bytes that wait to be taken. */
  readonly pending_bytes: number;
  /** What stands before all records. */
  begin(): void;
  /**
   * Encodes a record. While a large one is under way, what comes of this waits beside it and follows
   * behind its end.
   *
   * @param db where the record is now. @param index of the database that it belongs to.
   */
  record(db: Database, index: number, ref: Ref): void;
  /**
   * Encodes a kept record bit by bit: each step of the iterator encodes some 64 KiB. Between two
   * steps anything may change. One at a time; the caller ends `kept`.
   */
  pieces(kept: KeptRecord): Iterator<void, void, void>;
  /** What stands behind all records. */
  end(): void;
  /** Takes what has gathered; valid until the next call of any method. */
  take(): Uint8Array;
}
