/**
 * Looks through a file for lines of frames, whatever stands between them: what tells a torn tail from
 * damage, and a hole in a framed file from a file that is not framed.
 */

import type { Buffer } from "node:buffer";
import { newBytes } from "../../memory/bytes.ts";
import type { DiskFile } from "../../platform/disk.ts";
import { standsWhereItSays } from "./file_end.ts";
import { parseHead, parseSeal, type Seal, SEAL_BYTES_MAX } from "./frames.ts";

/** Bytes looked through at once. */
const STEP_BYTES = 256 * 1024;
const ASTERISK = 42;
const HASH = 35;

/**
 * Shows the seals from `start` to the end of the file, in order, until `visit` returns true, and
 * whether each stands where it says. Returns whether it did.
 *
 * @throws {DiskError} the file cannot be read
 */
export function findSeal(
  file: DiskFile,
  start: number,
  visit: (seal: Seal, isInPlace: boolean) => boolean,
): boolean {
  return forEachMark(file, start, "#S:", (bytes, at, offset) => {
    const seal = parseSeal(bytes, at, bytes.length)?.seal;
    return seal !== undefined && visit(seal, standsWhereItSays(seal, offset));
  });
}

/**
 * Whether a line that begins a batch, with a command or a seal behind it, stands anywhere.
 *
 * @throws {DiskError} the file cannot be read
 */
export function hasHead(file: DiskFile): boolean {
  return forEachMark(file, 0, "#B:", (bytes, at) => {
    const end = parseHead(bytes, at, bytes.length)?.end;
    return end !== undefined && (bytes[end] === ASTERISK || bytes[end] === HASH);
  });
}

/**
 * Whether there is nothing but zeros from `start` on.
 *
 * @throws {DiskError} the file cannot be read
 */
export function isZeroFrom(file: DiskFile, start: number): boolean {
  return !forEachWindow(file, start, (bytes) => bytes.some((byte) => byte !== 0));
}

/** Calls `visit` for each place of `mark`, with all of the line in `bytes`, until it is true. */
function forEachMark(
  file: DiskFile,
  start: number,
  mark: string,
  visit: (bytes: Buffer, at: number, offset: number) => boolean,
): boolean {
  return forEachWindow(file, start, (bytes, offset, isLast) => {
    // A mark this close to the end of a window is looked at again in the next one.
    const end = isLast ? bytes.length : bytes.length - SEAL_BYTES_MAX;
    for (let at = bytes.indexOf(mark); at >= 0 && at < end; at = bytes.indexOf(mark, at + 1)) {
      if (visit(bytes, at, offset + at)) return true;
    }
    return false;
  });
}

/** Windows that overlap by a line; until `visit` is true. */
function forEachWindow(
  file: DiskFile,
  start: number,
  visit: (bytes: Buffer, offset: number, isLast: boolean) => boolean,
): boolean {
  const window = newBytes(STEP_BYTES);
  for (let offset = start;; offset += STEP_BYTES - SEAL_BYTES_MAX) {
    file.seek(offset);
    let length = 0;
    while (length < window.length) {
      const count = file.read(length === 0 ? window : window.subarray(length));
      if (count === null || count === 0) break;
      length += count;
    }
    const isLast = length < window.length;
    if (visit(window.subarray(0, length), offset, isLast)) return true;
    if (isLast) return false;
  }
}
