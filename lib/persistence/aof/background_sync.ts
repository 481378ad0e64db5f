/**
 * fsync once a second, off the event loop: `appendfsync everysec`.
 *
 * Promises: never two at once; never on a file that was closed; `syncedPosition` moves only when an
 * fsync that began after the bytes were written has succeeded; and bytes covered by one that failed
 * stay unknown for good, because the kernel may have dropped them: the position never passes them.
 */

import type { Clock } from "../../platform/clock.ts";
import { type DiskError, type DiskFile, toDiskError } from "../../platform/disk.ts";
import type { Log } from "../errors.ts";

/** One fsync begins at most this often. */
const INTERVAL_MS = 1000;
/** A write that meets an fsync this old counts as delayed (Redis would have waited till then). */
const DELAYED_AFTER_MS = 2000;

/** What the background fsync needs. */
export interface BackgroundSyncOptions {
  /** The file; closing it is the caller's, after {@linkcode BackgroundSync.close}. */
  readonly file: DiskFile;
  /** Its path, for messages. */
  readonly path: string;
  /** Time. */
  readonly clock: Clock;
  /** The server's log. */
  readonly log: Log;
  /** Queue position of what the file holds at first. */
  readonly position: number;
  /** Called when an fsync has failed, with all bytes whose fate is unknown by now. */
  readonly onFailed: (error: DiskError, unknown_bytes: number) => void;
}

/** The fsyncs of one file. Positions are those of the queue. */
export class BackgroundSync {
  readonly #options: BackgroundSyncOptions;
  #written: number;
  /** Covered by an fsync, whatever came of it. */
  #attempted: number;
  #synced: number;
  #running: Promise<void> | undefined;
  #began_ms = -Infinity;
  #cancelTimer: (() => void) | undefined;
  #postponedSince_ms: number | undefined;
  #closed = false;
  /** The error of the last fsync, if it failed. */
  error: DiskError | undefined;
  /** `aof_delayed_fsync`. */
  delayed_count = 0;
  /** Bytes that failed fsyncs covered. */
  unknown_bytes = 0;

  /** Nothing is synced until something is wanted. */
  constructor(options: BackgroundSyncOptions) {
    this.#options = options;
    this.#written = options.position;
    this.#attempted = options.position;
    this.#synced = options.position;
  }

  /** Position up to which everything is known to be on stable storage. */
  get syncedPosition(): number {
    return this.#synced;
  }

  /** Whether an fsync is under way. */
  get running(): boolean {
    return this.#running !== undefined;
  }

  /** The file holds what is before `position`; no fsync is asked for. */
  written(position: number): void {
    this.#written = position;
  }

  /** The file holds what is before `position`, and it is to be on stable storage soon. */
  wanted(position: number): void {
    this.#written = position;
    if (this.#running !== undefined) this.#countDelay();
    this.#schedule();
  }

  /**
   * Returns when what is before `position` is on stable storage.
   *
   * @throws {DiskError} it may not be
   */
  now(position: number): void {
    this.#written = position;
    const covered = position;
    try {
      this.#options.file.sync();
    } catch (error) {
      this.#failed(toDiskError(error, "fdatasync", this.#options.path), covered);
      throw error;
    }
    this.#succeeded(covered);
  }

  /** Resolves when no fsync is under way. Never rejects. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** No fsync begins any more; resolves when none is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    await this.idle();
  }

  #schedule(): void {
    if (this.#closed || this.#running !== undefined || this.#cancelTimer !== undefined) return;
    if (this.#attempted >= this.#written && this.error === undefined) return;
    const wait_ms = this.#began_ms + INTERVAL_MS - this.#options.clock.monotonic_ms();
    if (wait_ms <= 0) {
      this.#running = this.#run();
      return;
    }
    this.#cancelTimer = this.#options.clock.after(wait_ms, () => {
      this.#cancelTimer = undefined;
      this.#schedule();
    });
  }

  async #run(): Promise<void> {
    const covered = this.#written;
    this.#began_ms = this.#options.clock.monotonic_ms();
    try {
      await this.#options.file.syncInBackground();
      this.#succeeded(covered);
    } catch (error) {
      this.#failed(toDiskError(error, "fdatasync", this.#options.path), covered);
    }
    this.#running = undefined;
    this.#postponedSince_ms = undefined;
    this.#schedule();
  }

  #succeeded(covered: number): void {
    this.#attempted = Math.max(this.#attempted, covered);
    if (this.unknown_bytes === 0) this.#synced = this.#attempted;
    if (this.error === undefined) return;
    this.error = undefined;
    this.#options.log(
      "warning",
      `fsync of ${this.#options.path} works again: writes are accepted. The durability of ` +
        `${this.unknown_bytes} bytes is unknown until the AOF has a new base file`,
    );
  }

  #failed(error: DiskError, covered: number): void {
    this.unknown_bytes += Math.max(0, covered - this.#attempted);
    this.#attempted = Math.max(this.#attempted, covered);
    this.error = error;
    this.#options.log(
      "warning",
      `fsync of ${this.#options.path} failed: ${error.reason}. ${this.unknown_bytes} bytes may be ` +
        "lost if the machine stops; writes are refused until an fsync works",
    );
    this.#options.onFailed(error, this.unknown_bytes);
  }

  /** Counts as Redis does: once for each two seconds that an fsync keeps writers waiting. */
  #countDelay(): void {
    const now_ms = this.#options.clock.monotonic_ms();
    this.#postponedSince_ms ??= now_ms;
    if (now_ms - this.#postponedSince_ms < DELAYED_AFTER_MS) return;
    this.#postponedSince_ms = undefined;
    this.delayed_count++;
    this.#options.log(
      "notice",
      "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without " +
        "waiting for fsync to complete, this may slow down the server.",
    );
  }
}
