/**
 * Cuts a torn tail off a file. Promise: the bytes cut are beside it, on stable storage, before the
 * file becomes shorter; if that cannot be done nothing has changed.
 *
 *     appendonly.aof.3.incr.aof              shorter by its tail
 *     appendonly.aof.3.incr.aof.cut-81920    the tail, which began at offset 81920
 */

import { type Disk, DiskError, type DiskFile } from "../../platform/disk.ts";
import { directoryOf, removeQuietly, writeFully } from "../files.ts";

const CHUNK_BYTES = 1024 * 1024;

/**
 * Cuts a file.
 *
 * @param size_bytes what is to stay of it
 * @returns the path of what was cut
 * @throws {DiskError} nothing is lost
 */
export function cutTail(disk: Disk, path: string, size_bytes: number): string {
  const file = disk.open(path, "append");
  try {
    const kept = createBeside(disk, `${path}.cut-${size_bytes}`);
    try {
      try {
        copyFrom(file, size_bytes, kept);
        kept.file.sync();
      } finally {
        kept.file.close();
      }
      disk.syncDirectory(directoryOf(path));
    } catch (error) {
      removeQuietly(disk, kept.path);
      throw error;
    }
    file.truncate(size_bytes);
    file.sync();
    return kept.path;
  } finally {
    file.close();
  }
}

/** Creates a file; if the name is taken, by an earlier cut at this place, another one is found. */
function createBeside(disk: Disk, path: string): { file: DiskFile; path: string } {
  for (let number = 1;; number++) {
    const name = number === 1 ? path : `${path}.${number}`;
    try {
      return { file: disk.open(name, "create"), path: name };
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== "EEXIST") throw error;
    }
  }
}

function copyFrom(from: DiskFile, offset: number, to: { file: DiskFile; path: string }): void {
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, Math.max(1, from.size() - offset)));
  from.seek(offset);
  while (true) {
    const count = from.read(chunk);
    if (count === null || count === 0) return;
    writeFully(to.file, chunk.subarray(0, count), to.path);
  }
}
