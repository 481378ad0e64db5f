/**
 * The directory of a multi-part append-only file, held by one server at a time.
 *
 *     appendonlydir/appendonly.aof.manifest          which files count (see manifest.ts)
 *     appendonlydir/appendonly.aof.1.base.aof        written by a rewrite
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
import type { Log } from "../errors.ts";
import { explainRefusal, refuseMissing, refuseOrphans } from "./directory_checks.ts";
import { lockDirectory } from "./directory_lock.ts";
import { inspectEnd, isFramedFile } from "./file_end.ts";
import { type AofFile, type AppendFile, closeFile, joinPath } from "../files.ts";
import {
  type LeftoversOptions,
  removeLeftovers,
  removeLeftoversInBackground,
} from "./leftovers.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";
import { ManifestStore } from "./manifest_store.ts";
import { makeSafe, sealFile } from "./settle.ts";

/** How a base is written: as a snapshot, or as commands. */
export type BaseFormat = "rdb" | "aof";

export type { AppendFile };

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
  /** `aof-checksums`: whether files are to be framed. Missing: no. */
  readonly checksums?: () => boolean;
  /** Time, in seconds since the epoch, for what files say. Missing: 0. */
  readonly now_s?: () => number;
  /** The server's log. */
  readonly log: Log;
}

/** The directory of a log. */
export class AofDirectory {
  /** What it was opened with. */
  readonly options: DirectoryOptions;
  /** Its path. */
  readonly path: string;
  readonly #lock: DiskFile;
  readonly #store: ManifestStore;
  readonly #leftovers: LeftoversOptions;
  /** The single file of a server before Redis 7, still in `dir`, becomes the base. */
  #upgrade: boolean;
  /** A file that the manifest names, empty, and that nobody was given. */
  #spare: string | undefined;
  #busy: Promise<void> = Promise.resolve();

