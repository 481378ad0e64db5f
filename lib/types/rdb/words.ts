/**
 * Integers in a buffer. `Buffer`'s own methods check what their callers here have checked, and take
 * several times as long.
 */

/** An unsigned integer of four bytes at `at`, the lowest first. */
export function uint32At(buf: Uint8Array, at: number): number {
  return int32At(buf, at) >>> 0;
}

/** A signed integer of four bytes at `at`, the lowest first. */
export function int32At(buf: Uint8Array, at: number): number {
  return buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24);
}

/** A signed integer of two bytes at `at`, the lower first. */
export function int16At(buf: Uint8Array, at: number): number {
  return ((buf[at] | (buf[at + 1] << 8)) << 16) >> 16;
}

/** An unsigned integer of four bytes at `at`, the highest first. */
export function uint32BigEndianAt(buf: Uint8Array, at: number): number {
  return ((buf[at] << 24) | (buf[at + 1] << 16) | (buf[at + 2] << 8) | buf[at + 3]) >>> 0;
}
