/**
 * BACKUP: makes backups in the background, one at a time, and knows those that were made.
 *
 * Who may write where: a client may name a directory below `dir`; any other needs
 * `enable-protected-configs`, as setting `dir` itself does.
 *
 * Promise: a backup never holds a turn or hurts the server; one that fails or is ended by the end of
 * the server leaves no marker, so that nobody takes it for a backup.
 */

import type { BackupEntry, Backups, BackupStatus } from "../commands/context.ts";
import { fromByteText } from "../config/byte_text.ts";
import type { Config } from "../config/config.ts";
import type { LogFacts, LogSource } from "../persistence/archive/log_source.ts";
import {
  BackupAborted,
  backupLog,
  type BackupOptions,
  backupSnapshot,
  refuseOccupied,
} from "../persistence/backup/backup.ts";
import { type BackupMarker, MARKER_NAME, parseMarker } from "../persistence/backup/marker.ts";
import { directoryOf, joinPath } from "../persistence/files.ts";
import { messageOf } from "../platform/message_of.ts";
import type { BackgroundDisk } from "../platform/background_disk.ts";
import type { Clock } from "../platform/clock.ts";

/** Directories remembered, below which LIST looks for backups; the oldest are forgotten. */
const PARENTS_MAX = 16;
/** Directories looked into by one LIST. */
const LISTED_MAX = 1000;

/** What backups need of the server. */
export interface BackupsHost {
  readonly config: Config;
  readonly clock: Clock;
  readonly disk: BackgroundDisk;
  readonly log: (level: "notice" | "warning", text: string) => void;
  /** The log: `rotate` resolves when all files before a new one are sealed and synced. */
  readonly source: LogSource & { rotate(): Promise<void> };
  /** Saves a snapshot to a path: used where nothing is logged. */
  readonly saveTo: (path: string) => Promise<void>;
}