  private constructor(options: DirectoryOptions, path: string, lock: DiskFile) {
    this.options = options;
    this.path = path;
    this.#lock = lock;
    const { disk, appendFileName, log } = options;
    const store = new ManifestStore(disk, path, `${appendFileName}.manifest`);
    this.#store = store;
    this.#leftovers = { disk, directory: path, appendFileName, store, log };
    this.#upgrade = this.#mustUpgrade();
    const text = store.firstText;
    if (text === undefined && !this.#upgrade) refuseOrphans(disk, path, appendFileName, store.path);
    refuseMissing(disk, this.files(), store.path, text);
  }

  /**
   * Takes the directory for this server, making it if need be, and reads its manifest.
   *
   * @throws {StorageError} another server has it, or its manifest cannot be trusted
   * @throws {DiskError} it cannot be made, read or locked
   */
  static open(options: DirectoryOptions): AofDirectory {
    try {
      return AofDirectory.#open(options);
    } catch (error) {
      throw explainRefusal(error);
    }
  }

  static #open(options: DirectoryOptions): AofDirectory {
    const { disk, dir, appendFileName, owner } = options;
    const path = joinPath(dir, options.appendDirName);
    if (disk.stat(path) === undefined) {
      disk.makeDirectory(path);
      disk.syncDirectory(dir);
    }
    const lock = lockDirectory(disk, joinPath(path, `${appendFileName}.lock`), owner);
    try {
      return new AofDirectory(options, path, lock);
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** Path of the manifest. */
  get manifestPath(): string {
    return this.#store.path;
  }

  /** What the manifest on disk says. */
  get manifest(): Manifest {
    return this.#store.manifest;
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
    const { base, incrs } = this.manifest;
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
   * a file for appending: the last incremental one, or a new one if batches may not follow its end.
   * All that was loaded is on stable storage then, whatever a killed server has left unfinished.
   *
   * @throws {DiskError} the directory is as before or as after the step that failed; both load
   */
  openForAppend(): AppendFile {
    const { disk, dir } = this.options;
    if (this.#upgrade) this.#takeInOldFile();
    const opened = this.#reopenLast() ?? this.#createIncr();
    try {
      makeSafe(disk, opened.file, opened.path);
      disk.syncDirectory(this.path);
      disk.syncDirectory(dir);
    } catch (error) {
      opened.file.close();
      throw error;
    }
    this.removeLeftovers();
    return opened;
  }

  /**
   * Makes the next incremental file, empty, and names it in the manifest as the last one; all of that
   * is on stable storage when this resolves, and no turn of the event loop waits for it. Whoever gets
   * the file closes it.
   *
   * @throws {DiskError} the log goes on as it was; if the manifest names the file by then, it is the
   * one that the next call gives
   */
  prepareIncr(): Promise<AppendFile> {
    return this.#oneByOne(async () => {
      const { disk } = this.options;
      const last = this.manifest.incrs.at(-1);
      const isSpare = last !== undefined && last.name === this.#spare;
      const next = isSpare ? this.asBegunNow(last) : this.#nextIncr();
      const path = joinPath(this.path, next.name);
      const file = disk.open(path, disk.stat(path) === undefined ? "create" : "append");
      try {
        if (file.size() !== 0) throw new Error(`${path} is not empty`);
        await file.syncInBackground();
        await disk.syncDirectoryInBackground(this.path);
        if (!isSpare || next.framed !== last.framed) {
          this.#spare = next.name;
          const incrs = [...this.manifest.incrs.slice(0, isSpare ? -1 : undefined), next];
          await this.#store.replaceInBackground({ ...this.manifest, incrs });
        }
        this.#spare = undefined;
        return { file, path, framed: next.framed ?? false };
      } catch (error) {
        file.close();
        throw error;
      }
    });
  }

  /**
   * A base file, complete and on stable storage, takes the place of the base and of all incremental
   * files before `firstIncr`, which are removed; in the background.
   *
   * @param temporaryPath where the base is: within the directory
   * @param format of the base
   * @param firstIncr name of the incremental file that begins at the moment of the base
   * @throws {DiskError} the old base, or the new one, is in force; either loads
   */
  installBase(temporaryPath: string, format: BaseFormat, firstIncr: string): Promise<void> {
    return this.#oneByOne(async () => {
      try {
        await this.#installBase(temporaryPath, format, firstIncr);
      } finally {
        await removeLeftoversInBackground(this.#leftovers);
      }
    });
  }

  /**
   * Writes a manifest to disk and goes by it.
   *
   * @throws {DiskError} {@linkcode AofDirectory.manifest} is the one that a restart finds: the old
   * one, or - if only the last fsync failed - the new one
   */
  replaceManifest(manifest: Manifest): void {
    this.#store.replace(manifest);
  }

  /**
   * Removes HISTORY files and unfinished work. What cannot be removed is logged and tried again at
   * the next start.
   */
  removeLeftovers(): void {
    removeLeftovers(this.#leftovers);
  }

  /** The name of a part of the log. */
  fileName(type: "base" | "incr", seq: number, format: BaseFormat = "aof"): string {
    return `${this.options.appendFileName}.${seq}.${type}.${format}`;
  }

  /** What the manifest is to say of an empty incremental file that is begun now. */
  asBegunNow({ name, seq, type }: ManifestFile): ManifestFile {
    return this.#checksums() ? { name, seq, type, framed: true } : { name, seq, type };
  }

  /**
   * The first number from `seq` on whose file the manifest does not name, and which does not exist or
   * is empty: a file with data that no manifest names is never written to, nor removed.
   */
  freeSeq(type: "base" | "incr", seq: number): number {
    const { disk } = this.options;
    const isTaken = (name: string) =>
      this.#store.names(name) || (disk.stat(joinPath(this.path, name))?.size_bytes ?? 0) > 0;
    let free = seq;
    while ((["rdb", "aof"] as const).some((format) => isTaken(this.fileName(type, free, format)))) {
      free++;
    }
    return free;
  }

  /** Gives the directory up: another server may have it. */
  close(): void {
    closeFile({ file: this.#lock, path: this.path }, this.options.log);
  }

  #aofFile({ name, framed }: ManifestFile, type: "base" | "incr"): AofFile {
    return { path: joinPath(this.path, name), name, type, ...framed && { framed } };
  }

  /** As Redis: no manifest yet, or one whose move of the old file was interrupted. */
  #mustUpgrade(): boolean {
    const { disk, dir, appendFileName } = this.options;
    const old = disk.stat(joinPath(dir, appendFileName));
    if (old === undefined || old.isDirectory) return false;
    const { base, incrs } = this.manifest;
    if (base === undefined) return incrs.length === 0;
    return incrs.length === 0 && base.name === appendFileName &&
      disk.stat(joinPath(this.path, base.name)) === undefined;
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

  /** The last incremental file, if batches of ours may follow what is in it. */
  #reopenLast(): AppendFile | undefined {
    const last = this.manifest.incrs.at(-1);
    if (last === undefined) return undefined;
    const path = joinPath(this.path, last.name);
    const file = this.options.disk.open(path, "append");
    try {
      const { kind } = inspectEnd(file);
      if (kind === "empty") {
        this.#settleBefore(last.name);
        this.#noteFrames(last);
      }
      if (kind === "empty" || kind === (this.#checksums() ? "framed" : "unframed")) {
        this.options.log("notice", `Opening AOF incr file ${last.name} on server start`);
        return { file, path, framed: this.#checksums() };
      }
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
    return undefined;
  }

  #createIncr(): AppendFile {
    const { disk, log } = this.options;
    const next = this.#nextIncr();
    const path = joinPath(this.path, next.name);
    this.#settleBefore(next.name);
    log("notice", `Creating AOF incr file ${next.name} on server start`);
    const file = disk.open(path, disk.stat(path) === undefined ? "create" : "append");
    try {
      disk.syncDirectory(this.path);
      this.replaceManifest({ ...this.manifest, incrs: [...this.manifest.incrs, next] });
    } catch (error) {
      file.close();
      throw error;
    }
    return { file, path, framed: next.framed ?? false };
  }

  /** The manifest says how a file is begun, before it is. */
  #noteFrames(last: ManifestFile): void {
    const noted = this.asBegunNow(last);
    if (noted.framed === last.framed) return;
    this.replaceManifest({ ...this.manifest, incrs: [...this.manifest.incrs.slice(0, -1), noted] });
  }

  #checksums(): boolean {
    return this.options.checksums?.() ?? false;
  }

  /** Makes what comes before an incremental file that is about to be written safe, and ends it. */
  #settleBefore(name: string): void {
    const { disk, now_s } = this.options;
    const before = this.files().filter((file) => file.name !== name);
    const last = before.findLastIndex(({ path }) => (disk.stat(path)?.size_bytes ?? 0) > 0);
    for (const file of before.slice(Math.max(0, last))) sealFile(disk, file, now_s?.() ?? 0);
  }

  #nextIncr(): ManifestFile {
    const seq = this.freeSeq("incr", (this.manifest.incrs.at(-1)?.seq ?? 0) + 1);
    return this.asBegunNow({ name: this.fileName("incr", seq), seq, type: "incr" });
  }

