/**
 * The append-only file of a running server: the directory, the queue and the writer put together,
 * loading at the start, and turning it on and off while the server runs.
 *
 *     propagation -> queue -> writer -> file          turn waits for safePosition
 */

import type { Config } from "../config/config.ts";
import { AofDirectory } from "../persistence/aof/directory.ts";
import type { StorageError } from "../persistence/errors.ts";
import { loadAof, type LoadResult, type ReplayTarget } from "../persistence/aof/loader.ts";
import { AofQueue, DEFAULT_QUEUE_LIMITS } from "../persistence/aof/queue.ts";
import { AofRewrite } from "../persistence/aof/rewrite.ts";
import { AofWriter, type WriterStats } from "../persistence/aof/writer.ts";
import type { Clock } from "../platform/clock.ts";
import type { Disk, DiskFile } from "../platform/disk.ts";
import type { UnitSink } from "./propagation.ts";
import type { TurnLog } from "./turn.ts";

/** What the log needs of the server. */
export interface AppendLogOptions {
  readonly config: Config;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: (level: "notice" | "warning", text: string) => void;
  /** Who the directory belongs to: `pid 123, port 6379`. */
  readonly owner: () => string;
  /** The log has become safer: replies that waited may leave. */
  readonly onSafe: () => void;
  /** The process must end at once, with status 1. */
  readonly onFatal: (error: StorageError) => void;
  /** Commands that make the present data set, encoded; for a new base. */
  readonly snapshot: () => Iterable<Uint8Array>;
}

/** The log. Closed at first. */
export class AppendLog implements TurnLog, UnitSink {
  readonly #options: AppendLogOptions;
  #directory: AofDirectory | undefined;
  #queue: AofQueue | undefined;
  /** Position of the log that was closed last: the next one goes on from there. */
  #lastPosition = 0;
  #writer: AofWriter | undefined;
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

  get safePosition(): number {
    return this.#writer?.safePosition ?? Infinity;
  }

  /** Position after all that was appended. */
  get position(): number {
    return this.#queue?.position ?? this.#lastPosition;
  }

  /** Why writes are refused now; undefined: they are not. */
  get refusal(): string | undefined {
    return this.#writer?.misconf;
  }

  append(bytes: Uint8Array, start: number, end: number, commands: number): void {
    this.#queue!.append(bytes, start, end, commands);
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
    const { config, disk, log, owner } = this.#options;
    this.#directory ??= AofDirectory.open({
      disk,
      dir: config.values.dir,
      appendDirName: config.values.appenddirname,
      appendFileName: config.values.appendfilename,
      owner: owner(),
      log,
    });
    return this.#directory;
  }

  /** Replays the files into `target`. */
  load(target: ReplayTarget): Promise<LoadResult> {
    const { config, disk, clock, log } = this.#options;
    return loadAof({
      disk,
      files: this.openDirectory().files(),
      target,
      loadTruncated: config.values["aof-load-truncated"],
      refusedCommand: config.values["aof-replay-errors"] === "report" ? "log" : "stop",
      bulkBytesMax: config.values["proto-max-bulk-len"],
      clock,
      log,
      onProgress: ({ loaded_bytes, total_bytes }) => {
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
    const { file, path } = this.openDirectory().openForAppend();
    this.#startWriter(file, path);
  }

  /**
   * CONFIG SET appendonly yes: a new base with the present data, and a new file behind it.
   *
   * @throws {DiskError} nothing has changed
   */
  openWithSnapshot(): void {
    const directory = this.openDirectory();
    const rewrite = new AofRewrite(directory);
    try {
      for (const chunk of this.#options.snapshot()) rewrite.write(chunk);
      rewrite.install();
    } catch (error) {
      rewrite.incr.close();
      rewrite.abort();
      this.#closeDirectory();
      throw error;
    }
    this.#startWriter(rewrite.incr, rewrite.incrPath);
  }

  /** CONFIG SET appendfsync. */
  setPolicy(): void {
    this.#writer?.setPolicy(this.#options.config.values.appendfsync);
  }

  /** Writes and forces what there is; the log stays open. */
  async flush(): Promise<void> {
    await this.#writer?.flushAndSync();
  }

  /** Ends the writer and gives the directory up. Flush first to hear of failures. */
  async close(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    this.#lastPosition = this.position;
    this.#queue = undefined;
    this.#tellRoom(); // nobody waits for a queue that is gone
    await writer?.close();
    if (this.#writer === undefined) this.#closeDirectory(); // else it was opened again meanwhile
  }

  /** The writer's figures for INFO; undefined while nothing is logged. */
  stats(): WriterStats | undefined {
    return this.#writer?.stats();
  }

  #startWriter(file: DiskFile, path: string): void {
    const { config, clock, log, onSafe, onFatal } = this.#options;
    const { base_bytes, total_bytes } = this.openDirectory().sizes();
    this.#queue = new AofQueue(DEFAULT_QUEUE_LIMITS, this.#lastPosition);
    this.#writer = new AofWriter({
      file,
      path,
      queue: this.#queue,
      policy: config.values.appendfsync,
      clock,
      log,
      base_bytes,
      otherFiles_bytes: total_bytes - file.size(),
      onSafe: () => {
        onSafe();
        this.#tellRoom();
      },
      onRefused: () => this.#tellRoom(),
      onFatal,
    });
  }

  #tellRoom(): void {
    const room = this.#room;
    this.#room = undefined;
    room?.resolve();
  }

  #closeDirectory(): void {
    this.#directory?.close();
    this.#directory = undefined;
  }
}
