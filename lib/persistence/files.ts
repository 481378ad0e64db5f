/** Small things that everything that touches the files of a log needs. */

import { type Disk, DiskError, type DiskFile, toDiskError } from "../platform/disk.ts";
import type { Log } from "./errors.ts";

/** A path within a directory. */
export function joinPath(directory: string, name: string): string {
  return directory.endsWith("/") ? directory + name : `${directory}/${name}`;
}

/** The directory of a path; `.` if it names none. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, slash) || "/";
}

/** The last part of a path. */
export function fileNameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Removes a file, if that can be done: after an error, which is the one to tell. */
export function removeQuietly(disk: Disk, path: string): void {
  try {
    disk.remove(path);
  } catch {
    return;
  }
}

/**
 * Writes all of `bytes`, in as many calls as the disk needs.
 *
 * @throws {DiskError} some of the bytes may have been written
 */
export function writeFully(file: DiskFile, bytes: Uint8Array, path: string): void {
  let written = 0;
  while (written < bytes.length) {
    const count = file.write(written === 0 ? bytes : bytes.subarray(written));
    // A disk that takes nothing and gives no reason would keep this loop going for ever.
    if (count <= 0) throw new DiskError("write", path, "EIO", "the disk took no bytes");
    written += count;
  }
}

/** A file open for appending. What it holds is on stable storage. */
export interface AppendFile {
  /** The file; whoever gets it closes it. */
  readonly file: DiskFile;
  /** Its path. */
  readonly path: string;
  /** Whether it is to be framed, if it is empty; missing: as is the rule then. */
  readonly framed?: boolean;
}

/** Closes a file whose content is safe, or given up: a failure is logged. */
export function closeFile({ file, path }: AppendFile, log: Log): void {
  try {
    file.close();
  } catch (error) {
    log("warning", toDiskError(error, "close", path).message);
  }
}

/** A file of a log that is to be replayed. */
export interface AofFile {
  /** Where it is. */
  readonly path: string;
  /** Its name without a directory. */
  readonly name: string;
  /** Whether it is the base or comes after it. */
  readonly type: "base" | "incr";
  /** Whether it was begun as a framed file: its first bytes may be a hole that a crash has left. */
  readonly framed?: boolean;
}
