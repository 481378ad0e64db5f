/**
 * One server per directory: two that append to the same file would tear each other's commands.
 * The lock is the operating system's, so it ends with the process that holds it; the text in the
 * file only says who that is.
 */

import type { Disk, DiskFile } from "../../platform/disk.ts";
import { StorageError } from "../errors.ts";
import { writeFully } from "../files.ts";

/**
 * Takes the lock; it is given up by closing the file returned.
 *
 * @param owner who we are, in one line
 * @throws {StorageError} of kind `locked`: says who has it
 * @throws {DiskError} the lock file cannot be opened or written
 */
export function lockDirectory(disk: Disk, path: string, owner: string): DiskFile {
  const file = disk.open(path, "lock");
  try {
    if (!file.tryLock()) {
      const holder = disk.readText(path).trim() || "another process";
      throw new StorageError(
        "locked",
        path,
        undefined,
        `the append-only files here are in use by ${holder}. Stop that server, or give this one ` +
          "another 'dir', 'appenddirname' or 'appendfilename'",
      );
    }
    file.truncate(0);
    writeFully(file, new TextEncoder().encode(`${owner}\n`), path);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}