/** The backups of a server. */
export class ServerBackups implements Backups {
  readonly #host: BackupsHost;
  readonly #parents: string[] = [];
  #status: BackupStatus = {
    state: "none",
    path: "",
    method: "",
    began_s: 0,
    ended_s: 0,
    done_bytes: 0,
    total_bytes: 0,
    error: "",
  };
  #running: Promise<void> | undefined;
  #isAborted = false;

  /** @param host of the server. */
  constructor(host: BackupsHost) {
    this.#host = host;
  }

  get status(): BackupStatus {
    return this.#status;
  }

  async start(word: string, isLocal: boolean): Promise<void> {
    const { config, disk } = this.#host;
    const path = this.#resolve(fromByteText(word), isLocal);
    this.#refuseSecond();
    await refuseOccupied(disk, path, fromByteText(config.values.appenddirname));
    this.#refuseSecond(); // another may have begun while the disk was asked
    this.#begin(path);
  }

  async list(): Promise<readonly BackupEntry[]> {
    const { config, disk } = this.#host;
    const parents = new Set([fromByteText(config.values.dir), ...this.#parents]);
    const found: BackupEntry[] = [];
    let looked = 0;
    for (const parent of parents) {
      for (const name of await disk.readDirectory(parent) ?? []) {
        if (++looked > LISTED_MAX) break;
        const entry = await this.#find(joinPath(parent, name));
        if (entry !== undefined) found.push(entry);
      }
    }
    return found.sort((a, b) => a.ended_s - b.ended_s || (a.path < b.path ? -1 : 1));
  }

  /** Ends what is under way, incomplete; resolves when it has ended. */
  async stop(): Promise<void> {
    this.#isAborted = true;
    await this.#running;
  }

  #refuseSecond(): void {
    if (this.#isAborted) throw new Error("the server is ending");
    if (this.#running !== undefined) throw new Error("Background backup already in progress");
  }

  #resolve(word: string, isLocal: boolean): string {
    const { values } = this.#host.config;
    const dir = tidied(fromByteText(values.dir));
    const given = tidied(word);
    if (given === "." || given === "/" || given.includes("\0")) {
      throw new Error("Invalid backup path");
    }
    const isAbsolute = given.startsWith("/");
    const isInside = !isAbsolute || given.startsWith(dir.endsWith("/") ? dir : `${dir}/`);
    const isBelow = isInside && !given.split("/").includes("..");
    const allowed = values["enable-protected-configs"];
    if (!isBelow && allowed !== "yes" && !(allowed === "local" && isLocal)) {
      throw new Error(
        "a backup outside of 'dir' needs 'enable-protected-configs'. Name a path below it, " +
          "without '..'",
      );
    }
    const path = isAbsolute ? given : joinPath(dir, given);
    const log = joinPath(dir, fromByteText(values.appenddirname));
    if (`${path}/`.startsWith(`${log}/`)) throw new Error("the log's own directory is no place");
    return path;
  }

  #begin(path: string): void {
    const { clock, disk, config, source, saveTo, log } = this.#host;
    const parent = directoryOf(path);
    if (!this.#parents.includes(parent)) this.#parents.push(parent);
    if (this.#parents.length > PARENTS_MAX) this.#parents.shift();
    const isLogged = source.facts() !== undefined;
    const began_s = Math.floor(clock.now_ms() / 1000);
    this.#status = {
      state: "running",
      path,
      method: isLogged ? "log" : "snapshot",
      began_s,
      ended_s: 0,
      done_bytes: 0,
      total_bytes: 0,
      error: "",
    };
    const options: BackupOptions = {
      disk,
      clock,
      path,
      onProgress: (done_bytes, total_bytes) => this.#change({ done_bytes, total_bytes }),
      isAborted: () => this.#isAborted,
    };
    log("notice", `Background backup to ${path} started`);
    const work = isLogged
      ? backupLog(options, fromByteText(config.values.appenddirname), () => this.#seal())
      : backupSnapshot(options, fromByteText(config.values.dbfilename), saveTo);
    this.#running = work.then(
      (marker) => this.#succeeded(marker),
      (error) => this.#failed(error),
    ).finally(() => this.#running = undefined);
  }

  async #seal(): Promise<LogFacts> {
    const { source } = this.#host;
    await source.rotate();
    const facts = source.facts();
    if (facts === undefined) throw new Error("the log was turned off meanwhile");
    return facts;
  }

  #succeeded(marker: BackupMarker): void {
    this.#change({ state: "done", ended_s: marker.ended_s });
    this.#host.log("notice", `Background backup to ${this.#status.path} is complete`);
  }

  #failed(error: unknown): void {
    const state = error instanceof BackupAborted || this.#isAborted ? "aborted" : "failed";
    const message = messageOf(error);
    const ended_s = Math.floor(this.#host.clock.now_ms() / 1000);
    this.#change({ state, ended_s, error: message });
    this.#host.log("warning", `Background backup to ${this.#status.path} ${state}: ${message}`);
  }

  #change(part: Partial<BackupStatus>): void {
    this.#status = { ...this.#status, ...part };
  }

  /** The backup in a directory; undefined: there is none, or it cannot be read. */
  async #find(path: string): Promise<BackupEntry | undefined> {
    const { disk } = this.#host;
    const markerPath = joinPath(path, MARKER_NAME);
    try {
      if (await disk.fileSize(markerPath) === undefined) return undefined;
      const { method, ended_s, files } = parseMarker(await disk.readFile(markerPath), markerPath);
      const size_bytes = files.reduce((sum, file) => sum + file.size_bytes, 0);
      return { path, method, ended_s, files: files.length, size_bytes };
    } catch {
      return undefined;
    }
  }
}

/** A path without `.` and empty parts, which would disguise it. */
function tidied(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (path.startsWith("/")) return `/${parts.join("/")}`;
  return parts.length === 0 ? "." : parts.join("/");
}
