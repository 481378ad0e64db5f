/** Tells disks apart. */

import type { Image } from "./journal.ts";

/** Two disks with the same fingerprint hold the same (but for one chance in 2^64). */
export function fingerprint({ files, directories }: Image): string {
  const parts: string[] = [...directories];
  for (const [path, bytes] of files) {
    let [a, b] = [0x811c9dc5, 0x9e3779b9];
    for (let i = 0; i < bytes.length; i++) {
      a = Math.imul(a ^ bytes[i], 0x01000193);
      b = Math.imul(b ^ bytes[i], 0x85ebca6b) ^ (b >>> 13);
    }
    parts.push(`${path}:${bytes.length}:${a}:${b}`);
  }
  return parts.sort().join("\n");
}
