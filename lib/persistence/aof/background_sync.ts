/**
 * fsync off the event loop: once a second under `appendfsync everysec`, and when a file is left for
 * the next one.
 *
 * Promises: never two at once; never on a file that was closed; `syncedPosition` and `synced_bytes`
 * move only when an fsync that began after the bytes were written has succeeded; and bytes covered
 * by one that failed stay unknown, because the kernel may have dropped them: neither figure passes
 * them before they have been written again (write_again.ts) and an fsync has covered that, or a new
 * base has made them meaningless.
 */

import type { Clock } from "../../platform/clock.ts";
import { type Disk, type DiskError, type DiskFile, toDiskError } from "../../platform/disk.ts";
import type { Log } from "../errors.ts";
import { writeAgain } from "./write_again.ts";

/** One fsync begins at most this often. */
const INTERVAL_MS = 1000;
/** A write that meets an fsync this old counts as delayed (Redis would have waited till then). */
const DELAYED_AFTER_MS = 2000;

/** A file to be synced. */
export interface SyncedFile {
  /** The file; closing it is the caller's, after {@linkcode BackgroundSync.close}. */
  readonly file: DiskFile;
  /** Its path, for messages. */
  readonly path: string;
  /** What it holds. */
  readonly size_bytes: number;
  /** So much of that is known to be on stable storage. */
  readonly synced_bytes: number;
}

/** What the background fsync needs. */
export interface BackgroundSyncOptions extends SyncedFile {
  /** Where the file is: to write again what a failed fsync covered. Missing: that stays unknown. */
  readonly disk?: Disk;
  /** Time. */
  readonly clock: Clock;
  /** The server's log. */
  readonly log: Log;
  /** Queue position of what the file holds at first. */
  readonly position: number;
  /** Called when an fsync has succeeded; it may have moved the position. */
  readonly onSynced?: () => void;
  /** Called when an fsync has failed, with all bytes whose fate is unknown by now. */
  readonly onFailed: (error: DiskError, unknown_bytes: number) => void;
  /** Called with how long each background fsync took. */
  readonly onDuration?: (duration_ms: number) => void;
}

/** A place in the log: a position of the queue, and the size that the file has there. */
interface Mark {
  readonly position: number;
  readonly size_bytes: number;
}

/** The fsyncs of a log. */
export class BackgroundSync {
  readonly #options: BackgroundSyncOptions;
  #file: DiskFile;
  #path: string;
  #written: Mark;
  /** Covered by an fsync, whatever came of it. */
  #attempted: Mark;
  #syncedPosition: number;
  #synced_bytes: number;
  #running: Promise<void> | undefined;
  #began_ms = -Infinity;
  #cancelTimer: (() => void) | undefined;
  #postponedSince_ms: number | undefined;
  #held = false;
  #closed = false;
  /** Bytes that failed fsyncs covered, in the file and in those before it. */
  #unknown_bytes = 0;
  #unknownEarlier_bytes = 0;
  /** The error of the last fsync, if it failed. */
  error: DiskError | undefined;
  /** `aof_delayed_fsync`. */
  delayed_count = 0;

  /** Nothing is synced until something is wanted. */
  constructor(options: BackgroundSyncOptions) {
    this.#options = options;
    this.#file = options.file;
    this.#path = options.path;
    this.#written = { position: options.position, size_bytes: options.size_bytes };
    this.#attempted = this.#written;
    this.#syncedPosition = options.position;
    this.#synced_bytes = options.synced_bytes;
  }

  /** Queue position up to which everything is known to be on stable storage. */
  get syncedPosition(): number {
    return this.#syncedPosition;
  }

  /** So much of the file is known to be on stable storage. */
  get synced_bytes(): number {
    return this.#synced_bytes;
  }

  /** Bytes that failed fsyncs covered. */
  get unknown_bytes(): number {
    return this.#unknownEarlier_bytes + this.#unknown_bytes;
  }

  /** Whether an fsync is under way. */
  get running(): boolean {
    return this.#running !== undefined;
  }

  /** Whether the file may be left: no fsync is under way, and the last one has not failed. */
  get isSettled(): boolean {
    return this.#running === undefined && this.error === undefined;
  }

  /** The file holds what is before `position`; no fsync is asked for. */
  written(position: number, size_bytes: number): void {
    this.#written = { position, size_bytes };
  }

