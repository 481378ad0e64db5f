/**
 * Files. Everything that reads, writes or renames a file in redeno goes through a
 * {@linkcode Disk}, so that a simulated one can fail any call and lose any byte not yet synced.
 *
 * Promise: a call that did not do all of its work throws a {@linkcode DiskError} - except
 * {@linkcode DiskFile.write}, which may be short and says so by what it returns.
 */

import { messageOf } from "./message_of.ts";
import { latin1 } from "../memory/bytes.ts";

/** How a file is opened. */
export type OpenMode =
  /** An existing file, for reading only. */
  | "read"
  /** An existing file, for reading; every write goes to its end. */
  | "append"
  /** An existing file, for reading; writes go where {@linkcode DiskFile.seek} and they have led. */
  | "update"
  /** A new file (EEXIST if there is one); every write goes to its end. */
  | "create"
  /** A new file in place of an existing one; every write goes to its end. */
  | "replace"
  /** A file that is created if missing and keeps its content: for locks. */
  | "lock";

/** What is known of a path. */
export interface FileFacts {
  /** Length in bytes; meaningless for a directory. */
  readonly size_bytes: number;
  /** Whether the path is a directory. */
  readonly isDirectory: boolean;
}

/** An open file. Calls are synchronous unless they return a promise. */
export interface DiskFile {
  /** Writes some of `bytes`, from their first on; returns how many (at least one, maybe not all). */
  write(bytes: Uint8Array): number;
  /** Reads into `into`; returns how many bytes, or null at the end of the file. */
  read(into: Uint8Array): number | null;
  /** Moves the place of the next read (in an `update`, also write) to `offset` bytes from the start. */
  seek(offset: number): void;
  /** Cuts or extends the file to `size_bytes`. */
  truncate(size_bytes: number): void;
  /** Current length in bytes. */
  size(): number;
  /** Returns when the content is on stable storage (fdatasync). */
  sync(): void;
  /** Resolves when what was written before the call is on stable storage; the caller goes on. */
  syncInBackground(): Promise<void>;
  /** Takes the exclusive lock of the file; false if another process or handle has it. */
  tryLock(): boolean;
  /** Closes the file and gives up its lock. */
  close(): void;
}

/** A file system. Paths are as the operating system takes them. */
export interface Disk {
  /** Opens a file. */
  open(path: string, mode: OpenMode): DiskFile;
  /** Gives a file another name, in place of a file that had it. */
  rename(from: string, to: string): void;
  /** Removes a file. */
  remove(path: string): void;
  /** Removes a file; the caller goes on: to give back some hundred MB takes 50 ms and more. */
  removeInBackground(path: string): Promise<void>;
  /** Makes a directory and those above it; nothing happens if it exists. */
  makeDirectory(path: string): void;
  /** The names in a directory, sorted. */
  readDirectory(path: string): string[];
  /** Facts on a path; undefined if there is nothing. */
  stat(path: string): FileFacts | undefined;
  /** Gives a file a second name; EEXIST if that is taken, EXDEV or the like where it cannot be. */
  link(from: string, to: string): void;
  /** Returns when the names in a directory are on stable storage. */
  syncDirectory(path: string): void;
  /** Resolves when the names that a directory has now are on stable storage. */
  syncDirectoryInBackground(path: string): Promise<void>;
  /** A whole file as text, one character a byte (latin1). */
  readText(path: string): string;
}

/** A failed call on a disk: which call, on what path, and why. */
export class DiskError extends Error {
  /** The class, for logs. */
  override readonly name = "DiskError";
  /** The call that failed, such as `write`. */
  readonly operation: string;
  /** The path it failed on. */
  readonly path: string;
  /** The error's symbol, such as `ENOSPC`; empty if the system gave none. */
  readonly code: string;
  /** The error in words, as strerror(3) gives them. */
  readonly reason: string;

  /** Makes the error; its message names call, path and reason. */
  constructor(operation: string, path: string, code: string, reason: string) {
    super(`${operation} ${path}: ${reason}`);
    this.operation = operation;
    this.path = path;
    this.code = code;
    this.reason = reason;
  }
}

