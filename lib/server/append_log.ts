/**
 * The append-only file of a running server: the directory, the queue and the writer put together,
 * loading at the start, and turning it on and off while the server runs.
 *
 *     propagation -> queue -> writer -> file          turn waits for safePosition
 */

import { AofDirectory, type AppendFile } from "../persistence/aof/directory.ts";
import type { LogFacts } from "../persistence/archive/log_source.ts";
import { loadAof, type LoadResult, type ReplayTarget } from "../persistence/aof/loader.ts";
import { AofQueue, DEFAULT_QUEUE_LIMITS } from "../persistence/aof/queue.ts";
import { LogReplacement } from "../persistence/aof/replacement.ts";
import { AofWriter } from "../persistence/aof/writer.ts";
import { fileNameOf, joinPath } from "../persistence/files.ts";
import { messageOf } from "../platform/message_of.ts";
import type { AppendLogOptions, FileChange, LogStats } from "./append_log_options.ts";
import type { UnitSink } from "./propagation.ts";
import type { TurnLog } from "./turn.ts";

const TURNED_OFF = "the log has been turned off";

/** The log. Closed at first. */
export class AppendLog implements TurnLog, UnitSink {
  readonly #options: AppendLogOptions;
  #directory: AofDirectory | undefined;
  #queue: AofQueue | undefined;
  /** Position of the log that was closed last: the next one goes on from there. */
  #lastPosition = 0;
  #writer: AofWriter | undefined;
  /** Bytes of all files but the one that is written. */
  #otherFiles_bytes = 0;
  /** Size of the log after the last rewrite; after a start, that of its base. */
  #rewrittenSize_bytes = 0;
  /** How often the log was begun. */
  #run = 0;
  /** What is under way in the directory, which is not given up before it has ended. */
  readonly #work = new Set<Promise<void>>();
  /** A change to the next file that is under way. */
  #changing: Promise<void> | undefined;
  /** Waiters for room in the queue. */
  #room: { promise: Promise<void>; resolve: () => void } | undefined;

  /** @param options of the server. */
  constructor(options: AppendLogOptions) {
    this.#options = options;
  }

  /** Whether changes are logged. */
  get isOpen(): boolean {
    return this.#writer !== undefined;
  }

  /** Whether an open log is where `dir` says: CONFIG SET dir does not move it. */
  get isInPlace(): boolean {
    const { dir } = this.#options.config.values;
    return this.#directory === undefined || this.#directory.options.dir === dir;
  }

  get safePosition(): number {
    return this.#writer?.safePosition ?? Infinity;
  }

  get holdsUp(): boolean {
    return this.#writer?.waitsForDisk === true && this.#queue!.pending_bytes > 0;
  }

  /** Position after all that was appended. */
  get position(): number {
    return this.#queue?.position ?? this.#lastPosition;
  }

  /** Memory for what is to be written. */
  get buffer_bytes(): number {
    return this.#queue?.buffer_bytes ?? 0;
  }

  /** Position up to which everything is on stable storage; -1: nothing is logged. */
  get syncedPosition(): number {
    return this.#writer?.syncedPosition ?? -1;
  }

  /** Settles when what was appended before `position` is on stable storage, or the log is closed. */
  async whenSynced(position: number): Promise<void> {
    await this.#writer?.whenSynced(position);
  }

  /** Why writes are refused now; undefined: they are not. */
  get refusal(): string | undefined {
    return this.#writer?.misconf;
  }

  append(bytes: Uint8Array, start: number, end: number, commands: number): void {
    this.#queue!.append(bytes, start, end, commands);
  }

  appendLazily(bytes: Uint8Array, start: number, end: number, commands: number): void {
    this.#queue!.appendLazily(bytes, start, end, commands);
  }

  settle(): void {
    this.#queue?.settle();
  }

  commit(): void {
    this.#queue?.commit();
  }

  /**
   * Resolves when the queue has room again; undefined: it has. While writes are refused nobody waits
   * for room: nothing is added by clients, and they are to hear of it.
   */
  room(): Promise<void> | undefined {
    if (this.#queue === undefined || !this.#queue.full || this.refusal !== undefined) {
      return undefined;
    }
    this.#room ??= Promise.withResolvers<void>();
    this.#queue.commit();
    return this.#room.promise;
  }

