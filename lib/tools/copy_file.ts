/** Parts of files, copied in pieces, and forced to stable storage before anybody relies on them. */

import type { Disk } from "../platform/disk.ts";
import { DiskError } from "../platform/disk.ts";
import { removeQuietly, writeFully } from "../persistence/files.ts";
import type { Progress } from "./progress.ts";

const PIECE_BYTES = 1024 * 1024;

/** What to copy. */
export interface Copy {
  readonly disk: Disk;
  /** The file to read. */
  readonly from: string;
  /** The file to write; one that is there is replaced. */
  readonly to: string;
  /** The first byte ... */
  readonly start: number;
  /** ... and the one behind the last. */
  readonly end: number;
  /** Bytes to put behind the copy. */
  readonly tail?: Uint8Array;
  readonly progress?: Progress;
}

/**
 * Copies bytes of a file into a new one and waits until they are safe; its name is not yet.
 *
 * @throws {DiskError} what was written is removed again, if that can be
 */
export function copyFile({ disk, from, to, start, end, tail, progress }: Copy): void {
  const source = disk.open(from, "read");
  try {
    const target = disk.open(to, "replace");
    try {
      source.seek(start);
      const piece = new Uint8Array(PIECE_BYTES);
      for (let at = start; at < end;) {
        const count = source.read(piece.subarray(0, Math.min(piece.length, end - at)));
        if (!count) throw new DiskError("read", from, "EIO", "the file has become shorter");
        writeFully(target, piece.subarray(0, count), to);
        progress?.add(count);
        at += count;
      }
      if (tail !== undefined) writeFully(target, tail, to);
      target.sync();
    } catch (error) {
      removeQuietly(disk, to);
      throw error;
    } finally {
      target.close();
    }
  } finally {
    source.close();
  }
}
