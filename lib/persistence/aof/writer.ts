/**
 * Writes what the queue gathers to the incremental file, and knows how safe it is.
 *
 * Promises: `onSafe` is called for a batch when its bytes are with the kernel (`appendfsync no`,
 * `everysec`) or on stable storage (`always`), and never before; so a reply that waits for it never
 * speaks of a write that a crash can undo. The file never keeps part of a batch: a write that fails
 * half way is cut back at once, and the whole batch is written again.
 *
 * When a write fails under `no` or `everysec`, the batch is kept and tried again every 0.1 to 1 s.
 * Until it succeeds `misconf` is set: the server refuses commands that write. Replies of the failed
 * batch are held, not sent: the change is in memory, but its safety cannot be vouched for. (Redis
 * has sent them by then.) Later replies that show data must be held as long as
 * {@linkcode AofWriter.safePosition} is behind the queue; error replies may go.
 *
 * When a background fsync fails, Linux may have dropped the pages it covered, and a later fsync
 * that succeeds says nothing about them. `misconf` is set until an fsync succeeds, and the bytes
 * whose fate is unknown are counted and told to `onDurabilityLost`, whose cure is a new base file.
 *
 * Under `always` there is no way back: any failure goes to `onFatal`, before any reply.
 */

import type { Clock } from "../../platform/clock.ts";
import { DiskError, type DiskFile, toDiskError } from "../../platform/disk.ts";
import { BackgroundSync } from "./background_sync.ts";
import { type Log, StorageError } from "../errors.ts";
import { writeFully } from "../files.ts";
import type { AofQueue, Batch } from "./queue.ts";

/** When the log is forced to stable storage: `appendfsync`. */
export type FsyncPolicy = "always" | "everysec" | "no";

/** A failed batch is tried again after this long, then twice as long, up to the second figure. */
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 1000;

/** What a writer needs. */
export interface WriterOptions {
  /** The incremental file, open for appending; the writer closes it. */
  readonly file: DiskFile;
  /** Its path, for messages. */
  readonly path: string;
  /** Where the commands come from; the writer is its consumer. */
  readonly queue: AofQueue;
  /** When to force to stable storage. */
  readonly policy: FsyncPolicy;
  /** Time. */
  readonly clock: Clock;
  /** The server's log. */
  readonly log: Log;
  /** Bytes of the other files of the log: what `aof_current_size` adds to this file's size. */
  readonly otherFiles_bytes?: number;
  /** Bytes of the base file: `aof_base_size`. */
  readonly base_bytes?: number;
  /** Called when a batch is as safe as the policy asks. Must not throw. */
  readonly onSafe: (batch: Batch) => void;
  /** Called when a write has failed: {@linkcode AofWriter.misconf} is set. */
  readonly onRefused?: () => void;
  /** Called when the process must end, with status 1, without another reply. */
  readonly onFatal: (error: StorageError) => void;
  /** Called after a failed fsync with the number of bytes that may be lost at a power failure. */
  readonly onDurabilityLost?: (unknown_bytes: number) => void;
}

/** The writer's part of INFO persistence, by the names that Redis gives. */
export interface WriterStats {
  /** Bytes of all files of the log. */
  readonly aof_current_size: number;
  /** Bytes of the base file. */
  readonly aof_base_size: number;
  /** Bytes that wait to be written. */
  readonly aof_buffer_length: number;
  /** Background fsyncs under way: 0 or 1. */
  readonly aof_pending_bio_fsync: number;
  /** How often a write met an fsync that took over two seconds. */
  readonly aof_delayed_fsync: number;
  /** See {@linkcode AofWriter.lastWriteStatus}. */
  readonly aof_last_write_status: "ok" | "err";
}

/** The writer of one incremental file. */
export class AofWriter {
  readonly #options: WriterOptions;
  readonly #sync: BackgroundSync;
  readonly #done: Promise<void>;
  /** Size of the file up to its last whole batch. */
  #size_bytes: number;
  #policy: FsyncPolicy;
  #safePosition: number;
  /** The error of the batch that is being tried again. */
  #writeError: DiskError | undefined;
  #dead = false;
  #closing = false;
  #ended = false;
  #endPause: (() => void) | undefined;
  #flushes: { position: number; resolve: () => void; reject: (error: unknown) => void }[] = [];

