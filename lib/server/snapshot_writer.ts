/**
 * Writes a snapshot of the keyspace to a file, in slices between turns.
 *
 *     const writer = new SnapshotWriter({ ... });   opens the file
 *     writer.begin();                               this is the moment
 *     await writer.finish();                        written, forced to the disk, closed
 *
 * Promises: no slice holds a turn for much longer than {@linkcode SLICE_MS}; memory is bounded: what
 * is encoded goes to the file at once; when it fails, the file is gone and the keyspace is ready for
 * the next snapshot by the time {@linkcode SnapshotWriter.finish} rejects.
 */

import type { Keyspace } from "../keyspace/keyspace.ts";
import { KeyspaceSnapshot } from "../keyspace/snapshot.ts";
import type { Database, Ref } from "../keyspace/database.ts";
import type { KeptRecord } from "../keyspace/kept_record.ts";
import { removeQuietly, writeFully } from "../persistence/files.ts";
import { KeyDelay } from "../persistence/key_delay.ts";
import type { SnapshotEncoder } from "../persistence/snapshot_encoder.ts";
import type { Clock } from "../platform/clock.ts";
import type { Disk, DiskFile } from "../platform/disk.ts";

/** How long a slice may take, plus one step: some 10 us, or 64 KiB of a large value. */
const SLICE_MS = 1;
/** Encoded bytes go to the file in pieces of about this size. */
const PIECE_BYTES = 64 * 1024;
/** With incremental fsync: one each so many bytes (REDIS_AUTOSYNC_BYTES). */
const SYNC_BYTES = 4 * 1024 * 1024;

/** What a snapshot is written with. */
export interface SnapshotWriterOptions {
  readonly keyspace: Keyspace;
  readonly clock: Clock;
  readonly disk: Disk;
  /** Called at the moment of the snapshot. */
  readonly encoder: () => SnapshotEncoder;
  /** The file; replaced if it is there. */
  readonly path: string;
  /** `rdb-key-save-delay`. Missing: none. */
  readonly keyDelay_us?: () => number;
  /** `snapshot-cpu-percent`. */
  readonly cpuPercent: () => number;
  /** A figure that grows while clients are served: nobody need be spared while it stands still. */
  readonly activity: () => number;
  /** Whether the file is forced to the disk bit by bit. */
  readonly incrementalSync: boolean;
  /** Told how long each slice took. */
  readonly onSlice?: (duration_ms: number) => void;
  /** The server's log: progress now and then, and what came of it. */
  readonly log: (level: "notice", text: string) => void;
}

/** A snapshot was given up on purpose. */
export class SnapshotAborted extends Error {
  /** The class, for logs. */
  override readonly name = "SnapshotAborted";
}

/** Progress is told this often. */
const PROGRESS_INTERVAL_MS = 5000;

/** See above. */
export class SnapshotWriter {
  readonly #options: SnapshotWriterOptions;
  readonly #file: DiskFile;
  #encoder!: SnapshotEncoder;
  #snapshot: KeyspaceSnapshot | undefined;
  /** Why it cannot be completed. */
  #failure: unknown;
  #synced_bytes = 0;
  #stopped = false;
  readonly #delay: KeyDelay;
  /** What is to be paused for it before the next slice. */
  #pause_ms = 0;
  /** Ends the rest between two slices. */
  #endRest: (() => void) | undefined;
  #lastActivity = 0;
  /** Bytes written. */
  size_bytes = 0;
  /** The longest slice, in ms. */
  longestSlice_ms = 0;

  /** @throws {DiskError} the file cannot be made */
  constructor(options: SnapshotWriterOptions) {
    this.#options = options;
    this.#delay = new KeyDelay(options.keyDelay_us);
    this.#file = options.disk.open(options.path, "replace");
    this.#file.tryLock(); // tells others that it is being written
  }

  /** Records written so far. */
  get records(): number {
    return this.#snapshot?.records ?? 0;
  }

  /** Records there are to write. */
  get total(): number {
    return this.#snapshot?.total ?? 0;
  }

