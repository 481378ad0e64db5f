/**
 * What passwords need: digits that nobody can guess, and digests that do not tell what they are of.
 * `random.ts` is not for that: it is fast, and one seed gives all of its numbers.
 */

import { nodeProcess } from "./node_builtins.ts";

/** `count` hexadecimal digits from the operating system's own generator, at most 131,072. */
export function secretHex(count: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(Math.ceil(count / 2)));
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.slice(0, count);
}

/**
 * SHA-256 of a latin1 text, in 64 hexadecimal digits. The module behind it takes 15 ms and 3 MB when
 * it is first needed (measured); few servers need it.
 */
export function sha256Hex(text: string): string {
  const { createHash } = nodeProcess().getBuiltinModule("node:crypto");
  return createHash("sha256").update(text, "latin1").digest("hex");
}
