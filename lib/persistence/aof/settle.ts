/**
 * What a server does with files that another process may have left unfinished, before it relies on
 * them: all they hold becomes safe, and what nothing more is written to is sealed.
 *
 * Promise: it does not trust an fsync to cover what the one before may have failed for - its process
 * knew of that, this one does not -: what the seals do not call safe is written again first.
 */

import type { Disk, DiskFile } from "../../platform/disk.ts";
import { type AofFile, writeFully } from "../files.ts";
import { ENDS, endsFile, inspectEnd } from "./file_end.ts";
import { formatHead, formatSeal } from "./frames.ts";
import { writeAgain } from "./write_again.ts";

/** More than this is not written again: a log whose policy was `no` is forced only. */
const AGAIN_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Returns when all of a file is on stable storage.
 *
 * @param file open for appending
 * @throws {DiskError} it may not be
 */
export function makeSafe(disk: Disk, file: DiskFile, path: string): void {
  const end = inspectEnd(file);
  const size_bytes = file.size();
  if (end.kind === "framed" && size_bytes - end.seal.synced <= AGAIN_BYTES_MAX) {
    const inPlace = disk.open(path, "update");
    try {
      const again = writeAgain(inPlace, path, end.seal.synced, size_bytes);
      while (again.next().done !== true) continue;
    } finally {
      inPlace.close();
    }
  }
  file.sync();
}

/**
 * Makes a file safe that nothing more is written to: an empty batch ends it if it is framed.
 *
 * @param time_s seconds since the epoch, by now
 * @throws {DiskError} it may have a torn tail, which a load cuts
 */
export function sealFile(disk: Disk, { path, framed }: AofFile, time_s: number): void {
  const file = disk.open(path, "append");
  try {
    makeSafe(disk, file, path);
    const end = inspectEnd(file);
    if (end.kind === "framed" ? endsFile(end.seal) : end.kind !== "empty" || !framed) return;
    const offset = file.size();
    const chain = end.kind === "framed" ? end.seal.chain : 0;
    const seal = { offset, length: 0, commands: ENDS.file, time_s, synced: offset, chain };
    const line = formatSeal(seal);
    writeFully(file, Uint8Array.of(...formatHead(0), ...line), path);
    file.sync();
  } finally {
    file.close();
  }
}