  /** The moment of the snapshot is now. */
  begin(): void {
    const { keyspace } = this.#options;
    const encoder = this.#encoder = this.#options.encoder();
    encoder.begin();
    this.#snapshot = new KeyspaceSnapshot(keyspace, {
      record: (db: Database, index: number, ref: Ref) => this.#record(db, index, ref),
      pieces: (kept: KeptRecord) => this.#pieces(kept),
    });
    if (this.#failure !== undefined) this.#snapshot.abandon();
  }

  /**
   * Resolves when the file is complete and on stable storage.
   *
   * @throws {DiskError} the file is gone. @throws {Error} what {@linkcode SnapshotWriter.abort} said
   */
  async finish(): Promise<void> {
    const encoder = this.#encoder;
    await this.#walk(this.#snapshot!);
    try {
      this.check();
      encoder.end();
      this.#flush();
      await this.#file.syncInBackground();
      this.check();
    } catch (error) {
      this.discard();
      throw error;
    }
    this.#file.close();
    this.#options.log(
      "notice",
      `Snapshot written: ${this.records} keys, ${this.size_bytes} bytes; the longest slice held ` +
        `clients for ${this.longestSlice_ms.toFixed(1)} ms`,
    );
  }

  /**
   * Whether nobody has given up: to be asked after each wait, and by who puts the file in its place
   * after {@linkcode SnapshotWriter.finish}, right before.
   *
   * @throws {Error} what {@linkcode SnapshotWriter.abort} said
   */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Gives up: {@linkcode SnapshotWriter.finish} will reject with `reason`. */
  abort(reason: Error): void {
    this.#failure ??= reason;
    this.#snapshot?.abandon();
    this.#endRest?.();
  }

  /** The server ends: as {@linkcode SnapshotWriter.abort}, and the keyspace is left as it is. */
  stop(): void {
    this.#stopped = true;
    this.abort(new SnapshotAborted("the server is ending"));
  }

  /** Before {@linkcode SnapshotWriter.begin}, or when it has failed: the file is removed. */
  discard(): void {
    const { disk, path } = this.#options;
    this.#file.close();
    removeQuietly(disk, path); // what is left is removed at the next start
  }

  async #walk(snapshot: KeyspaceSnapshot): Promise<void> {
    const { clock, log } = this.#options;
    let told_ms = clock.monotonic_ms();
    for (;;) {
      const began_ms = clock.monotonic_ms();
      const done = this.#slice(snapshot, began_ms + SLICE_MS);
      const took_ms = clock.monotonic_ms() - began_ms;
      this.longestSlice_ms = Math.max(this.longestSlice_ms, took_ms);
      this.#options.onSlice?.(took_ms);
      if (done) return;
      if (began_ms - told_ms >= PROGRESS_INTERVAL_MS) {
        told_ms = began_ms;
        log("notice", `Writing a snapshot: ${this.records} of ${this.total} keys`);
      }
      await this.#rest(took_ms);
      if (this.#stopped) return;
      await this.#syncSome();
    }
  }

  /** True: the walk is over. */
  #slice(snapshot: KeyspaceSnapshot, until_ms: number): boolean {
    const { clock } = this.#options;
    do {
      const before = snapshot.records;
      if (snapshot.step()) return true;
      this.#pause_ms = this.#delay.after(snapshot.records - before);
      if (snapshot.missedKey !== undefined && this.#failure === undefined) {
        this.abort(new Error(`internal error: '${snapshot.missedKey}' changed unseen`));
      }
      this.#flushMuch();
    } while (this.#pause_ms === 0 && clock.monotonic_ms() < until_ms);
    return false;
  }

  /** Called within changes to the keyspace: must not throw. */
  #record(db: Database, index: number, ref: Ref): void {
    this.#encoder.record(db, index, ref);
    this.#flushMuch();
  }

  /** All pieces may be asked for at once: each goes to the file, so that they need little memory. */
  *#pieces(kept: KeptRecord): Generator<void, void, void> {
    const pieces = this.#encoder.pieces(kept);
    while (!pieces.next().done) {
      this.#flushMuch();
      yield;
    }
  }

  #flushMuch(): void {
    if (this.#encoder.pending_bytes >= PIECE_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#failure !== undefined) return;
    const { path } = this.#options;
    const encoder = this.#encoder;
    try {
      while (encoder.pending_bytes > 0) {
        const bytes = encoder.take();
        writeFully(this.#file, bytes, path);
        this.size_bytes += bytes.length;
      }
    } catch (error) {
      this.#failure = error;
      this.#snapshot?.abandon();
    }
  }

  /** Leaves the thread to clients, for so long that slices take their share of the time at most. */
  async #rest(took_ms: number): Promise<void> {
    const { clock, cpuPercent, activity } = this.#options;
    const before = this.#lastActivity;
    this.#lastActivity = activity();
    const isSpared = this.#lastActivity !== before && !this.#snapshot?.isPressed;
    const share = isSpared ? cpuPercent() / 100 : 1;
    const rest_ms = took_ms * (1 / share - 1) + (this.#failure === undefined ? this.#pause_ms : 0);
    await new Promise<void>((resolve) => {
      const cancel = clock.after(rest_ms, resolve);
      this.#endRest = () => {
        cancel();
        resolve();
      };
    });
    this.#endRest = undefined;
  }

  /** With incremental fsync the disk keeps up, and the last one is short. */
  async #syncSome(): Promise<void> {
    const { incrementalSync } = this.#options;
    if (!incrementalSync || this.size_bytes - this.#synced_bytes < SYNC_BYTES) return;
    this.#synced_bytes = this.size_bytes;
    try {
      await this.#file.syncInBackground();
    } catch (error) {
      this.#failure ??= error;
      this.#snapshot?.abandon();
    }
  }
}