  /** Takes the directory, and says whether there is anything to load. */
  openDirectory(): AofDirectory {
    const { config, disk, clock, log, owner } = this.#options;
    this.#directory ??= AofDirectory.open({
      disk,
      dir: config.values.dir,
      appendDirName: config.values.appenddirname,
      appendFileName: config.values.appendfilename,
      owner: owner(),
      checksums: () => config.values["aof-checksums"],
      now_s: () => Math.floor(clock.now_ms() / 1000),
      log,
    });
    return this.#directory;
  }

  /** Replays the files into `target`. */
  load(target: ReplayTarget): Promise<LoadResult> {
    const { config, disk, clock, log, keyspace, limits, progress } = this.#options;
    progress.begin(this.openDirectory().sizes().total_bytes);
    return loadAof({
      disk,
      files: this.openDirectory().files(),
      target,
      loadTruncated: config.values["aof-load-truncated"],
      refusedCommand: config.values["aof-replay-errors"] === "report" ? "log" : "stop",
      bulkBytesMax: config.values["proto-max-bulk-len"],
      clock,
      log,
      keyspace,
      limits: limits(),
      verify: config.values.rdbchecksum,
      keyDelay_us: () => config.values["key-load-delay"],
      onProgress: ({ loaded_bytes, total_bytes }) => {
        progress.reached(loaded_bytes);
        const percent = ((loaded_bytes / Math.max(total_bytes, 1)) * 100).toFixed(1);
        log(
          "notice",
          `Loading the append-only file: ${loaded_bytes} of ${total_bytes} bytes (${percent}%)`,
        );
      },
    });
  }

  /** After a successful load: opens the last file for appending. */
  open(): void {
    this.#startWriter(this.openDirectory().openForAppend());
    this.#options.onFiles();
  }

  /**
   * CONFIG SET appendonly yes: begins a log in the place of whatever is in the directory. Changes
   * are written from now on; {@linkcode LogReplacement.install} makes it the one that counts.
   *
   * @throws {StorageError | DiskError} nothing has changed
   */
  replace(): LogReplacement {
    const replacement = new LogReplacement(this.openDirectory());
    this.#startWriter(replacement.incr);
    return replacement;
  }

  /** A replacement has been installed: its base is what the log grows from. */
  replaced(): void {
    this.#options.onFiles();
    this.#measure();
    this.#rewrittenSize_bytes = this.sizes().current_bytes;
    if (this.#writer?.framed !== this.#options.config.values["aof-checksums"]) this.setFrames();
  }

  /**
   * BGREWRITEAOF while nothing is logged: the data of now takes the place of whatever is in the
   * directory, as in Redis.
   *
   * @param write writes and forces the base at this path
   * @throws {StorageError | DiskError} the directory is as before
   */
  async replaceUnused(
    format: "rdb" | "aof",
    write: (basePath: string) => Promise<void>,
  ): Promise<void> {
    const replacement = new LogReplacement(this.openDirectory());
    try {
      await write(replacement.basePath);
      await replacement.install(format);
    } catch (error) {
      replacement.abort();
      throw error;
    } finally {
      replacement.incr.file.close();
      if (!this.isOpen) this.#closeDirectory();
    }
  }

  /**
   * Goes over to a new incremental file. Resolves at the very moment, after `moment` was called: what
   * was appended before goes to the files before, which are whole and on stable storage when `sealed`
   * resolves; what is appended later goes to `next`.
   *
   * @throws {DiskError} the log goes on as it was
   */
  async changeFile(moment: () => void = () => {}): Promise<FileChange> {
    const writer = this.#writer;
    while (this.#changing !== undefined) await this.#changing.catch(() => {});
    if (writer === undefined || writer !== this.#writer) throw new Error(TURNED_OFF);
    if (!this.#counts) throw new Error("the log is not complete yet");
    const made = Promise.withResolvers<FileChange>();
    this.#changing = this.#track(this.#changeFile(writer, moment, made.resolve)).finally(() => {
      this.#changing = undefined;
    });
    this.#changing.catch(made.reject); // a failure after the moment is told by `sealed`
    return await made.promise;
  }

  /** Goes over to a new file; resolves when all before it is whole and on stable storage. */
  async rotate(): Promise<void> {
    const { sealed } = await this.changeFile();
    await sealed;
  }

  /**
   * A base for all before the file `first` is complete, at `path`: it takes their place.
   *
   * @throws {DiskError} the old base, or the new one, is in force; either loads
   */
  async installBase(path: string, format: "rdb" | "aof", first: AppendFile): Promise<void> {
    if (this.#writer === undefined) throw new Error(TURNED_OFF);
    const name = fileNameOf(first.path);
    await this.#track(this.openDirectory().installBase(path, format, name));
    this.#options.onFiles();
    this.#writer?.rebased();
    this.#measure();
    this.#rewrittenSize_bytes = this.sizes().current_bytes;
  }

  /** Bytes of all files of the log, and what they were after the last rewrite. */
  sizes(): { current_bytes: number; base_bytes: number } {
    return {
      current_bytes: this.#otherFiles_bytes + (this.#writer?.size_bytes ?? 0),
      base_bytes: this.#rewrittenSize_bytes,
    };
  }

  /** The files, for those who copy them; undefined: there is no log, or not yet one that counts. */
  facts(): LogFacts | undefined {
    const writer = this.#writer;
    const directory = this.#directory;
    if (writer === undefined || directory === undefined) return undefined;
    const { path, manifest: { base, incrs }, options } = directory;
    const last = incrs.findIndex(({ name }) => joinPath(path, name) === writer.path);
    if (last < 0) return undefined;
    return {
      directory: path,
      appendFileName: options.appendFileName,
      base,
      incrs: incrs.slice(0, last + 1),
      written_bytes: writer.size_bytes,
      synced_bytes: writer.synced_bytes,
      run: this.#run,
    };
  }

  /** CONFIG SET appendfsync. */
  setPolicy(): void {
    this.#writer?.setPolicy(this.#options.config.values.appendfsync);
  }

  /**
   * CONFIG SET aof-checksums: files are framed as a whole or not at all. A log that does not count
   * yet obeys when it does.
   */
  setFrames(): void {
    if (!this.#counts) return;
    this.rotate().catch((error) => {
      this.#options.log("warning", `The log goes on as it was begun: ${messageOf(error)}`);
    });
  }

  /** `no-appendfsync-on-rewrite`: while held, what is written is not forced to the disk. */
  holdSyncs(held: boolean): void {
    this.#writer?.holdSyncs(held);
  }

  /** Writes and forces what there is; the log stays open. */
  async flush(): Promise<void> {
    await this.#writer?.flushAndSync();
  }

  /**
   * Ends the writer and gives the directory up. Flush first to hear of failures.
   *
   * @param before what is to be done in the directory when nothing is written any more
   */
  async close(before: () => void = () => {}): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    this.#lastPosition = this.position;
    this.#queue = undefined;
    this.#options.onFiles();
    this.#tellRoom(); // nobody waits for a queue that is gone
    await writer?.close();
    while (this.#work.size > 0) await Promise.allSettled(this.#work);
    before();
    if (this.#writer === undefined) this.#closeDirectory(); // else it was opened again meanwhile
  }

  /** Figures for INFO; undefined while nothing is logged. */
  stats(): LogStats | undefined {
    if (this.#writer === undefined) return undefined;
    const { current_bytes, base_bytes } = this.sizes();
    return {
      aof_current_size: current_bytes,
      aof_base_size: base_bytes,
      aof_pending_rewrite: 0,
      ...this.#writer.stats(),
    };
  }

  async #changeFile(
    writer: AofWriter,
    moment: () => void,
    made: (change: FileChange) => void,
  ): Promise<void> {
    const next = await this.openDirectory().prepareIncr();
    if (writer !== this.#writer) {
      next.file.close();
      throw new Error(TURNED_OFF);
    }
    this.#options.onFileChange();
    const sealed = writer.changeFile(next);
    moment();
    made({ next, sealed });
    await sealed;
    this.#measure();
    this.#options.onFiles();
  }

  #track(work: Promise<void>): Promise<void> {
    const tracked = work.finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
    return tracked;
  }

  /** Whether the manifest names the file that is written: not before a new log is complete. */
  get #counts(): boolean {
    return this.facts() !== undefined;
  }

  #measure(): void {
    if (this.#writer === undefined) return;
    this.#otherFiles_bytes = this.openDirectory().sizes().total_bytes - this.#writer.size_bytes;
  }

  #startWriter(opened: AppendFile): void {
    const { config, disk, clock, log, onSafe, onFatal } = this.#options;
    const { base_bytes, total_bytes } = this.openDirectory().sizes();
    this.#otherFiles_bytes = total_bytes - opened.file.size();
    this.#rewrittenSize_bytes = base_bytes;
    this.#run++;
    this.#queue = new AofQueue(DEFAULT_QUEUE_LIMITS, this.#lastPosition);
    this.#writer = new AofWriter({
      ...opened,
      queue: this.#queue,
      policy: config.values.appendfsync,
      checksums: () => config.values["aof-checksums"],
      timestamps: () => config.values["aof-timestamp-enabled"],
      disk,
      clock,
      log,
      onSafe: () => {
        onSafe();
        this.#tellRoom();
      },
      onRefused: () => this.#tellRoom(),
      onDurabilityLost: this.#options.onDurabilityLost,
      onDuration: this.#options.onEvent,
      onFatal,
    });
  }

  #tellRoom(): void {
    const room = this.#room;
    this.#room = undefined;
    room?.resolve();
  }

  #closeDirectory(): void {
    const directory = this.#directory;
    this.#directory = undefined;
    directory?.close();
  }
}