  /** The file holds what is before `position`, and it is to be on stable storage soon. */
  wanted(position: number, size_bytes: number): void {
    this.#written = { position, size_bytes };
    if (this.#running !== undefined) this.#countDelay();
    this.#schedule();
  }

  /**
   * Returns when what is before `position` is on stable storage.
   *
   * @throws {DiskError} it may not be
   */
  now(position: number, size_bytes: number): void {
    const covered = { position, size_bytes };
    this.#written = covered;
    try {
      const again = this.#writeAgain(size_bytes);
      let step = again.next();
      while (step.done !== true) step = again.next();
      this.#file.sync();
      if (step.value) this.#unknown_bytes = 0;
    } catch (error) {
      const failure = toDiskError(error, "fdatasync", this.#path);
      this.#failed(failure, covered);
      throw failure;
    }
    this.#succeeded(covered);
  }

  /**
   * Resolves when all that was written is on stable storage, in the background; no fsync is made if
   * it is already.
   *
   * @throws {DiskError} it may not be
   */
  async whole(): Promise<void> {
    await this.idle();
    if (this.error === undefined && this.#synced_bytes >= this.#written.size_bytes) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#running = this.#run();
    await this.#running;
    if (this.error !== undefined) throw this.error;
  }

  /**
   * Goes on with another file; what was written before must be {@linkcode BackgroundSync.whole}.
   * What is unknown of the earlier file stays unknown until {@linkcode BackgroundSync.forget}.
   */
  changeFile(next: SyncedFile): void {
    if (!this.isSettled) throw new Error("a file is left before it is on stable storage");
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#unknownEarlier_bytes += this.#unknown_bytes;
    this.#unknown_bytes = 0;
    this.#file = next.file;
    this.#path = next.path;
    this.#written = { position: this.#written.position, size_bytes: next.size_bytes };
    this.#attempted = this.#written;
    this.#synced_bytes = next.synced_bytes;
  }

  /** What is in earlier files no longer counts: a new base has taken their place. */
  forget(): void {
    this.#unknownEarlier_bytes = 0;
    this.#movePosition();
  }

  /** While held, no fsync begins but by {@linkcode BackgroundSync.now} and `whole`. */
  hold(held: boolean): void {
    this.#held = held;
    if (held) {
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
    } else if (this.error !== undefined) {
      this.#schedule();
    }
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
    if (this.#closed || this.#held) return;
    if (this.#running !== undefined || this.#cancelTimer !== undefined) return;
    const isDone = this.#attempted.size_bytes >= this.#written.size_bytes;
    if (isDone && this.error === undefined) return;
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
    const { clock, onDuration } = this.#options;
    const covered = this.#written;
    this.#began_ms = clock.monotonic_ms();
    try {
      const again = this.#writeAgain(covered.size_bytes);
      let step = again.next();
      while (step.done !== true) {
        await new Promise<void>((resolve) => clock.after(0, resolve));
        step = again.next();
      }
      await this.#file.syncInBackground();
      if (step.value) this.#unknown_bytes = 0;
      this.#succeeded(covered);
    } catch (error) {
      this.#failed(toDiskError(error, "fdatasync", this.#path), covered);
    }
    onDuration?.(clock.monotonic_ms() - this.#began_ms);
    this.#running = undefined;
    this.#postponedSince_ms = undefined;
    this.#schedule();
  }

  /**
   * If bytes are unknown, writes all before `to_bytes` again that is not known to be safe. Returns
   * whether the next fsync tells of them.
   */
  *#writeAgain(to_bytes: number): Generator<void, boolean, void> {
    const { disk } = this.#options;
    if (this.#unknown_bytes === 0 || disk === undefined) return false;
    const path = this.#path;
    if (disk.stat(path) === undefined) return false; // it is to have its name later
    const file = disk.open(path, "update");
    try {
      return yield* writeAgain(file, path, this.#synced_bytes, to_bytes);
    } finally {
      file.close();
    }
  }

  #succeeded(covered: Mark): void {
    if (covered.size_bytes > this.#attempted.size_bytes) this.#attempted = covered;
    if (this.#unknown_bytes === 0) {
      this.#synced_bytes = Math.max(this.#synced_bytes, this.#attempted.size_bytes);
    }
    this.#movePosition();
    if (this.error === undefined) return;
    this.error = undefined;
    const unknown = this.unknown_bytes === 0
      ? "What it covered has been written again"
      : `The durability of ${this.unknown_bytes} bytes is unknown until the AOF has a new base file`;
    this.#options.log(
      "warning",
      `fsync of ${this.#path} works again: writes are accepted. ${unknown}`,
    );
  }

  #movePosition(): void {
    if (this.unknown_bytes > 0) return;
    this.#syncedPosition = this.#attempted.position;
    this.#options.onSynced?.();
  }

  #failed(error: DiskError, covered: Mark): void {
    this.#unknown_bytes += Math.max(0, covered.size_bytes - this.#attempted.size_bytes);
    if (covered.size_bytes > this.#attempted.size_bytes) this.#attempted = covered;
    this.error = error;
    this.#options.log(
      "warning",
      `fsync of ${this.#path} failed: ${error.reason}. ${this.unknown_bytes} bytes may be ` +
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
