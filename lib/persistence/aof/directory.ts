/**
 * The directory of a multi-part append-only file, held by one server at a time.
 *
 *     appendonlydir/appendonly.aof.manifest          which files count (see manifest.ts)
 *     appendonlydir/appendonly.aof.1.base.aof        written by a rewrite (rewrite.ts)
 *     appendonlydir/appendonly.aof.1.incr.aof        what is appended to
 *     appendonlydir/appendonly.aof.lock              says, and proves by its lock, who is here
 *     appendonlydir/temp-appendonly.aof.*            unfinished work: ignored, then removed
 *
 * An empty start writes an incremental file only: real Redis loads that, and needs no base.
 *
 * Promises: {@linkcode AofDirectory.open} changes nothing but the lock file, so that a log that
 * turns out to be broken stays as it was; the manifest never names a file that is not there; and a
 * directory with data but without a manifest is refused, not started over.
 */

import type { Disk, DiskFile } from "../../platform/disk.ts";
import { lockDirectory } from "./directory_lock.ts";
import { type Log, StorageError } from "../errors.ts";
import { type AofFile, joinPath } from "../files.ts";
import {
  EMPTY_MANIFEST,
  formatManifest,
  type Manifest,
  type ManifestFile,
  parseManifest,
  saveManifest,
} from "./manifest.ts";

/** Where a log is, and on whose behalf it is opened. */
export interface DirectoryOptions {
  /** The disk. */
  readonly disk: Disk;
  /** `dir`: the server's working directory. */
  readonly dir: string;
  /** `appenddirname`: a name within it. */
  readonly appendDirName: string;
  /** `appendfilename`: what the files' names begin with. */
  readonly appendFileName: string;
  /** Who holds the directory, for the message to a second server: `pid 123, port 6379`. */
  readonly owner: string;
  /** The server's log. */
  readonly log: Log;
}

/** A file open for appending. */
export interface AppendFile {
  /** The file; whoever gets it closes it. */
  readonly file: DiskFile;
  /** Its path. */
  readonly path: string;
}

/** The directory of a log. */
export class AofDirectory {
  /** What it was opened with. */
  readonly options: DirectoryOptions;
  /** Its path. */
  readonly path: string;
  readonly #lock: DiskFile;
  #manifest: Manifest;
  /** The single file of a server before Redis 7, still in `dir`, becomes the base. */
  #upgrade: boolean;

