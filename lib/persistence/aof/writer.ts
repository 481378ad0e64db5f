/**
 * Writes what the queue gathers to the incremental file, and knows how safe it is.
 *
 * Promises: `onSafe` is called for a batch when its bytes are with the kernel (`appendfsync no`,
 * `everysec`) or on stable storage (`always`), and never before; so a reply that waits for it never
 * speaks of a write that a crash can undo. The file never keeps part of a batch (batch_file.ts).
 *
 * When a write fails under `no` or `everysec`, the batch is kept and tried again every 0.1 to 1 s.
 * Until it succeeds `misconf` is set: the server refuses commands that write. Replies of the failed
 * batch are held, not sent: the change is in memory, but its safety cannot be vouched for. (Redis
 * has sent them by then.) Later replies that show data must be held as long as
 * {@linkcode AofWriter.safePosition} is behind the queue; error replies may go.
 *
 * When a background fsync fails, Linux may have dropped the pages it covered, and a later fsync
 * that succeeds says nothing about them. `misconf` is set until an fsync succeeds. Framed batches are
 * written again before the next try; what cannot be stays unknown, is counted, and told to
 * `onDurabilityLost`, whose cure is a new base file.
 *
 * Under `always` there is no way back: any failure goes to `onFatal`, before any reply.
 *
 * No byte goes to another file before the one before it is sealed and on stable storage.
 */

import { type DiskError, toDiskError } from "../../platform/disk.ts";
import { StorageError } from "../errors.ts";
import { type AppendFile, closeFile } from "../files.ts";
import { BackgroundSync } from "./background_sync.ts";
import { BatchFile } from "./batch_file.ts";
import type { Batch } from "./queue.ts";
import { Retry } from "./retry.ts";
import { PositionWaiters } from "./waiters.ts";
import type { FsyncPolicy, WriterOptions, WriterStats } from "./writer_options.ts";

export type { FsyncPolicy, WriterOptions, WriterStats };

/** A file to go over to, when the queue has come to its mark. */
interface Change {
  readonly position: number;
  readonly next: AppendFile;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The writer of a log. */
export class AofWriter {
  readonly #options: WriterOptions;
  readonly #sync: BackgroundSync;
  readonly #retry: Retry;
  readonly #done: Promise<void>;
  readonly #changes: Change[] = [];
  readonly #flushes = new PositionWaiters();
  readonly #syncWaiters = new PositionWaiters();
  #file: BatchFile;
  #policy: FsyncPolicy;
  #safePosition: number;
  /** The error of the write that is being tried again. */
  #writeError: DiskError | undefined;
  #holdsSyncs = false;
  #dead = false;
  #closing = false;
  #ended = false;

  /**
   * Starts to consume the queue.
   *
   * @throws {DiskError} the file cannot be read
   */
  constructor(options: WriterOptions) {
    this.#options = options;
    this.#policy = options.policy;
    this.#safePosition = options.queue.position - options.queue.pending_bytes;
    this.#retry = new Retry(options.clock);
    this.#file = new BatchFile(options, options);
    const { onDuration } = options;
    this.#sync = new BackgroundSync({
      ...syncedFile(this.#file),
      disk: options.disk,
      clock: options.clock,
      log: options.log,
      position: this.#safePosition,
      onSynced: () => this.#syncWaiters.reached(this.#sync.syncedPosition),
      onFailed: (error, unknown_bytes) => this.#syncFailed(error, unknown_bytes),
      onDuration: onDuration && ((duration_ms) => onDuration("aof-fsync", duration_ms)),
    });
    this.#done = this.#consume();
  }

  /** Path of the file that batches go to. */
  get path(): string {
    return this.#file.path;
  }

  /** Whether its batches are framed. */
  get framed(): boolean {
    return this.#file.framed;
  }

  /** Size of that file, frames included. */
  get size_bytes(): number {
    return this.#file.size_bytes;
  }

  /** Bytes of that file that are known to be on stable storage. */
  get synced_bytes(): number {
    return this.#sync.synced_bytes;
  }

  /** `AofQueue.position` up to which commands are as safe as the policy asks. */
  get safePosition(): number {
    return this.#safePosition;
  }

  /** `AofQueue.position` up to which an fsync has succeeded. */
  get syncedPosition(): number {
    return this.#sync.syncedPosition;
  }

