/**
 * Files read and written in the background, for copies that may go to a slow disk: a mounted bucket
 * or a network drive must not hold a turn, as a call of {@linkcode Disk} would.
 *
 * Promise: the event loop never waits for data; only opening a local file and giving a file a second
 * name happen at once (they must see the names of one moment). Failures are {@linkcode DiskError}s.
 */

import { type Disk, DiskError, type DiskFile, systemDisk, toDiskError } from "./disk.ts";

/** An open file whose data is read and written in the background; one call at a time. */
export interface BackgroundFile {
  /** Reads from `offset` on until `into` is full or the file ends; resolves to how many bytes. */
  readAt(offset: number, into: Uint8Array): Promise<number>;
  /** Current length in bytes. */
  size(): Promise<number>;
  /** Adds all of `bytes` at the end; they must not change meanwhile. */
  append(bytes: Uint8Array): Promise<void>;
  /** Resolves when the content is on stable storage. */
  sync(): Promise<void>;
  /** Closes it; nothing may be under way. */
  close(): void;
}

/** A file system whose calls are done in the background, but for the first two. */
export interface BackgroundDisk {
  /** Opens an existing file for reading, at once: it stays readable when its name is gone. */
  openNow(path: string): BackgroundFile;
  /** Gives a file a second name, at once. */
  linkNow(from: string, to: string): void;
  /** Opens a new file, in place of an existing one, for appending. */
  create(path: string): Promise<BackgroundFile>;
  /** A whole file. */
  readFile(path: string): Promise<Uint8Array>;
  /** The names in a directory, sorted; undefined if there is no directory. */
  readDirectory(path: string): Promise<string[] | undefined>;
  /** Length in bytes of a file; undefined if there is none (a directory is none). */
  fileSize(path: string): Promise<number | undefined>;
  /** Makes a directory and those above it; nothing happens if it exists. */
  makeDirectory(path: string): Promise<void>;
  /** Gives a file another name, in place of a file that had it. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; nothing happens if there is none. */
  remove(path: string): Promise<void>;
  /** Resolves when the names in a directory are on stable storage. */
  syncDirectory(path: string): Promise<void>;
}

/** The same files as those of `disk`; for a disk other than the machine's the calls do not wait. */
export function backgroundDisk(disk: Disk): BackgroundDisk {
  return disk === systemDisk ? systemBackgroundDisk : simulatedBackgroundDisk(disk);
}

async function attempt<T>(operation: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw toDiskError(error, operation, path);
  }
}

/** Gives `missing` instead of failing where there is no file. */
async function unlessMissing<T, U>(missing: U, action: () => Promise<T>): Promise<T | U> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return missing;
    throw error;
  }
}

class SystemFile implements BackgroundFile {
  readonly #file: Deno.FsFile;
  readonly #path: string;

  constructor(file: Deno.FsFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  readAt(offset: number, into: Uint8Array): Promise<number> {
    return attempt("read", this.#path, async () => {
      await this.#file.seek(offset, Deno.SeekMode.Start);
      let filled = 0;
      while (filled < into.length) {
        const count = await this.#file.read(into.subarray(filled));
        if (count === null) break;
        filled += count;
      }
      return filled;
    });
  }

  size(): Promise<number> {
    return attempt("stat", this.#path, async () => (await this.#file.stat()).size);
  }

  append(bytes: Uint8Array): Promise<void> {
    return attempt("write", this.#path, async () => {
      for (let written = 0; written < bytes.length;) {
        written += await this.#file.write(bytes.subarray(written));
      }
    });
  }

  sync(): Promise<void> {
    return attempt("fdatasync", this.#path, () => this.#file.syncData());
  }

  close(): void {
    this.#file.close();
  }
}

const systemBackgroundDisk: BackgroundDisk = {
  openNow(path) {
    try {
      return new SystemFile(Deno.openSync(path, { read: true }), path);
    } catch (error) {
      throw toDiskError(error, "open", path);
    }
  },
  linkNow: (from, to) => systemDisk.link(from, to),
  create: (path) =>
    attempt("open", path, async () => {
      const options = { write: true, create: true, truncate: true };
      return new SystemFile(await Deno.open(path, options), path);
    }),
  readFile: (path) => attempt("read", path, () => Deno.readFile(path)),
  readDirectory: (path) =>
    attempt("readdir", path, () =>
      unlessMissing(undefined, async () => {
        const names: string[] = [];
        for await (const entry of Deno.readDir(path)) names.push(entry.name);
        return names.sort();
      })),
  fileSize: (path) =>
    attempt("stat", path, async () => {
      const facts = await unlessMissing(undefined, () => Deno.stat(path));
      return facts === undefined || facts.isDirectory ? undefined : facts.size;
    }),
  makeDirectory: (path) => attempt("mkdir", path, () => Deno.mkdir(path, { recursive: true })),
  rename: (from, to) => attempt("rename", from, () => Deno.rename(from, to)),
  remove: (path) =>
    attempt("remove", path, () => unlessMissing(undefined, () => Deno.remove(path))),
  syncDirectory: (path) => systemDisk.syncDirectoryInBackground(path),
};

class SimulatedFile implements BackgroundFile {
  readonly #file: DiskFile;
  readonly #path: string;

  constructor(file: DiskFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  async readAt(offset: number, into: Uint8Array): Promise<number> {
    await Promise.resolve(); // a call that is done later, as on the machine's disk
    this.#file.seek(offset);
    let filled = 0;
    while (filled < into.length) {
      const count = this.#file.read(into.subarray(filled));
      if (count === null) break;
      filled += count;
    }
    return filled;
  }

  async size(): Promise<number> {
    await Promise.resolve();
    return this.#file.size();
  }

  async append(bytes: Uint8Array): Promise<void> {
    await Promise.resolve();
    for (let written = 0; written < bytes.length;) {
      const count = this.#file.write(bytes.subarray(written));
      if (count <= 0) throw new DiskError("write", this.#path, "EIO", "the disk took no bytes");
      written += count;
    }
  }

  sync(): Promise<void> {
    return this.#file.syncInBackground();
  }

  close(): void {
    this.#file.close();
  }
}

function simulatedBackgroundDisk(disk: Disk): BackgroundDisk {
  const later = <T>(action: () => T): Promise<T> => Promise.resolve().then(action);
  return {
    openNow: (path) => new SimulatedFile(disk.open(path, "read"), path),
    linkNow: (from, to) => disk.link(from, to),
    create: (path) => later(() => new SimulatedFile(disk.open(path, "replace"), path)),
    readFile: (path) => later(() => wholeFile(disk, path)),
    readDirectory: (path) =>
      later(() => disk.stat(path) === undefined ? undefined : disk.readDirectory(path)),
    fileSize: (path) =>
      later(() => {
        const facts = disk.stat(path);
        return facts === undefined || facts.isDirectory ? undefined : facts.size_bytes;
      }),
    makeDirectory: (path) => later(() => disk.makeDirectory(path)),
    rename: (from, to) => later(() => disk.rename(from, to)),
    remove: (path) => later(() => disk.stat(path) === undefined ? undefined : disk.remove(path)),
    syncDirectory: (path) => disk.syncDirectoryInBackground(path),
  };
}

function wholeFile(disk: Disk, path: string): Uint8Array {
  const file = disk.open(path, "read");
  try {
    const bytes = new Uint8Array(file.size());
    for (let filled = 0; filled < bytes.length;) {
      const count = file.read(bytes.subarray(filled));
      if (count === null) return bytes.subarray(0, filled);
      filled += count;
    }
    return bytes;
  } finally {
    file.close();
  }
}
