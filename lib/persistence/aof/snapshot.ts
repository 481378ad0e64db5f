/**
 * A snapshot as commands: what a RESP base file holds.
 *
 *     SELECT 0 / SET key value / SET key value PXAT 1700000000000 / RPUSH key element ... /
 *     ZADD key 1.5 member ... / PEXPIREAT key 1700000000000 ...
 *
 * With frames these are batches as in an incremental file, and an empty one ends the file.
 *
 * Promise: no command has more than 64 elements, so that the one who loads it answers in between and
 * needs little memory.
 */

import type { Database, Ref } from "../../keyspace/database.ts";
import type { KeptRecord } from "../../keyspace/kept_record.ts";
import { CommandEncoder } from "../../resp/encoder.ts";
import { SnapshotBuffers } from "../snapshot_buffers.ts";
import type { SnapshotEncoder } from "../snapshot_encoder.ts";
import { SEAL_BYTES_MAX } from "./frames.ts";
import { SnapshotFrames } from "./snapshot_frames.ts";
import { encodeKept, encodeRecord, longStringBytes } from "./snapshot_values.ts";
import { timestampLine } from "./timestamp.ts";

/** How commands are written. */
export interface CommandSnapshotOptions {
  /** `aof-checksums`: batches are framed, with this time in seconds since the epoch. Missing: not. */
  readonly framedAt?: () => number;
  /** `aof-timestamp-enabled`: the time in seconds that Redis's annotation before the first command tells. */
  readonly stamp_s?: number;
}

/** See above. */
export class CommandSnapshotEncoder implements SnapshotEncoder {
  readonly #buffers = new SnapshotBuffers(new CommandEncoder(), new CommandEncoder());
  readonly #frames: SnapshotFrames | undefined;
  readonly #framed = new CommandEncoder();
  /** Bytes of commands that were taken from the buffers. */
  #taken_bytes = 0;
  #state: "open" | "ending" | "ended" = "open";
  /** The database whose records come; -1: none yet. */
  #selected = -1;
  readonly #stamp_s: number | undefined;

  /** @param options how. */
  constructor({ framedAt, stamp_s }: CommandSnapshotOptions = {}) {
    this.#frames = framedAt && new SnapshotFrames(framedAt);
    this.#stamp_s = stamp_s;
  }

  get pending_bytes(): number {
    const seal_bytes = this.#frames !== undefined && this.#state === "ending" ? SEAL_BYTES_MAX : 0;
    return this.#buffers.pending_bytes + seal_bytes;
  }

  /** Nothing stands before the records. */
  begin(): void {}

  record(db: Database, index: number, ref: Ref): void {
    const encoder = this.#buffers.current;
    this.#select(encoder, index);
    encodeRecord(encoder, db, ref);
  }

  pieces(kept: KeptRecord): Generator<void, void, void> {
    const encoder = this.#buffers.open();
    this.#select(encoder, kept.index);
    const long_bytes = longStringBytes(kept);
    if (long_bytes > 0) this.#frames?.announce(this.#taken_bytes + encoder.length, long_bytes);
    return this.#finish(encodeKept(encoder, kept));
  }

  /** Behind the records stands nothing but, in a framed file, the empty batch that ends it. */
  end(): void {
    if (this.#buffers.isOpen) throw new Error("snapshot: a value is still under way");
    this.#state = "ending";
  }

  take(): Uint8Array {
    const bytes = this.#buffers.take();
    const frames = this.#frames;
    if (frames === undefined) return bytes;
    const framed = this.#framed;
    framed.clear();
    frames.add(bytes, framed);
    this.#taken_bytes += bytes.length;
    if (this.#state === "ending") {
      frames.end(framed);
      this.#state = "ended";
    }
    return new Uint8Array(framed.buf.buffer, framed.buf.byteOffset, framed.length);
  }

  *#finish(steps: Generator<void, void, void>): Generator<void, void, void> {
    yield* steps;
    this.#buffers.close();
  }

  #select(encoder: CommandEncoder, index: number): void {
    if (index === this.#selected) return;
    if (this.#selected < 0) this.#stamp(encoder);
    this.#selected = index;
    encoder.command("SELECT", index);
  }

  #stamp(encoder: CommandEncoder): void {
    if (this.#stamp_s === undefined) return;
    const line = timestampLine(this.#stamp_s);
    encoder.raw(line, 0, line.length);
  }
}
