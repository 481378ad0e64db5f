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

/**
 * What unfinished objects are called. A server has one put under way at a time and one name; two
 * that believe that an archive is theirs must not write to the same file.
 */
const TEMPORARY = "temp-archive-object";

/** The directory `path` as a sink. */
export class DirectorySink implements ArchiveSink {
  readonly name: string;
  readonly #disk: BackgroundDisk;
  readonly #temporary: string;
  /** Whether what others have left unfinished was removed. */
  #isTidy = false;
  /** Whether all names are known to be safe: not those that were there, or that a failed put left. */
  #isSafe = false;

  /**
   * @param path an existing directory, of which the archive has the files `h<number>.*`
   * @param writer the run id of the server; who only reads needs none
   */
  constructor(disk: BackgroundDisk, path: string, writer?: string) {
    this.#disk = disk;
    this.name = path;
    this.#temporary = writer === undefined ? TEMPORARY : `${TEMPORARY}.${writer}`;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    if (!this.#isTidy) await this.#tidy();
    const temporary = joinPath(this.name, this.#temporary);
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
    return names.filter((name) => !name.startsWith(TEMPORARY));
  }

  read(name: string): Promise<Uint8Array> {
    return this.#disk.readFile(joinPath(this.name, name));
  }

  /** What takes the object's place is safe before it is gone. */
  async remove(name: string): Promise<void> {
    if (!this.#isSafe) await this.#makeSafe();
    await this.#disk.remove(joinPath(this.name, name));
  }

  /** Who puts an object has the archive: what another server has under way there comes to nothing. */
  async #tidy(): Promise<void> {
    for (const name of await this.#disk.readDirectory(this.name) ?? []) {
      if (!name.startsWith(TEMPORARY) || name === this.#temporary) continue;
      await this.#disk.remove(joinPath(this.name, name));
    }
    this.#isTidy = true;
  }

  async #makeSafe(): Promise<void> {
    await this.#disk.syncDirectory(this.name);
    this.#isSafe = true;
  }
}
