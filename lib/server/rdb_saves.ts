/**
 * `dump.rdb`: SAVE, BGSAVE, the save points, and what INFO tells of them.
 *
 * Promise: the file is replaced as a whole, once the new one is complete and on stable storage.
 */

import { fromByteText } from "../config/byte_text.ts";
import { directoryOf, joinPath, removeQuietly, writeFully } from "../persistence/files.ts";
import { messageOf } from "../platform/message_of.ts";
import type { Disk } from "../platform/disk.ts";
import { processId } from "../platform/process.ts";
import type { ServerHandle } from "../commands/context.ts";
import { SnapshotAborted } from "./snapshot_writer.ts";
import type { Snapshots } from "./snapshots.ts";

/** After a failure the next try waits for so long (CONFIG_BGSAVE_RETRY_DELAY). */
const RETRY_DELAY_S = 5;
/** Unfinished files: ours, whatever process wrote them; Redis leaves out the first word. */
const TEMPORARY_NAME = /^temp-redeno-(\w+-)?\d+\.rdb$/;
/** Encoded bytes are written in pieces of this size. */
const PIECE_BYTES = 64 * 1024;

/** What saving needs. */
export interface RdbSavesHost {
  readonly server: ServerHandle;
  readonly disk: Disk;
  readonly snapshots: Snapshots;
  readonly log: (level: "notice" | "warning", text: string) => void;
}

/** See above. */
export class RdbSaves {
  readonly #host: RdbSavesHost;
  /** BGSAVE SCHEDULE: as soon as nothing else is under way. */
  #scheduled = false;
  #lastTry_s = 0;
  /** `keyspace.dirty` at the moment of the last snapshot. */
  #savedDirty = 0;
  #began_ms: number | undefined;
  #lastStatus: "ok" | "err" = "ok";
  #lastDuration_s = -1;
  /** Snapshots begun. */
  #count = 0;
  /** When the last snapshot was saved, in seconds since the epoch. */
  lastSave_s: number;
  /** What the last load of a file found. */
  loaded = { keys: 0, expired: 0 };

  /** @param host the server. */
  constructor(host: RdbSavesHost) {
    this.#host = host;
    this.lastSave_s = Math.floor(host.server.clock.now_ms() / 1000);
  }

  /** Path of the file. */
  get path(): string {
    const { values } = this.#host.server.config;
    return joinPath(fromByteText(values.dir), fromByteText(values.dbfilename));
  }

  /** Changes since the last snapshot. */
  get changes(): number {
    return this.#host.server.keyspace.dirty - this.#savedDirty;
  }

  /** The data in memory is what is on disk. */
  settle(): void {
    this.#savedDirty = this.#host.server.keyspace.dirty;
  }

  /** At the start: what a crash has left unfinished goes, unless another server is writing it. */
  removeLeftovers(): void {
    const { disk, log } = this.#host;
    const directory = directoryOf(this.path);
    for (const name of disk.readDirectory(directory)) {
      if (!TEMPORARY_NAME.test(name)) continue;
      try {
        removeUnlocked(disk, joinPath(directory, name));
      } catch (error) {
        log("warning", `cannot tidy up: ${messageOf(error)}`);
      }
    }
  }

