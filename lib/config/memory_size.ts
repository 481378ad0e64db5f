/**
 * Sizes in bytes with Redis's units: `1k` is 1000, `1kb` is 1024, and so on for m and g; `b` or no
 * unit is bytes. Case does not matter.
 */

const UNIT_BYTES: Readonly<Record<string, bigint>> = {
  "": 1n,
  b: 1n,
  k: 1000n,
  kb: 1024n,
  m: 1000n ** 2n,
  mb: 1024n ** 2n,
  g: 1000n ** 3n,
  gb: 1024n ** 3n,
};

/** The largest size there is; what exceeds it is taken for it. */
export const MEMORY_SIZE_MAX = 2n ** 64n - 1n;

/** Digits a size may have, as in Redis. */
const DIGITS_MAX = 127;

/** Bytes that `text` stands for, or undefined when it is no size. No digits at all count as 0. */
export function parseMemorySize(text: string): bigint | undefined {
  const match = /^(\d*)(\D*)$/.exec(text);
  if (!match || match[1].length > DIGITS_MAX) return undefined;
  const unit = UNIT_BYTES[match[2].toLowerCase()];
  if (unit === undefined) return undefined;
  const size_bytes = BigInt(match[1]) * unit;
  return size_bytes > MEMORY_SIZE_MAX ? MEMORY_SIZE_MAX : size_bytes;
}

/** A size in the largest of gb, mb and kb that divides it, else in plain bytes. */
export function formatMemorySize(size_bytes: bigint): string {
  for (const unit of ["gb", "mb", "kb"]) {
    const unit_bytes = UNIT_BYTES[unit];
    if (size_bytes !== 0n && size_bytes % unit_bytes === 0n) {
      return `${size_bytes / unit_bytes}${unit}`;
    }
  }
  return `${size_bytes}`;
}