/** `error` as a {@linkcode DiskError}, whatever it was. */
export function toDiskError(error: unknown, operation: string, path: string): DiskError {
  if (error instanceof DiskError) return error;
  const message = messageOf(error);
  const symbol = error instanceof Error && "code" in error ? error.code : undefined;
  const reason = /^(.*?) \(os error \d+\)/.exec(message)?.[1] ?? message;
  return new DiskError(operation, path, typeof symbol === "string" ? symbol : "", reason);
}

function attempt<T>(operation: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toDiskError(error, operation, path);
  }
}

const OPEN_OPTIONS: Record<OpenMode, Deno.OpenOptions> = {
  read: { read: true },
  append: { read: true, append: true },
  update: { read: true, write: true },
  create: { read: true, append: true, createNew: true },
  replace: { read: true, append: true, create: true }, // emptied after opening
  lock: { read: true, write: true, create: true },
};

class SystemFile implements DiskFile {
  readonly #file: Deno.FsFile;
  readonly #path: string;

  constructor(file: Deno.FsFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  write(bytes: Uint8Array): number {
    return attempt("write", this.#path, () => this.#file.writeSync(bytes));
  }

  read(into: Uint8Array): number | null {
    return attempt("read", this.#path, () => this.#file.readSync(into));
  }

  seek(offset: number): void {
    attempt("seek", this.#path, () => this.#file.seekSync(offset, Deno.SeekMode.Start));
  }

  truncate(size_bytes: number): void {
    attempt("truncate", this.#path, () => this.#file.truncateSync(size_bytes));
  }

  size(): number {
    return attempt("stat", this.#path, () => this.#file.statSync().size);
  }

  sync(): void {
    attempt("fdatasync", this.#path, () => this.#file.syncDataSync());
  }

  async syncInBackground(): Promise<void> {
    try {
      await this.#file.syncData();
    } catch (error) {
      throw toDiskError(error, "fdatasync", this.#path);
    }
  }

  tryLock(): boolean {
    return attempt("lock", this.#path, () => this.#file.tryLockSync(true));
  }

  close(): void {
    this.#file.close();
  }
}

/** The disk of the machine. */
export const systemDisk: Disk = {
  open: (path, mode) =>
    attempt("open", path, () => {
      const file = Deno.openSync(path, OPEN_OPTIONS[mode]);
      try {
        if (mode === "replace") file.truncateSync(0); // Deno refuses `truncate` beside `append`
      } catch (error) {
        file.close();
        throw error;
      }
      return new SystemFile(file, path);
    }),
  rename: (from, to) => attempt("rename", from, () => Deno.renameSync(from, to)),
  remove: (path) => attempt("remove", path, () => Deno.removeSync(path)),
  async removeInBackground(path) {
    try {
      await Deno.remove(path);
    } catch (error) {
      throw toDiskError(error, "remove", path);
    }
  },
  makeDirectory: (path) => attempt("mkdir", path, () => Deno.mkdirSync(path, { recursive: true })),
  readDirectory: (path) =>
    attempt(
      "readdir",
      path,
      () => Array.from(Deno.readDirSync(path), (entry) => entry.name).sort(),
    ),
  stat: (path) =>
    attempt("stat", path, () => {
      try {
        const facts = Deno.statSync(path);
        return { size_bytes: facts.size, isDirectory: facts.isDirectory };
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      }
    }),
  link: (from, to) => attempt("link", from, () => Deno.linkSync(from, to)),
  syncDirectory: (path) =>
    attempt("fsync", path, () => {
      const directory = Deno.openSync(path, { read: true });
      try {
        directory.syncSync();
      } finally {
        directory.close();
      }
    }),
  async syncDirectoryInBackground(path) {
    try {
      using directory = await Deno.open(path, { read: true });
      await directory.sync();
    } catch (error) {
      throw toDiskError(error, "fsync", path);
    }
  },
  readText: (path) => attempt("read", path, () => latin1(Deno.readFileSync(path))),
};
