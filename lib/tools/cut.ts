/** Taking bytes off a file, or a file out of a log, without losing either. */

import type { Disk } from "../platform/disk.ts";
import { cutTail } from "../persistence/aof/tail_cut.ts";
import { copyFile } from "./copy_file.ts";
import { progressOf, type ToolIo } from "./io.ts";
import { directoryOf, fileNameOf, joinPath } from "../persistence/files.ts";
import type { FileWalk } from "./walk.ts";

/**
 * Cuts a file to its good part; returns the path that the rest is kept under.
 *
 * "in place" needs no room for a second copy; "by copying" leaves alone what other names (a backup
 * by hard links) have of the old file.
 *
 * @throws {DiskError} nothing is cut that is not kept
 */
export function cutFile(
  io: ToolIo,
  { file, good_bytes, size_bytes }: FileWalk,
  how: "in place" | "by copying",
): string {
  const { disk } = io;
  if (how === "in place") return cutTail(disk, file.path, good_bytes);
  const directory = directoryOf(file.path);
  const kept = freeName(disk, `${file.path}.cut-${good_bytes}`);
  const temporary = joinPath(directory, `temp-${fileNameOf(file.path)}`);
  const progress = progressOf(io, size_bytes);
  copyFile({ disk, from: file.path, to: kept, start: good_bytes, end: size_bytes, progress });
  disk.syncDirectory(directory);
  copyFile({ disk, from: file.path, to: temporary, start: 0, end: good_bytes, progress });
  disk.rename(temporary, file.path);
  disk.syncDirectory(directory);
  progress.wipe();
  return kept;
}

/** Takes a whole file out of a log; returns the path that it has now. @throws {DiskError} */
export function setAside(disk: Disk, path: string): string {
  const aside = freeName(disk, `${path}.cut-0`);
  disk.rename(path, aside);
  return aside;
}

/** `path`, or with a number behind it if that is taken. */
function freeName(disk: Disk, path: string): string {
  let free = path;
  for (let i = 1; disk.stat(free) !== undefined; i++) free = `${path}.${i}`;
  return free;
}