  /**
   * Resolves when {@linkcode AofWriter.syncedPosition} has reached `position`; asks for no fsync. As
   * bytes of a failed fsync stay unknown, it may take a new base.
   *
   * @throws {Error} the writer has ended before
   */
  whenSynced(position: number): Promise<void> {
    if (this.syncedPosition >= position) return Promise.resolve();
    if (this.#closing || this.#dead) return Promise.reject(this.#endedError());
    return this.#syncWaiters.wait(position);
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

  /** Whether nothing else is done until the disk has answered for a batch. */
  get waitsForDisk(): boolean {
    return this.#policy === "always" && !this.#holdsSyncs;
  }

  /**
   * CONFIG SET appendfsync: holds from the next batch on; `always` first makes what was written
   * under the old policy safe.
   */
  setPolicy(policy: FsyncPolicy): void {
    this.#policy = policy;
    if (policy === "everysec") this.#sync.wanted(this.#safePosition, this.#file.size_bytes);
    if (policy !== "always" || this.#dead || this.#writeError !== undefined) return;
    this.#syncNow();
  }

  /**
   * `no-appendfsync-on-rewrite`: while held, batches are written but not forced, under every policy
   * (as Redis does). Nothing holds back what {@linkcode AofWriter.changeFile} and
   * {@linkcode AofWriter.flushAndSync} force.
   */
  holdSyncs(held: boolean): void {
    this.#holdsSyncs = held;
    this.#sync.hold(held);
    if (held || this.#policy === "no" || this.#dead) return;
    this.#sync.wanted(this.#safePosition, this.#file.size_bytes);
  }

  /**
   * Goes over to another file at this moment: what was appended to the queue before the call goes to
   * the old one, what is appended after it to `next`, which is the writer's from now on. Resolves
   * when the old file is sealed, on stable storage and closed. A failure is treated as one of a write
   * or an fsync, and tried again.
   *
   * @throws {Error} the writer has ended before; `next` is closed
   */
  changeFile(next: AppendFile): Promise<void> {
    if (this.#closing || this.#dead) {
      closeFile(next, this.#options.log);
      return Promise.reject(this.#endedError());
    }
    return new Promise((resolve, reject) => {
      this.#changes.push({ position: this.#options.queue.split(), next, resolve, reject });
    });
  }

  /** A new base has taken the place of all files before the present one. */
  rebased(): void {
    this.#sync.forget();
  }

  /** Figures for INFO persistence. */
  stats(): WriterStats {
    return {
      aof_buffer_length: this.#options.queue.pending_bytes,
      aof_pending_bio_fsync: this.#sync.running ? 1 : 0,
      aof_delayed_fsync: this.#sync.delayed_count,
      aof_last_write_status: this.lastWriteStatus,
    };
  }

  /**
   * Writes all that was appended so far and forces it to stable storage.
   *
   * @throws {DiskError} some of it could not be written or forced
   */
  async flushAndSync(): Promise<void> {
    const { queue } = this.#options;
    const { position } = queue;
    queue.commit();
    if (this.#safePosition < position) {
      if (this.#ended) throw this.#endedError();
      const flushed = this.#flushes.wait(position);
      this.#retry.endRest(); // what waits for its next try gets it now
      await flushed;
    }
    await this.#sync.idle();
    this.#sync.now(this.#safePosition, this.#file.size_bytes);
  }

  /**
   * Ends the writer, seals what it wrote, and closes the queue and the file. A batch that cannot be
   * written is given up: call {@linkcode AofWriter.flushAndSync} first to hear of it.
   */
  async close(): Promise<void> {
    this.#closing = true;
    this.#options.queue.close();
    this.#retry.endRest();
    await this.#done;
    if (!this.#dead && this.misconf === undefined) await this.#sealAtEnd();
    await this.#sync.close(); // a closed file must not have an fsync under way
    this.#syncWaiters.fail(this.#endedError());
    closeFile(this.#file, this.#options.log);
  }

  async #consume(): Promise<void> {
    for await (const batch of this.#options.queue.batches()) {
      if (batch.bytes.length > 0 && this.#store(batch)) continue;
      if (!await this.#carryOut(batch)) break;
    }
    this.#ended = true;
    const error = this.#endedError();
    this.#flushes.fail(error);
    for (const { next, reject } of this.#changes.splice(0)) {
      closeFile(next, this.#options.log);
      reject(error);
    }
  }

  /** A mark, or a batch that has failed, until it works; false: it never did, and nothing follows. */
  async #carryOut(batch: Batch): Promise<boolean> {
    const isMark = batch.bytes.length === 0;
    if (isMark && await this.#change(batch.end)) return true;
    this.#retry.reset();
    do {
      if (this.#dead || this.#closing) return false;
      await this.#retry.rest();
    } while (!(isMark ? await this.#change(batch.end) : this.#store(batch)));
    return true;
  }

  /** Makes a batch as safe as the policy asks; false if that did not work. */
  #store(batch: Batch): boolean {
    if (!this.#tryWrite(() => this.#file.write(batch, this.#sync.synced_bytes))) return false;
    const { size_bytes } = this.#file;
    if (this.#policy === "no" || this.#holdsSyncs) this.#sync.written(batch.end, size_bytes);
    else if (this.#policy === "everysec") this.#sync.wanted(batch.end, size_bytes);
    else if (!this.#syncNow(batch.end)) return false;
    this.#safePosition = batch.end;
    this.#options.onSafe(batch);
    this.#flushes.reached(batch.end);
    return true;
  }

  /** Goes over to the file of the mark at `position`; false if the old one cannot be left yet. */
  async #change(position: number): Promise<boolean> {
    const change = this.#changes[0];
    if (change?.position !== position) throw new Error("a mark in the queue without a file");
    if (!await this.#seal("file") || !this.#sync.isSettled) return false; // a flush may come between
    const left = this.#file;
    const { next } = change;
    try {
      this.#file = new BatchFile(next, this.#options);
    } catch (error) {
      this.#failed(toDiskError(error, "read", next.path));
      return false;
    }
    this.#changes.shift();
    this.#sync.changeFile(syncedFile(this.#file));
    closeFile(left, this.#options.log);
    change.resolve();
    return true;
  }

  /** Ends the file with a seal, on stable storage with all before it; false if that did not work. */
  async #seal(what: "server" | "file"): Promise<boolean> {
    const file = this.#file;
    try {
      await this.#sync.whole();
      if (!file.isSealed(what)) {
        if (!this.#tryWrite(() => file.seal(what, this.#sync.synced_bytes))) return false;
        this.#sync.written(this.#safePosition, file.size_bytes);
        await this.#sync.whole();
      }
      return true;
    } catch (error) {
      this.#flushes.fail(error); // that of an fsync, which has been told
      this.#options.onRefused?.();
      return false;
    }
  }

  /** At the end of all: a failure costs nothing but the seal, or what the policy left to chance. */
  async #sealAtEnd(): Promise<void> {
    const { log } = this.#options;
    if (this.#file.size_bytes === 0 || await this.#seal("server")) return;
    log("warning", `The AOF file ${this.#file.path} could not be sealed: ${this.misconf}`);
    try {
      this.#file.cutBack();
    } catch (error) {
      log("warning", toDiskError(error, "stat", this.#file.path).message);
    }
  }

  /** Writes to the file; false if that did not work, which then has been told. */
  #tryWrite(write: () => void): boolean {
    const { clock, log, onDuration } = this.#options;
    const began_ms = onDuration === undefined ? 0 : clock.monotonic_ms();
    try {
      write();
    } catch (error) {
      this.#failed(toDiskError(error, "write", this.#file.path));
      return false;
    }
    if (onDuration !== undefined) {
      const took_ms = clock.monotonic_ms() - began_ms;
      onDuration("aof-write", took_ms);
      onDuration(this.#sync.running ? "aof-write-pending-fsync" : "aof-write-alone", took_ms);
    }
    if (this.#writeError !== undefined) {
      this.#writeError = undefined;
      log("warning", "AOF write error looks solved, writes are accepted again.");
    }
    return true;
  }

  /** A write has failed: nothing of it stays, clients hear of it. */
  #failed(error: DiskError): void {
    const { log } = this.#options;
    const { path, size_bytes } = this.#file;
    if (this.#writeError?.message !== error.message) {
      log("warning", `Error writing to the AOF file ${path} at ${size_bytes}: ${error.reason}`);
    }
    this.#writeError = error;
    try {
      const torn_bytes = this.#file.cutBack();
      if (torn_bytes > 0) {
        log(
          "warning",
          `Could not remove a short write of ${torn_bytes} bytes from the AOF file ${path} at ` +
            `${size_bytes}: it is completed by the next try, or cut at the next start`,
        );
      }
    } catch (cutError) {
      log("warning", `${toDiskError(cutError, "stat", path).message}: trying again`);
    }
    this.#flushes.fail(error);
    if (this.#policy === "always") this.#fatal("write", error);
    else this.#options.onRefused?.();
  }

  /** Forces what is written, at once; false if that did not work, which is the end. */
  #syncNow(position = this.#safePosition): boolean {
    const { clock, onDuration } = this.#options;
    const began_ms = onDuration === undefined ? 0 : clock.monotonic_ms();
    try {
      this.#sync.now(position, this.#file.size_bytes);
    } catch (error) {
      this.#fatal("fsync", toDiskError(error, "fdatasync", this.#file.path));
      return false;
    }
    onDuration?.("aof-fsync-always", clock.monotonic_ms() - began_ms);
    return true;
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
        this.#file.path,
        this.#file.size_bytes,
        `Can't recover from an AOF ${call} error when the AOF fsync policy is 'always': ` +
          `${error.reason}. Exiting; mend the disk and start again`,
      ),
    );
  }

  #endedError(): Error {
    return this.#writeError ?? this.#sync.error ?? new Error("the AOF writer has ended");
  }
}

function syncedFile(file: BatchFile) {
  const { path, size_bytes, openedSynced_bytes } = file;
  return { file: file.file, path, size_bytes, synced_bytes: openedSynced_bytes };
}
