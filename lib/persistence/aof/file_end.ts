/**
 * How a log's file begins and ends: what decides whether batches may be appended to it
 * (lib/persistence/README.md, rule 1).
 */

import type { Disk, DiskFile } from "../../platform/disk.ts";
import { formatHead, parseHead, parseSeal, type Seal, SEAL_BYTES_MAX } from "./frames.ts";

const HASH = 35;
const LETTER_S = 83;
const LETTER_B = 66;
const START_BYTES = 2;

/** What a file is that a server may be about to append to. */
export type FileEnd =
  /** No byte is in it: it may be framed or not. */
  | { readonly kind: "empty" }
  /** No frame begins it. */
  | { readonly kind: "unframed" }
  /** It is framed and ends with this seal: more batches may follow. */
  | { readonly kind: "framed"; readonly seal: Seal }
  /** It is framed, but something else stands at its end: nothing of ours may follow. */
  | { readonly kind: "foreign" };

/**
 * Looks at the beginning and the end of a file.
 *
 * @throws {DiskError} it cannot be read
 */
export function inspectEnd(file: DiskFile): FileEnd {
  const size_bytes = file.size();
  if (size_bytes === 0) return { kind: "empty" };
  const start = readAt(file, 0, START_BYTES);
  if (start[0] !== HASH || start[1] !== LETTER_B) return { kind: "unframed" };
  const seal = sealEndingAt(file, size_bytes);
  return seal === undefined ? { kind: "foreign" } : { kind: "framed", seal };
}

/**
 * Whether frames begin a file.
 *
 * @throws {DiskError} it cannot be read
 */
export function isFramedFile(disk: Disk, path: string): boolean {
  const file = disk.open(path, "read");
  try {
    return inspectEnd(file).kind === "framed";
  } finally {
    file.close();
  }
}

/** Whether nothing is behind the seal that it does not vouch for: it ends a sealed file. */
export function isSealing(seal: Seal): boolean {
  return seal.length === 0 && seal.synced === seal.offset;
}

/** What the seal of an empty batch says in the place of a number of commands. */
export const ENDS = {
  /** The server ended; the next one may go on behind it. */
  server: 0,
  /** Nothing ever follows in this file: the log goes on in the next one. */
  file: 1,
} as const;

/** Whether a seal ends its file for good. */
export function endsFile({ length, commands }: Seal): boolean {
  return length === 0 && commands === ENDS.file;
}

/** Whether a `#S` line that begins at `at` (an offset in the file) is where it says it is. */
export function standsWhereItSays(seal: Seal, at: number): boolean {
  return seal.offset + formatHead(seal.length).length + seal.length === at;
}

/** Reads up to `length` bytes at an offset; fewer only at the file's end. */
export function readAt(file: DiskFile, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  file.seek(offset);
  let filled = 0;
  while (filled < length) {
    const count = file.read(filled === 0 ? bytes : bytes.subarray(filled));
    if (count === null || count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

/**
 * The seal of the batch that ends at an offset, if one does.
 *
 * @throws {DiskError} the file cannot be read
 */
export function sealEndingAt(file: DiskFile, end: number): Seal | undefined {
  const from = Math.max(0, end - SEAL_BYTES_MAX);
  const bytes = readAt(file, from, end - from);
  for (let at = bytes.length - 1; at > 0; at--) {
    if (bytes[at] !== LETTER_S || bytes[at - 1] !== HASH) continue;
    const parsed = parseSeal(bytes, at - 1, bytes.length);
    if (parsed?.end !== bytes.length || !standsWhereItSays(parsed.seal, from + at - 1)) continue;
    const { seal } = parsed;
    const expected = formatHead(seal.length);
    const head = readAt(file, seal.offset, expected.length);
    return parseHead(head, 0, head.length)?.length === seal.length ? seal : undefined;
  }
  return undefined;
}
