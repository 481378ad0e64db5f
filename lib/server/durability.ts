/**
 * Everything that keeps the data on disk, put together: the log and its rewriting, `dump.rdb`, and
 * which of them is loaded at the start.
 *
 *     appendonly yes   the log is loaded, and written from then on; if there is none yet, it begins
 *                      with dump.rdb
 *     appendonly no    dump.rdb is loaded, if it is there
 */

import type { Persistence } from "../commands/context.ts";
import { encodingLimits } from "../commands/dump.ts";
import type { InfoLine } from "../commands/info_sections.ts";
import type { StorageError } from "../persistence/errors.ts";
import type { ReplayTarget } from "../persistence/aof/loader.ts";
import { explainRefusal } from "../persistence/aof/directory_checks.ts";
import { loadRdb } from "../persistence/rdb/load.ts";
import { type Disk, DiskError } from "../platform/disk.ts";
import { processId } from "../platform/process.ts";
import type { ServerHandle } from "../commands/context.ts";
import { backgroundDisk } from "../platform/background_disk.ts";
import { AppendLog } from "./append_log.ts";
import { Archiver } from "./archiver.ts";
import { ServerBackups } from "./backups.ts";
import { LoadingProgress } from "./loading_progress.ts";
import { LogControl } from "./log_control.ts";
import { LogRewrites } from "./log_rewrites.ts";
import type { Propagation } from "./propagation.ts";
import { RdbSaves } from "./rdb_saves.ts";
import { Snapshots } from "./snapshots.ts";
import type { Stats } from "./stats.ts";
import type { Turn } from "./turn.ts";

/** What it needs of the server. */
export interface DurabilityHost {
  readonly server: ServerHandle;
  readonly stats: Stats;
  readonly disk: Disk;
  readonly effects: Propagation;
  readonly turn: Turn;
  readonly replayTarget: () => ReplayTarget;
  readonly log: (level: "notice" | "warning", text: string) => void;
  /** Told of what may have kept clients waiting, for LATENCY. */
  readonly onEvent: (event: string, duration_ms: number) => void;
  /** Ends the process with this status. */
  readonly exit: (code: number) => void;
}

/** See above. */
export class Durability implements Persistence {
  readonly appendLog: AppendLog;
  readonly archiver: Archiver;
  readonly backups: ServerBackups;
  readonly snapshots: Snapshots;
  readonly #host: DurabilityHost;
  readonly #control: LogControl;
  readonly #saves: RdbSaves;
  readonly #rewrites: LogRewrites;
  readonly #progress: LoadingProgress;

