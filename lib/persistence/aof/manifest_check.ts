/**
 * The checksum of a manifest: one bit more or less, and a file would be of another type and forgotten
 * without a word. It is the last line, and the first one says so, lest an end that is lost go
 * unnoticed; both are comments to Redis, which leaves them away when it writes the manifest:
 *
 *     # the last line is a checksum
 *     file appendonly.aof.1.incr.aof seq 1 type i frames yes
 *     # crc32 1c291ca3
 */

import { crc32 } from "../../numbers/crc32.ts";

const FIRST = "# the last line is a checksum";
const LINE = /^# crc32 ([0-9a-f]{8})$/;

/** The whole of a manifest whose lines about files are `text`, one character a byte. */
export function withChecksum(text: string): string {
  const checked = `${FIRST}\n${text}`;
  return `${checked}# crc32 ${checksum(checked)}\n`;
}

/** What is wrong with the checksum of a manifest. */
export interface CheckProblem {
  /** Number of the line, from 1. */
  readonly line: number;
  readonly reason: string;
}

/** What is wrong with a manifest of these lines; undefined: nothing, or it has no checksum. */
export function checkProblem(lines: readonly string[]): CheckProblem | undefined {
  const at = lines.findIndex((line) => LINE.test(line));
  if (at < 0 && lines[0] !== FIRST) return undefined;
  if (at < 0) {
    const reason = "the checksum that the first line speaks of is missing behind this one: the " +
      "end of the file is lost, or it was changed by hand (then remove the first line)";
    return { line: lines.length, reason };
  }
  const line = at + 1;
  if (at < lines.length - 1) {
    return {
      line: line + 1,
      reason: "something stands behind the checksum, which is the last line",
    };
  }
  const text = lines.slice(0, at).map((other) => `${other}\n`).join("");
  if (LINE.exec(lines[at])![1] === checksum(text)) return undefined;
  const reason =
    "the checksum does not fit the lines before it: they were damaged, or changed by " +
    "hand (then remove this line, and the first one)";
  return { line, reason };
}

function checksum(text: string): string {
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  return crc32(bytes, 0, bytes.length, 0).toString(16).padStart(8, "0");
}
