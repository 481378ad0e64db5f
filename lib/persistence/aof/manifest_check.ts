/**
 * The checksum of a manifest: one bit more or less, and a file would be of another type and forgotten
 * without a word. It is the last line, a comment to Redis, which leaves it away when it writes the
 * manifest:
 *
 *     file appendonly.aof.1.incr.aof seq 1 type i frames yes
 *     # crc32 1c291ca3
 */

import { crc32 } from "../../numbers/crc32.ts";

const LINE = /^# crc32 ([0-9a-f]{8})$/;

/** The line for a manifest whose other lines are `text`, one character a byte. */
export function checkLine(text: string): string {
  return `# crc32 ${checksum(text)}\n`;
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
  if (at < 0) return undefined;
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
    "hand (then remove this line)";
  return { line, reason };
}

function checksum(text: string): string {
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  return crc32(bytes, 0, bytes.length, 0).toString(16).padStart(8, "0");
}
