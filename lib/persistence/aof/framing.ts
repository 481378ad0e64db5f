/** Whether a file is framed, which its first bytes need not tell any more after a power failure. */

import type { DiskFile } from "../../platform/disk.ts";
import { latin1 } from "../../memory/bytes.ts";
import { readAt } from "./file_end.ts";
import { looksForeign, parseHead } from "./frames.ts";
import { findSeal, hasHead, isZeroFrom } from "./seal_scan.ts";

const START_BYTES = 32;

/**
 * Whether frames begin a file: also when its first bytes are a hole that a crash has left.
 *
 * @param file open for reading
 * @param begunFramed whether the manifest says that it is framed
 * @throws {DiskError} it cannot be read
 */
export function beginsFramed(file: DiskFile, begunFramed = false): boolean {
  const start = readAt(file, 0, START_BYTES);
  if (start.length === 0 || looksForeign(start)) return false;
  if (parseHead(start, 0, start.length) !== undefined) return true;
  if (begunFramed || findSeal(file, 0, (_seal, isInPlace) => isInPlace)) return true;
  const intact = /^#?B?:?[0-9]*\r?\n?/.exec(latin1(start))![0].length;
  if (isZeroFrom(file, intact)) return true;
  return start[intact] === 0 && hasHead(file); // a crash leaves zeros there, and nothing else
}