  private constructor(options: DirectoryOptions, path: string, lock: DiskFile) {
    this.options = options;
    this.path = path;
    this.#lock = lock;
    const text = this.#readManifest();
    this.#manifest = text === undefined ? EMPTY_MANIFEST : parseManifest(text, this.manifestPath);
    this.#upgrade = this.#mustUpgrade();
    if (text === undefined && !this.#upgrade) this.#refuseOrphans();
    this.#refuseMissing();
  }

  /**
   * Takes the directory for this server, making it if need be, and reads its manifest.
   *
   * @throws {StorageError} another server has it, or its manifest cannot be trusted
   * @throws {DiskError} it cannot be made, read or locked
   */
  static open(options: DirectoryOptions): AofDirectory {
    const path = joinPath(options.dir, options.appendDirName);
    if (options.disk.stat(path) === undefined) {
      options.disk.makeDirectory(path);
      options.disk.syncDirectory(options.dir);
    }
    const lock = lockDirectory(
      options.disk,
      joinPath(path, `${options.appendFileName}.lock`),
      options.owner,
    );
    try {
      return new AofDirectory(options, path, lock);
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** Path of the manifest. */
  get manifestPath(): string {
    return joinPath(this.path, this.#manifestName);
  }

  /** What the manifest on disk says. */
  get manifest(): Manifest {
    return this.#manifest;
  }

  /** Whether there is nothing to load: the directory is new. */
  get isEmpty(): boolean {
    return this.files().length === 0;
  }

  /** The files to replay, in order. */
  files(): AofFile[] {
    const { dir, appendFileName } = this.options;
    if (this.#upgrade) {
      return [{ path: joinPath(dir, appendFileName), name: appendFileName, type: "base" }];
    }
    const { base, incrs } = this.#manifest;
    return [
      ...(base === undefined ? [] : [this.#aofFile(base, "base")]),
      ...incrs.map((file) => this.#aofFile(file, "incr")),
    ];
  }

  /** Bytes of the base file, and of all files together. */
  sizes(): { base_bytes: number; total_bytes: number } {
    let base_bytes = 0;
    let total_bytes = 0;
    for (const { path, type } of this.files()) {
      const size_bytes = this.options.disk.stat(path)?.size_bytes ?? 0;
      if (type === "base") base_bytes += size_bytes;
      total_bytes += size_bytes;
    }
    return { base_bytes, total_bytes };
  }

  /**
   * After a successful load: takes in the old single file, removes what counts no longer, and opens
   * the last incremental file - a new one if there is none - for appending.
   *
   * @throws {DiskError} the directory is as before or as after the step that failed; both load
   */
  openForAppend(): AppendFile {
    if (this.#upgrade) this.#takeInOldFile();
    const last = this.#manifest.incrs.at(-1);
    const opened = last === undefined ? this.#createIncr() : this.#reopen(last);
    this.removeLeftovers();
    return opened;
  }

  /**
   * Writes a manifest to disk and goes by it.
   *
   * @throws {DiskError} {@linkcode AofDirectory.manifest} is the one that a restart finds: the old
   * one, or - if only the last fsync failed - the new one
   */
  replaceManifest(manifest: Manifest): void {
    const { disk } = this.options;
    try {
      saveManifest(disk, this.path, this.#manifestName, manifest);
    } catch (error) {
      if (this.#readManifest() === formatManifest(manifest)) this.#manifest = manifest;
      throw error;
    }
    this.#manifest = manifest;
  }

  /**
   * Removes HISTORY files and unfinished work. What cannot be removed is logged and tried again at
   * the next start.
   */
  removeLeftovers(): void {
    const { disk, appendFileName, log } = this.options;
    try {
      disk.readDirectory(this.path)
        .filter((name) => name.startsWith(`temp-${appendFileName}.`))
        .forEach((name) => disk.remove(joinPath(this.path, name)));
      this.#removeHistories();
    } catch (error) {
      log(
        "warning",
        `cannot tidy up ${this.path}: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  #removeHistories(): void {
    const { disk, log } = this.options;
    const { histories } = this.#manifest;
    if (histories.length === 0) return;
    disk.syncDirectory(this.path); // first it must be certain that the manifest does not need them
    for (const { name } of histories) {
      if (disk.stat(joinPath(this.path, name)) === undefined) continue;
      log("notice", `Removing the history file ${name}`);
      disk.remove(joinPath(this.path, name));
    }
    this.replaceManifest({ ...this.#manifest, histories: [] });
  }

  /** The name of a part of the log. */
  fileName(type: "base" | "incr", seq: number): string {
    return `${this.options.appendFileName}.${seq}.${type}.aof`;
  }

  /**
   * The first number from `seq` on whose file does not exist or is empty: a file with data that no
   * manifest names is never written to, nor removed.
   */
  freeSeq(type: "base" | "incr", seq: number): number {
    const { disk } = this.options;
    let free = seq;
    while ((disk.stat(joinPath(this.path, this.fileName(type, free)))?.size_bytes ?? 0) > 0) free++;
    return free;
  }

  /** Gives the directory up: another server may have it. */
  close(): void {
    this.#lock.close();
  }

  get #manifestName(): string {
    return `${this.options.appendFileName}.manifest`;
  }

  #aofFile({ name }: ManifestFile, type: "base" | "incr"): AofFile {
    return { path: joinPath(this.path, name), name, type };
  }

  #readManifest(): string | undefined {
    const { disk } = this.options;
    return disk.stat(this.manifestPath) === undefined
      ? undefined
      : disk.readText(this.manifestPath);
  }

  /** As Redis: no manifest yet, or one whose move of the old file was interrupted. */
  #mustUpgrade(): boolean {
    const { disk, dir, appendFileName } = this.options;
    const old = disk.stat(joinPath(dir, appendFileName));
    if (old === undefined || old.isDirectory) return false;
    const { base, incrs } = this.#manifest;
    if (base === undefined) return incrs.length === 0;
    return incrs.length === 0 && base.name === appendFileName &&
      disk.stat(joinPath(this.path, base.name)) === undefined;
  }

  #refuseOrphans(): void {
    const { disk, appendFileName } = this.options;
    const orphans = disk.readDirectory(this.path).filter((name) =>
      name.startsWith(`${appendFileName}.`) && /\.[0-9]+\.(base|incr)\.(aof|rdb)$/.test(name) &&
      (disk.stat(joinPath(this.path, name))?.size_bytes ?? 0) > 0
    );
    if (orphans.length === 0) return;
    throw new StorageError(
      "manifest",
      this.manifestPath,
      undefined,
      `the manifest is missing, but there is data: ${orphans.join(", ")}. Restore the manifest, ` +
        "or move these files away to start empty",
    );
  }

  #refuseMissing(): void {
    for (const { path, name } of this.files()) {
      const facts = this.options.disk.stat(path);
      if (facts !== undefined && !facts.isDirectory) continue;
      const what = facts === undefined ? "does not exist" : "is a directory";
      throw new StorageError(
        "manifest",
        this.manifestPath,
        undefined,
        `the file '${name}' that the manifest names ${what}. Restore it from a backup`,
      );
    }
  }

  /**
   * The manifest goes first: if the move does not happen, the next start sees that it is due. The
   * other way round, a crash in between would leave data that nothing names.
   */
  #takeInOldFile(): void {
    const { disk, dir, appendFileName, appendDirName, log } = this.options;
    const base: ManifestFile = { name: appendFileName, seq: 1, type: "base" };
    this.replaceManifest({ base, incrs: [], histories: [] });
    disk.rename(joinPath(dir, appendFileName), joinPath(this.path, appendFileName));
    this.#upgrade = false;
    disk.syncDirectory(this.path);
    disk.syncDirectory(dir);
    log(
      "notice",
      `Successfully migrated an old-style AOF file (${appendFileName}) into the AOF directory ` +
        `(${appendDirName}).`,
    );
  }

  #reopen({ name }: ManifestFile): AppendFile {
    const path = joinPath(this.path, name);
    return { file: this.options.disk.open(path, "append"), path };
  }

  #createIncr(): AppendFile {
    const { disk, log } = this.options;
    const seq = this.freeSeq("incr", 1);
    const name = this.fileName("incr", seq);
    const path = joinPath(this.path, name);
    log("notice", `Creating AOF incr file ${name} on server start`);
    const file = disk.open(path, disk.stat(path) === undefined ? "create" : "append");
    try {
      disk.syncDirectory(this.path);
      this.replaceManifest({ ...this.#manifest, incrs: [{ name, seq, type: "incr" }] });
    } catch (error) {
      file.close();
      throw error;
    }
    return { file, path };
  }
}