  /** Why writes are refused: the last snapshot failed (stop-writes-on-bgsave-error). */
  get refusal(): string | undefined {
    if (this.#lastStatus === "ok") return undefined;
    const { values } = this.#host.server.config;
    if (values.save.length === 0 || !values["stop-writes-on-bgsave-error"]) return undefined;
    return "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to " +
      "persist to disk. Commands that may modify the data set are disabled, because this " +
      "instance is configured to report errors during writes if RDB snapshotting fails " +
      "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about the " +
      "RDB error.";
  }

  /**
   * BGSAVE: begins, now or (`schedule`) when it can. Within a transaction it never begins at once: a
   * snapshot holds transactions whole.
   *
   * @throws {Error} with a message for the client
   */
  start(schedule: boolean, inTransaction: boolean): "started" | "scheduled" {
    const { snapshots } = this.#host;
    if (this.#began_ms !== undefined) throw new Error("ERR Background save already in progress");
    if (snapshots.purpose !== undefined || inTransaction) {
      if (!schedule && !inTransaction) {
        throw new Error(
          "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE " +
            "SCHEDULE in order to schedule a BGSAVE whenever possible.",
        );
      }
      this.#scheduled = true;
      return "scheduled";
    }
    this.#begin();
    return "started";
  }

  /**
   * SAVE: writes the file before anything else is served.
   *
   * @param last whether the server ends now, so that what is under way does not matter
   * @throws {Error} what went wrong; the old file is as it was
   */
  saveNow(path = this.path, last = false): void {
    const { server: { keyspace }, disk, snapshots, log } = this.#host;
    if (this.#began_ms !== undefined && !last) {
      throw new Error("ERR Background save already in progress");
    }
    const temporary = temporaryPath(path, "now");
    this.#count++;
    try {
      const file = disk.open(temporary, "replace");
      try {
        file.tryLock(); // tells others that it is being written
        const encoder = snapshots.rdbEncoder(false);
        const drain = (enough: number) => {
          while (encoder.pending_bytes > enough) writeFully(file, encoder.take(), temporary);
        };
        encoder.begin();
        for (const db of keyspace.databases()) {
          db.table.forEach((ref) => {
            encoder.record(db, db.index, ref);
            drain(PIECE_BYTES);
          });
        }
        encoder.end();
        drain(0);
        file.sync();
      } finally {
        file.close();
      }
      disk.rename(temporary, path);
      disk.syncDirectory(directoryOf(path));
    } catch (error) {
      removeQuietly(disk, temporary);
      log("warning", `Error saving ${path}: ${messageOf(error)}`);
      throw error;
    }
    log("notice", "DB saved on disk");
    this.#succeeded(keyspace.dirty);
  }

  /**
   * FLUSHALL: what is under way would bring the data back, and is given up; with save points the file
   * is emptied at once, so that nothing comes back.
   */
  flushed(): void {
    const { server: { config, keyspace }, snapshots, log } = this.#host;
    if (keyspace.loading) return;
    snapshots.abort("the data was flushed", "save");
    if (config.values.save.length === 0) return;
    try {
      this.saveNow(this.path, true);
    } catch (error) {
      log("warning", `The snapshot is not emptied: ${messageOf(error)}`);
    }
  }

  /** Writes a snapshot to another file, in the background, when nothing else is under way. */
  async saveTo(path: string): Promise<void> {
    await this.#host.snapshots.runNext("backup", () => this.#write(path, () => {}));
  }

  /** Now and then: what is scheduled, and the save points. */
  cron(now_ms: number): void {
    const { server: { config }, snapshots, log } = this.#host;
    if (snapshots.purpose !== undefined) return;
    const now_s = Math.floor(now_ms / 1000);
    const mayTry = this.#lastStatus === "ok" || now_s - this.#lastTry_s > RETRY_DELAY_S;
    if (this.#scheduled && mayTry) return this.#begin();
    const point = config.values.save.find(({ after_seconds, changes }) =>
      this.changes >= changes && now_s - this.lastSave_s > after_seconds
    );
    if (point === undefined || !mayTry) return;
    log("notice", `${point.changes} changes in ${point.after_seconds} seconds. Saving...`);
    this.#begin();
  }

  /** Its part of INFO persistence. */
  info(): [string, string | number][] {
    const { server: { clock }, snapshots } = this.#host;
    const saving = this.#began_ms !== undefined;
    const { records = 0, total = 0 } = snapshots.running?.writer ?? {};
    return [
      ["current_cow_peak", 0],
      ["current_cow_size", 0],
      ["current_cow_size_age", 0],
      ["current_fork_perc", (total === 0 ? 0 : records * 100 / total).toFixed(2)],
      ["current_save_keys_processed", records],
      ["current_save_keys_total", total],
      ["rdb_changes_since_last_save", this.changes],
      ["rdb_bgsave_in_progress", saving ? 1 : 0],
      ["rdb_last_save_time", this.lastSave_s],
      ["rdb_last_bgsave_status", this.#lastStatus],
      ["rdb_last_bgsave_time_sec", this.#lastDuration_s],
      [
        "rdb_current_bgsave_time_sec",
        saving ? Math.floor((clock.now_ms() - this.#began_ms!) / 1000) : -1,
      ],
      ["rdb_saves", this.#count],
      ["rdb_last_cow_size", 0],
      ["rdb_last_load_keys_expired", this.loaded.expired],
      ["rdb_last_load_keys_loaded", this.loaded.keys],
    ];
  }

  /** Sets the statistics to zero (CONFIG RESETSTAT). */
  resetStatistics(): void {
    this.#count = 0;
  }

  #begin(): void {
    const { server, snapshots, log } = this.#host;
    const { clock } = server;
    this.#scheduled = false;
    this.#began_ms = clock.now_ms();
    this.#lastTry_s = Math.floor(this.#began_ms / 1000);
    this.#count++;
    let dirty = 0;
    const atMoment = () => {
      dirty = server.keyspace.dirty;
      log("notice", `Background saving started by pid ${processId()}`);
    };
    snapshots.run("save", () => this.#write(this.path, atMoment)).then(
      () => {
        log("notice", "DB saved on disk");
        log("notice", "Background saving terminated with success");
        this.#succeeded(dirty);
      },
      (error) => {
        log("warning", `Background saving error: ${messageOf(error)}`);
        if (!(error instanceof SnapshotAborted)) this.#lastStatus = "err";
      },
    ).finally(() => {
      this.#lastDuration_s = Math.floor((clock.now_ms() - this.#began_ms!) / 1000);
      this.#began_ms = undefined;
    });
  }

  async #write(path: string, atMoment: () => void): Promise<void> {
    const { server: { config }, disk, snapshots } = this.#host;
    const temporary = temporaryPath(path, "background");
    const writer = snapshots.open(
      temporary,
      () => snapshots.rdbEncoder(false),
      config.values["rdb-save-incremental-fsync"],
    );
    writer.begin();
    atMoment();
    await writer.finish();
    try {
      writer.check();
      disk.rename(temporary, path);
    } catch (error) {
      removeQuietly(disk, temporary);
      throw error;
    }
    await disk.syncDirectoryInBackground(directoryOf(path));
  }

  #succeeded(dirty: number): void {
    this.#savedDirty = dirty;
    this.#lastStatus = "ok";
    this.lastSave_s = Math.floor(this.#host.server.clock.now_ms() / 1000);
  }
}

/** Two may be written at a time: SAVE and FLUSHALL do not wait for what they have given up. */
function temporaryPath(path: string, how: "now" | "background"): string {
  return joinPath(directoryOf(path), `temp-redeno-${how}-${processId()}.rdb`);
}

/** Whoever writes a file holds its lock. */
function removeUnlocked(disk: Disk, path: string): void {
  const file = disk.open(path, "append");
  try {
    if (file.tryLock()) disk.remove(path);
  } finally {
    file.close();
  }
}