  /** @param host the server. */
  constructor(host: DurabilityHost) {
    const { server, stats, disk, effects, turn, replayTarget, log, onEvent, exit } = host;
    const { config, clock, keyspace } = server;
    this.#host = host;
    this.#progress = new LoadingProgress(clock);
    this.appendLog = new AppendLog({
      config,
      clock,
      disk,
      log,
      owner: () => `pid ${processId()}, port ${config.values.port}`,
      onSafe: () => turn.release(),
      onFatal: (error) => this.#die(error),
      onFileChange: () => effects.reselect(),
      onDurabilityLost: () => this.#rewrites.schedule(),
      onFiles: () => this.archiver.logChanged(),
      keyspace,
      limits: () => encodingLimits(server),
      progress: this.#progress,
      onEvent,
    });
    const { appendLog } = this;
    const background = backgroundDisk(disk);
    this.archiver = new Archiver({
      config,
      disk: background,
      clock,
      source: appendLog,
      owner: server.runId,
      log,
    });
    this.backups = new ServerBackups({
      config,
      clock,
      disk: background,
      log,
      source: appendLog,
      saveTo: (path) => this.saveTo(path),
    });
    this.snapshots = new Snapshots({
      server,
      stats,
      disk,
      log,
      onSlice: (duration_ms) => onEvent("snapshot-slice", duration_ms),
      onRunning: (running) => {
        appendLog.holdSyncs(running && config.values["no-appendfsync-on-rewrite"]);
      },
    });
    const { snapshots } = this;
    this.#saves = new RdbSaves({ server, disk, snapshots, log });
    this.#rewrites = new LogRewrites({
      server,
      appendLog,
      snapshots,
      log,
      onDone: (duration_ms) => onEvent("aof-rewrite", duration_ms),
    });
    this.#control = new LogControl({
      appendLog,
      keyspace,
      effects,
      turn,
      snapshots,
      replayTarget,
      log,
      loadSnapshot: () => this.#loadSnapshot(),
      saveSnapshot: () => this.#saves.saveNow(),
      // A log that could not be begun is off: CONFIG GET is to say so.
      onFailed: () => config.set([["appendonly", "no"]], { local: true }),
      die: () => exit(1),
    });
  }

  get lastSave_s(): number {
    return this.#saves.lastSave_s;
  }

  get refusal(): string | undefined {
    return this.appendLog.refusal ?? this.#saves.refusal;
  }

  get logPosition(): number {
    return this.appendLog.position;
  }

  get logBuffer_bytes(): number {
    return this.appendLog.buffer_bytes;
  }

  get syncedPosition(): number {
    return this.appendLog.syncedPosition;
  }

  whenSynced(position: number): Promise<void> {
    return this.appendLog.whenSynced(position);
  }

  get logReady(): Promise<void> | undefined {
    return this.#control.ready;
  }

  /** Takes the log's directory, if the log is on, before anything else is done. */
  claim(): void {
    if (this.#host.server.config.values.appendonly) this.appendLog.openDirectory();
  }

  /**
   * Loads the data, and goes on writing the log.
   *
   * @throws {StorageError | DiskError} what cannot be trusted or read, and what to do
   */
  async start(): Promise<void> {
    try {
      await this.#load();
    } catch (error) {
      throw explainRefusal(error);
    }
    this.#saves.settle();
    this.#saves.removeLeftovers();
    this.archiver.obey();
  }

  async #load(): Promise<void> {
    const { server: { config }, disk, log } = this.#host;
    const { path } = this.#saves;
    if (!config.values.appendonly) return await this.#loadSnapshot();
    const isNew = this.appendLog.openDirectory().isEmpty;
    if (!isNew || disk.stat(path) === undefined) return await this.#control.start();
    // Redis would start empty, and write that over the snapshot when it ends.
    await this.#loadSnapshot();
    await this.#control.begin();
    log("warning", `The append-only file was new: it begins with the data of ${path}`);
  }

  /** CONFIG SET aof-checksums. */
  setFrames(): void {
    this.appendLog.setFrames();
  }

  /** CONFIG SET appendonly. */
  turnLog(on: boolean): void {
    this.#control.turn(on);
  }

  async reload(): Promise<void> {
    await this.#control.reload();
    this.#saves.settle();
  }

  flushed(): void {
    this.#saves.flushed();
  }

  save(): void {
    try {
      this.#saves.saveNow();
    } catch (error) {
      // As Redis: the log knows what failed, and a path is nothing for a client.
      if (error instanceof DiskError) throw new Error("ERR");
      throw error;
    }
  }

  saveInBackground(schedule: boolean, inTransaction: boolean): "started" | "scheduled" {
    return this.#saves.start(schedule, inTransaction);
  }

  async saveTo(path: string): Promise<void> {
    await this.#saves.saveTo(path);
  }

  rewriteLog(inTransaction: boolean): "started" | "scheduled" {
    return this.#rewrites.start(inTransaction);
  }

  /** Now and then: save points, growth of the log, what is scheduled. */
  cron(now_ms: number): void {
    this.#saves.cron(now_ms);
    this.#rewrites.cron(now_ms);
  }

  /**
   * Before an orderly end: what is under way is given up, the last snapshot is saved.
   *
   * @param save whether to save; undefined: if there are save points
   * @throws {Error} it cannot be saved
   */
  saveLast(save: boolean | undefined): void {
    const { server: { config, keyspace }, log } = this.#host;
    if (keyspace.loading || !(save ?? config.values.save.length > 0)) return;
    log("notice", "Saving the final RDB snapshot before exiting.");
    this.snapshots.abort("the server is ending"); // if it cannot be saved, the server goes on
    this.#saves.saveNow(this.#saves.path, true);
  }

  /** Writes and forces the log, whatever else is under way; see {@linkcode Durability.close}. */
  async flush(): Promise<void> {
    await this.appendLog.flush();
  }

  /** Ends what is under way, unfinished, and closes the log. */
  async close(): Promise<void> {
    this.snapshots.stop();
    await this.backups.stop();
    await this.archiver.stop();
    await this.#control.ready?.catch(() => {}); // logged already
    await this.snapshots.whenFree();
    await this.#control.close();
  }

  /** INFO persistence. */
  info(): InfoLine[] {
    const { keyspace } = this.#host.server;
    const stats = this.appendLog.stats();
    const lines: InfoLine[] = [
      ["loading", keyspace.loading ? 1 : 0],
      ["async_loading", 0],
      ...this.#saves.info(),
      ["aof_enabled", this.appendLog.isOpen ? 1 : 0],
      ...this.#rewrites.info(),
      ["aof_last_write_status", stats?.aof_last_write_status ?? "ok"],
      ["aof_last_cow_size", 0],
      ["module_fork_in_progress", 0],
      ["module_fork_last_cow_size", 0],
    ];
    if (stats !== undefined) {
      for (const [name, value] of Object.entries(stats)) {
        if (name !== "aof_last_write_status") lines.push([name, value]);
      }
    }
    lines.push(...this.archiver.infoLines());
    if (keyspace.loading) lines.push(...this.#progress.info());
    return lines;
  }

  /** CONFIG RESETSTAT. */
  resetStatistics(): void {
    this.#saves.resetStatistics();
    this.#rewrites.resetStatistics();
  }

  /** Loads dump.rdb, if it is there. */
  async #loadSnapshot(): Promise<void> {
    const { server, disk, log } = this.#host;
    const { path } = this.#saves;
    if (disk.stat(path) === undefined) return;
    const { clock, keyspace, config } = server;
    const began_ms = clock.monotonic_ms();
    const file = disk.open(path, "read");
    try {
      this.#progress.begin(file.size());
      const { keys, expired } = await loadRdb({
        file,
        path,
        keyspace,
        limits: encodingLimits(server),
        verify: config.values.rdbchecksum,
        keyDelay_us: () => config.values["key-load-delay"],
        dropExpired: true,
        clock,
        log,
        onProgress: (bytes) => this.#progress.reached(bytes),
      });
      this.#saves.loaded = { keys, expired };
    } finally {
      file.close();
    }
    const took_s = ((clock.monotonic_ms() - began_ms) / 1000).toFixed(3);
    log("notice", `DB loaded from disk: ${took_s} seconds`);
  }

  #die(error: StorageError): void {
    this.#host.log("warning", error.message);
    this.#host.exit(1);
  }
}
