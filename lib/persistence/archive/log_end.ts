/**
 * Where a log of restored files is to end: behind the last whole batch, or before the first that was
 * written later than asked for. All checksums of its batches are verified on the way.
 */

import type { Disk } from "../../platform/disk.ts";
import { VerifiedSource } from "../aof/verified_source.ts";
import { StorageError } from "../errors.ts";

/** The end of a log. */
export interface LogEnd {
  /** Index of the file that is the last one. */
  readonly index: number;
  /** How many of its bytes are kept. */
  readonly end_bytes: number;
  /** Whether it ends there because the next batch was written later than asked for. */
  readonly isEarlier: boolean;
  /** When the last batch before it was written, in seconds; undefined: not known. */
  readonly last_s: number | undefined;
}

const SCRATCH_BYTES = 256 * 1024;

/**
 * Finds the end.
 *
 * @param paths of incremental files in order, at least one
 * @param to_time_s undefined: no batch is too late
 * @throws {StorageError} a file is damaged, or does not tell when its commands were written
 */
export function findLogEnd(
  disk: Disk,
  paths: readonly string[],
  to_time_s: number | undefined,
): LogEnd {
  const limit_s = to_time_s ?? Infinity;
  let last_s: number | undefined;
  /** Commands that another server has written: their times are between those around them. */
  let untimed: { path: string; offset: number } | undefined;
  let end_bytes = 0;
  for (const [index, path] of paths.entries()) {
    const file = disk.open(path, "read");
    try {
      const source = new VerifiedSource(file);
      const scratch = new Uint8Array(SCRATCH_BYTES);
      end_bytes = 0;
      while (true) {
        const border = source.offset;
        if (source.read(scratch) === 0) break;
        const foreign = source.framed ? source.foreignFrom : 0;
        if (source.last_s !== undefined && source.last_s > limit_s) {
          refuseUntimed(untimed);
          return { index, end_bytes: border, isEarlier: true, last_s };
        }
        if (foreign === undefined) untimed = undefined;
        else if (to_time_s !== undefined) untimed = { path, offset: foreign };
        last_s = source.last_s ?? last_s;
      }
      const { end } = source;
      if (end.kind === "whole") end_bytes = source.offset;
      else if (end.kind === "torn" && index === paths.length - 1) end_bytes = end.offset;
      else {throw new StorageError(
          "damaged",
          path,
          end.offset,
          `${end.reason} in the archived file`,
        );}
    } finally {
      file.close();
    }
  }
  refuseUntimed(untimed);
  return { index: paths.length - 1, end_bytes, isEarlier: false, last_s };
}

function refuseUntimed(untimed: { path: string; offset: number } | undefined): void {
  if (untimed === undefined) return;
  throw new StorageError(
    "unsupported",
    untimed.path,
    untimed.offset,
    "these commands were written without aof-checksums, so that nothing tells when. Restore the " +
      "whole archive, then use `redeno aof restore` on the result",
  );
}