  async #installBase(temporaryPath: string, format: BaseFormat, firstIncr: string): Promise<void> {
    const { disk } = this.options;
    const { base, incrs, histories } = this.manifest;
    const first = incrs.findIndex(({ name }) => name === firstIncr);
    if (first < 0) throw new Error(`${firstIncr} is not in the manifest`);
    const seq = this.freeSeq("base", (base?.seq ?? 0) + 1);
    const name = this.fileName("base", seq, format);
    // Named as what may be removed, it does not stay for ever if the machine stops in between.
    const waste: ManifestFile = { name, seq, type: "history" };
    const framed = isFramedFile(disk, temporaryPath);
    await this.#store.replaceInBackground({ base, incrs, histories: [...histories, waste] });
    disk.rename(temporaryPath, joinPath(this.path, name));
    await disk.syncDirectoryInBackground(this.path);
    const replaced = [...(base === undefined ? [] : [base]), ...incrs.slice(0, first)];
    await this.#store.replaceInBackground({
      base: { name, seq, type: "base", ...framed && { framed } },
      incrs: incrs.slice(first),
      histories: [
        ...histories,
        ...replaced.map((file): ManifestFile => ({ ...file, type: "history" })),
      ],
    });
  }

  /** Runs what takes several turns after what is under way. */
  #oneByOne<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#busy.then(action);
    this.#busy = result.then(() => undefined, () => undefined);
    return result;
  }
}