  /** Starts to consume the queue. */
  constructor(options: WriterOptions) {
    this.#options = options;
    this.#policy = options.policy;
    this.#size_bytes = options.file.size();
    this.#safePosition = options.queue.position - options.queue.pending_bytes;
    this.#sync = new BackgroundSync({
      file: options.file,
      path: options.path,
      clock: options.clock,
      log: options.log,
      position: this.#safePosition,
      onFailed: (error, unknown_bytes) => this.#syncFailed(error, unknown_bytes),
    });
    this.#done = this.#consume();
  }

  /** {@linkcode AofQueue.position} up to which commands are as safe as the policy asks. */
  get safePosition(): number {
    return this.#safePosition;
  }

  /** {@linkcode AofQueue.position} up to which an fsync has succeeded. */
  get syncedPosition(): number {
    return this.#sync.syncedPosition;
  }

  /** Bytes that a failed fsync covered: they may be lost in a power failure until a new base. */
  get durabilityUnknown_bytes(): number {
    return this.#sync.unknown_bytes;
  }

  /** `err` while a write or an fsync has failed and none has succeeded since. */
  get lastWriteStatus(): "ok" | "err" {
    return this.misconf === undefined ? "ok" : "err";
  }

  /** The error reply (without `-`) to commands that write; undefined while all is well. */
  get misconf(): string | undefined {
    const error = this.#writeError ?? this.#sync.error;
    return error && `MISCONF Errors writing to the AOF file: ${error.reason}`;
  }

  /** When the log is forced to stable storage. */
  get policy(): FsyncPolicy {
    return this.#policy;
  }

  /**
   * CONFIG SET appendfsync: holds from the next batch on; `always` first makes what was written
   * under the old policy safe.
   */
  setPolicy(policy: FsyncPolicy): void {
    this.#policy = policy;
    if (policy === "everysec") this.#sync.wanted(this.#safePosition);
    if (policy !== "always" || this.#dead || this.#writeError !== undefined) return;
    try {
      this.#sync.now(this.#safePosition);
    } catch (error) {
      this.#fatal("fsync", toDiskError(error, "fdatasync", this.#options.path));
    }
  }

  /** Figures for INFO persistence. */
  stats(): WriterStats {
    const { queue, otherFiles_bytes = 0, base_bytes = 0 } = this.#options;
    return {
      aof_current_size: otherFiles_bytes + this.#size_bytes,
      aof_base_size: base_bytes,
      aof_buffer_length: queue.pending_bytes,
      aof_pending_bio_fsync: this.#sync.running ? 1 : 0,
      aof_delayed_fsync: this.#sync.delayed_count,
      aof_last_write_status: this.lastWriteStatus,
    };
  }

  /**
   * Writes all that was appended so far and forces it to stable storage: for an orderly end.
   *
   * @throws {DiskError} some of it could not be written or forced
   */
  async flushAndSync(): Promise<void> {
    const { queue } = this.#options;
    const position = queue.position;
    queue.commit();
    if (this.#safePosition < position) {
      if (this.#ended) throw this.#endedError();
      await new Promise<void>((resolve, reject) => {
        this.#flushes.push({ position, resolve, reject });
        this.#endPause?.(); // a batch that waits for its next try gets it now
      });
    }
    await this.#sync.idle();
    this.#sync.now(this.#safePosition);
  }

  /**
   * Ends the writer and closes the queue and the file. A batch that cannot be written is given up:
   * call {@linkcode AofWriter.flushAndSync} first to hear of it.
   */
  async close(): Promise<void> {
    this.#closing = true;
    this.#options.queue.close();
    this.#endPause?.();
    await this.#done;
    await this.#sync.close(); // a closed file must not have an fsync under way
    this.#options.file.close();
  }

  async #consume(): Promise<void> {
    for await (const batch of this.#options.queue.batches()) {
      let pause_ms = RETRY_MIN_MS;
      while (!this.#store(batch)) {
        if (this.#dead || this.#closing) break;
        await this.#pause(pause_ms);
        pause_ms = Math.min(2 * pause_ms, RETRY_MAX_MS);
      }
      if (this.#dead || this.#safePosition !== batch.end) break;
    }
    this.#ended = true;
    this.#settleFlushes(() => this.#endedError());
  }

  /** Makes a batch as safe as the policy asks; false if that did not work. */
  #store(batch: Batch): boolean {
    if (!this.#write(batch)) return false;
    if (this.#policy === "always") {
      try {
        this.#sync.now(batch.end);
      } catch (error) {
        this.#fatal("fsync", toDiskError(error, "fdatasync", this.#options.path));
        return false;
      }
    } else if (this.#policy === "everysec") {
      this.#sync.wanted(batch.end);
    } else {
      this.#sync.written(batch.end);
    }
    this.#safePosition = batch.end;
    this.#options.onSafe(batch);
    this.#settleFlushes((position) => position <= batch.end ? null : undefined);
    return true;
  }

  #write(batch: Batch): boolean {
    const { file, path, log } = this.#options;
    try {
      const torn_bytes = this.#writeError === undefined ? 0 : this.#cutBack(batch);
      writeFully(file, torn_bytes === 0 ? batch.bytes : batch.bytes.subarray(torn_bytes), path);
    } catch (error) {
      this.#writeFailed(batch, toDiskError(error, "write", path));
      return false;
    }
    this.#size_bytes += batch.bytes.length;
    if (this.#writeError !== undefined) {
      this.#writeError = undefined;
      log("warning", "AOF write error looks solved, writes are accepted again.");
    }
    return true;
  }

  #writeFailed(batch: Batch, error: DiskError): void {
    const { path, log } = this.#options;
    if (this.#writeError?.message !== error.message) {
      log(
        "warning",
        `Error writing to the AOF file ${path} at ${this.#size_bytes}: ${error.reason}`,
      );
    }
    this.#writeError = error;
    try {
      const torn_bytes = this.#cutBack(batch);
      if (torn_bytes > 0) {
        log(
          "warning",
          `Could not remove a short write of ${torn_bytes} bytes from the AOF file ${path} at ` +
            `${this.#size_bytes}: it is completed by the next try, or cut at the next start`,
        );
      }
    } catch (cutError) {
      log("warning", `${toDiskError(cutError, "stat", path).message}: trying again`);
    }
    this.#settleFlushes(() => error);
    if (this.#policy === "always") this.#fatal("write", error);
    else this.#options.onRefused?.();
  }

  /**
   * Removes what a failed write of `batch` left behind. Returns how many bytes of the batch are
   * still there because the disk would not cut them: nobody else writes here, so whatever follows
   * the last whole batch is the beginning of this one, and the next try goes on behind it.
   */
  #cutBack(batch: Batch): number {
    const { file, path } = this.#options;
    const torn_bytes = file.size() - this.#size_bytes;
    if (torn_bytes === 0) return 0;
    if (torn_bytes < 0 || torn_bytes > batch.bytes.length) {
      throw new DiskError("write", path, "", "the file was changed by somebody else");
    }
    try {
      file.truncate(this.#size_bytes);
      return 0;
    } catch {
      return torn_bytes; // the caller logs it, and nothing is lost by it
    }
  }

  #syncFailed(error: DiskError, unknown_bytes: number): void {
    if (this.#policy === "always") this.#fatal("fsync", error);
    this.#options.onDurabilityLost?.(unknown_bytes);
  }

  #fatal(call: "write" | "fsync", error: DiskError): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#options.onFatal(
      new StorageError(
        "disk",
        this.#options.path,
        this.#size_bytes,
        `Can't recover from an AOF ${call} error when the AOF fsync policy is 'always': ` +
          `${error.reason}. Exiting; mend the disk and start again`,
      ),
    );
  }

  #endedError(): DiskError {
    return this.#writeError ??
      new DiskError("write", this.#options.path, "", "the writer of the AOF has ended");
  }

  #pause(duration_ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(duration_ms, resolve);
      this.#endPause = () => {
        this.#endPause = undefined;
        cancel();
        resolve();
      };
    });
  }

  /** Rejects the waiting flushes that `errorOf` gives an error, resolves those it gives null. */
  #settleFlushes(errorOf: (position: number) => unknown): void {
    if (this.#flushes.length === 0) return;
    this.#flushes = this.#flushes.filter((flush) => {
      const error = errorOf(flush.position);
      if (error === null) flush.resolve();
      else if (error !== undefined) flush.reject(error);
      return error === undefined;
    });
  }
}
