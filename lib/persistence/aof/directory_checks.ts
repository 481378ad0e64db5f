/** What is wrong with a log's directory, before anything of it is loaded. */

import { type Disk, DiskError } from "../../platform/disk.ts";
import { StorageError } from "../errors.ts";
import { type AofFile, joinPath } from "../files.ts";

const ALLOW =
  "The user that runs this server must be allowed to read and write here: change the owner " +
  "(chown), the permissions, or 'dir'";
const MAKE_ROOM = "Make room on this file system, or choose another 'dir'";
/** What to do, by the code of the system. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: ALLOW,
  EPERM: ALLOW,
  EROFS: ALLOW,
  ENOSPC: MAKE_ROOM,
  EDQUOT: MAKE_ROOM,
  EISDIR: "A file is to be here: move the directory away",
};

/**
 * No manifest, but data: starting over would be forgetting it.
 *
 * @throws {StorageError} there is some
 */
export function refuseOrphans(
  disk: Disk,
  directory: string,
  appendFileName: string,
  manifestPath: string,
): void {
  const orphans = disk.readDirectory(directory).filter((name) =>
    name.startsWith(`${appendFileName}.`) && /\.[0-9]+\.(base|incr)\.(aof|rdb)$/.test(name) &&
    (disk.stat(joinPath(directory, name))?.size_bytes ?? 0) > 0
  );
  if (orphans.length === 0) return;
  throw new StorageError(
    "manifest",
    manifestPath,
    undefined,
    `the manifest is missing, but there is data: ${orphans.join(", ")}. Restore the manifest ` +
      "('redeno aof fix' proposes one), or move these files away to start empty",
  );
}

/**
 * Every file that the manifest names must be there.
 *
 * @param text of the manifest, if there is one
 * @throws {StorageError} one is not
 */
export function refuseMissing(
  disk: Disk,
  files: readonly AofFile[],
  manifestPath: string,
  text: string | undefined,
): void {
  for (const { path, name } of files) {
    const facts = disk.stat(path);
    if (facts !== undefined && !facts.isDirectory) continue;
    const what = facts === undefined ? "does not exist" : "is a directory";
    throw new StorageError(
      "manifest",
      manifestPath,
      lineWith(text, name),
      `the file '${name}' that the manifest names ${what}. Restore it from a backup or an archive`,
    );
  }
}

/** Number of the line that names a file; undefined if it is not written as it is. */
function lineWith(text: string | undefined, name: string): number | undefined {
  const index = text?.split("\n").findIndex((line) => line.includes(` ${name} `)) ?? -1;
  return index < 0 ? undefined : index + 1;
}

/** `error`, with what to do if the system does not let this user work here. */
export function explainRefusal(error: unknown): unknown {
  if (!(error instanceof DiskError)) return error;
  const advice = ADVICE[error.code];
  if (advice === undefined) return error;
  const { operation, path, reason } = error;
  return new StorageError("disk", path, undefined, `${operation}: ${reason}. ${advice}`);
}
