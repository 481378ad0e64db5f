/**
 * An archive in a directory: an object is a file, written under a temporary name, forced, renamed,
 * and its name forced.
 *
 * The directory itself is never made: where another disk or a bucket should be mounted and is not,
 * that is an error, not a place on the first disk.
 */

import type { BackgroundDisk } from "../../platform/background_disk.ts";
import { StorageError } from "../errors.ts";
import { joinPath } from "../files.ts";
import type { ArchiveSink } from "./sink.ts";

/** One put is under way at a time: one name is enough, and what a crash leaves is replaced. */
const TEMPORARY = "temp-archive-object";

/** The directory `path` as a sink. */
export class DirectorySink implements ArchiveSink {
  readonly name: string;
  readonly #disk: BackgroundDisk;
  /** Whether all names are known to be safe: not those that were there, or that a failed put left. */
  #isSafe = false;

  /** @param path an existing directory, of which the archive has the files `h<number>.*`. */
  constructor(disk: BackgroundDisk, path: string) {
    this.#disk = disk;
    this.name = path;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    const temporary = joinPath(this.name, TEMPORARY);
    const file = await this.#disk.create(temporary);
    try {
      await file.append(bytes);
      await file.sync();
    } finally {
      file.close();
    }
    this.#isSafe = false;
    await this.#disk.rename(temporary, joinPath(this.name, name));
    await this.#makeSafe();
  }

  async list(): Promise<string[]> {
    const names = await this.#disk.readDirectory(this.name);
    if (names === undefined) {
      throw new StorageError(
        "disk",
        this.name,
        undefined,
        "there is no such directory. Mount or make the archive's directory",
      );
    }
    return names.filter((name) => name !== TEMPORARY);
  }

  read(name: string): Promise<Uint8Array> {
    return this.#disk.readFile(joinPath(this.name, name));
  }

  /** What takes the object's place is safe before it is gone. */
  async remove(name: string): Promise<void> {
    if (!this.#isSafe) await this.#makeSafe();
    await this.#disk.remove(joinPath(this.name, name));
  }

  async #makeSafe(): Promise<void> {
    await this.#disk.syncDirectory(this.name);
    this.#isSafe = true;
  }
}
