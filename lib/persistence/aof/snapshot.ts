/**
 * A snapshot as commands: what a RESP base file holds.
 *
 *     SELECT 0 / SET key value / SET key value PXAT 1700000000000 / RPUSH key element ... /
 *     ZADD key 1.5 member ... / PEXPIREAT key 1700000000000 ...
 *
 * Promise: no command has more than 64 elements, so that the one who loads it answers in between and
 * needs little memory.
 */

import type { Database, Ref } from "../../keyspace/database.ts";
import { CommandEncoder } from "../../resp/encoder.ts";
import { withoutRest } from "../../types/pace.ts";
import { SnapshotBuffers } from "../snapshot_buffers.ts";
import type { SnapshotEncoder } from "../snapshot_encoder.ts";
import { encodeRecord, encodeString } from "./snapshot_values.ts";

/** See above. */
export class CommandSnapshotEncoder implements SnapshotEncoder {
  readonly #buffers = new SnapshotBuffers(new CommandEncoder(), new CommandEncoder());
  /** The database whose records come; -1: none yet. */
  #selected = -1;

  get pending_bytes(): number {
    return this.#buffers.pending_bytes;
  }

  /** Nothing stands before the records. */
  begin(): void {}

  record(db: Database, index: number, ref: Ref): void {
    const encoder = this.#buffers.current;
    this.#select(encoder, index);
    if (db.type(ref) === "string") encodeString(encoder, db, ref);
    else withoutRest(encodeRecord(encoder, db, ref));
  }

  pieces(db: Database, index: number, ref: Ref): Generator<void, void, void> {
    const encoder = this.#buffers.open();
    this.#select(encoder, index);
    return this.#finish(encodeRecord(encoder, db, ref));
  }

  /** Nothing stands behind the records. */
  end(): void {
    if (this.#buffers.isOpen) throw new Error("snapshot: a value is still under way");
  }

  take(): Uint8Array {
    return this.#buffers.take();
  }

  *#finish(steps: Generator<void, void, void>): Generator<void, void, void> {
    yield* steps;
    this.#buffers.close();
  }

  #select(encoder: CommandEncoder, index: number): void {
    if (index === this.#selected) return;
    this.#selected = index;
    encoder.command("SELECT", index);
  }
}
