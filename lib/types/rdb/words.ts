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

/** Writes an integer of four bytes at `at`, the lowest first. */
export function writeInt32(buf: Uint8Array, at: number, value: number): void {
  buf[at] = value;
  buf[at + 1] = value >>> 8;
  buf[at + 2] = value >>> 16;
  buf[at + 3] = value >>> 24;
}

/** Writes an integer of two bytes at `at`, the lower first. */
export function writeInt16(buf: Uint8Array, at: number, value: number): void {
  buf[at] = value;
  buf[at + 1] = value >>> 8;
}

/** A signed integer of two bytes at `at`, the lower first. */
export function int16At(buf: Uint8Array, at: number): number {
  return ((buf[at] | (buf[at + 1] << 8)) << 16) >> 16;
}

/** An unsigned integer of four bytes at `at`, the highest first. */
export function uint32BigEndianAt(buf: Uint8Array, at: number): number {
  return ((buf[at] << 24) | (buf[at + 1] << 16) | (buf[at + 2] << 8) | buf[at + 3]) >>> 0;
}
