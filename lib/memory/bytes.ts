/** Moving, comparing and reading runs of bytes, the fast way for each length. */

/** Below this length a plain loop beats `Uint8Array.set` (measured: 48 bytes). */
const LOOP_LENGTH_MAX = 48;

/** Copies `from[start .. end)` to `to[at ..)`; the two may overlap. */
export function copyBytes(
  from: Uint8Array,
  start: number,
  end: number,
  to: Uint8Array,
  at: number,
): void {
  if (end - start > LOOP_LENGTH_MAX) {
    to.set(from.subarray(start, end), at);
  } else if (from === to && at > start) {
    to.copyWithin(at, start, end);
  } else {
    while (start < end) to[at++] = from[start++];
  }
}

/** Whether `a[start .. start + length)` equals `b[other .. other + length)`. */
export function equalBytes(
  a: Uint8Array,
  start: number,
  b: Uint8Array,
  other: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) {
    if (a[start + i] !== b[other + i]) return false;
  }
  return true;
}

/** Orders two runs of bytes as memcmp does, the shorter first where one begins the other. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return a.length - b.length;
}

/** Bytes as text, one character each. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  const step = 4096; // bounded, so that the call below never has too many arguments
  for (let at = 0; at < bytes.length; at += step) {
    text += String.fromCharCode(...bytes.subarray(at, at + step));
  }
  return text;
}
