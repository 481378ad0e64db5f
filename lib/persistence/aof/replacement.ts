/**
 * Puts a new log in the place of whatever is in the directory: CONFIG SET appendonly yes. What is
 * there may be stale, so nothing of it may be mixed with what is written from now on.
 *
 *     temp-appendonly.aof.base, temp-appendonly.aof.incr    while the base is being written
 *     appendonly.aof.2.base.rdb, appendonly.aof.2.incr.aof  once the manifest names them
 *
 * Promise: until the new manifest is in place the old log, whole, is what a restart finds; from
 * then on it is the new one. There is no moment without either.
 */

import type { DiskFile } from "../../platform/disk.ts";
import { joinPath } from "../files.ts";
import type { AofDirectory, AppendFile } from "./directory.ts";
import { isFramedFile } from "./file_end.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";
import { messageOf } from "../../platform/message_of.ts";

/** A new log in the making. */
export class LogReplacement {
  readonly #directory: AofDirectory;
  readonly #incr: DiskFile;
  /** What the manifest will say of it. */
  readonly #incrEntry: ManifestFile;
  readonly #seqs: { readonly base: number; readonly incr: number };
  #state: "open" | "installed" | "aborted" = "open";

  /**
   * Begins; an unfinished earlier attempt is thrown away.
   *
   * @throws {DiskError} the old log is as it was
   */
  constructor(directory: AofDirectory) {
    const { base, incrs } = directory.manifest;
    this.#directory = directory;
    this.#seqs = {
      base: directory.freeSeq("base", (base?.seq ?? 0) + 1),
      incr: directory.freeSeq("incr", (incrs.at(-1)?.seq ?? 0) + 1),
    };
    const name = directory.fileName("incr", this.#seqs.incr);
    this.#incrEntry = directory.asBegunNow({ name, seq: this.#seqs.incr, type: "incr" });
    this.#incr = directory.options.disk.open(this.#temporary("incr"), "replace");
  }

  /** Where the base is to be written, and forced to the disk. */
  get basePath(): string {
    return this.#temporary("base");
  }

  /**
   * The new incremental file: every change after the moment of the base goes here. It belongs to the
   * writer that it is given to, which closes it. Its path is the one it will have once installed.
   */
  get incr(): AppendFile {
    const { name, framed = false } = this.#incrEntry;
    return { file: this.#incr, path: joinPath(this.#directory.path, name), framed };
  }

  /**
   * The base is complete: the new log takes the place of the old one, which is then removed.
   *
   * @throws {DiskError} call {@linkcode LogReplacement.abort}
   */
  async install(format: "rdb" | "aof"): Promise<void> {
    if (this.#state !== "open") throw new Error(`the new log is ${this.#state}`);
    const directory = this.#directory;
    const { disk } = directory.options;
    const base = directory.fileName("base", this.#seqs.base, format);
    await this.#incr.syncInBackground();
    const manifest = this.#newManifest(base, isFramedFile(disk, this.basePath));
    directory.replaceManifest(this.#withWaste(base));
    disk.rename(this.basePath, joinPath(directory.path, base));
    disk.rename(this.#temporary("incr"), this.incr.path);
    await disk.syncDirectoryInBackground(directory.path);
    directory.replaceManifest(manifest);
    this.#state = "installed";
    directory.removeLeftovers();
  }

  /** Gives up: what was made is removed as far as possible, and the old log stays. */
  abort(): void {
    if (this.#state !== "open") return;
    this.#state = "aborted";
    // A failed fsync of the directory can leave the new manifest in place: then nothing is removed,
    // because either manifest may be there after a crash of the machine.
    const { manifest } = this.#directory;
    const incr = this.#incrEntry.name;
    if (manifest.incrs.some(({ name }) => name === incr)) return;
    const { disk, log } = this.#directory.options;
    const made = [
      incr,
      this.#directory.fileName("base", this.#seqs.base, "rdb"),
      this.#directory.fileName("base", this.#seqs.base, "aof"),
    ].filter((name) => manifest.base?.name !== name);
    for (const name of made) {
      try {
        const path = joinPath(this.#directory.path, name);
        if (disk.stat(path) !== undefined) disk.remove(path);
      } catch (error) {
        log("warning", messageOf(error));
      }
    }
    this.#directory.removeLeftovers();
  }

  /**
   * The old log is in force, the new one's files may be removed: without a word of them a crash
   * before the new manifest would leave data that nothing names.
   */
  #withWaste(baseName: string): Manifest {
    const { base, incrs, histories } = this.#directory.manifest;
    const waste: ManifestFile[] = [
      { name: baseName, seq: this.#seqs.base, type: "history" },
      { name: this.#incrEntry.name, seq: this.#seqs.incr, type: "history" },
    ];
    return { base, incrs, histories: [...histories, ...waste] };
  }

  #newManifest(baseName: string, framed: boolean): Manifest {
    const old = this.#directory.manifest;
    const base: ManifestFile = {
      name: baseName,
      seq: this.#seqs.base,
      type: "base",
      ...framed && { framed },
    };
    const replaced = [...(old.base === undefined ? [] : [old.base]), ...old.incrs]
      .map((file): ManifestFile => ({ ...file, type: "history" }));
    return { base, incrs: [this.#incrEntry], histories: [...old.histories, ...replaced] };
  }

  #temporary(type: "base" | "incr"): string {
    const { path, options } = this.#directory;
    return joinPath(path, `temp-${options.appendFileName}.${type}`);
  }
}
