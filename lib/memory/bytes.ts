/**
 * Moving, comparing and reading runs of bytes, the fast way for each length.
 *
 * A loop over bytes takes 1 ns for each of them, a call of `Uint8Array.set` 40 ns whatever the
 * length, a `DataView` 1 ns for eight bytes. So the buffers that the hot paths work on carry a view
 * of themselves ({@linkcode newBytes}); with any other bytes the same functions are only slower.
 */

import { Buffer } from "node:buffer";

/** Bytes that carry a view of themselves, all of them. */
interface Viewed extends Uint8Array {
  view?: DataView;
}

/** New bytes, all zero, of the kind that is moved and compared fast. */
export function newBytes(length: number): Buffer {
  return withView(Buffer.from(new ArrayBuffer(length)));
}

/** The same bytes, from now on moved and compared fast. */
export function withView<B extends Uint8Array>(bytes: B): B {
  (bytes as Viewed).view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes;
}

/** The view that `bytes` carry. */
export function viewOf(bytes: Uint8Array): DataView | undefined {
  return (bytes as Viewed).view;
}

/** Up to this length views beat `Uint8Array.set`. */
const VIEW_LENGTH_MAX = 384;
/** Without views: up to this length a plain loop does. */
const LOOP_LENGTH_MAX = 48;
/** Bytes that are moved at once. */
const WORD = 8;

/** Copies `from[start .. end)` to `to[at ..)`; the two may overlap. */
export function copyBytes(
  from: Uint8Array,
  start: number,
  end: number,
  to: Uint8Array,
  at: number,
): void {
  if (end - start < WORD) {
    if (from === to && at > start && at < end) to.copyWithin(at, start, end);
    else while (start < end) to[at++] = from[start++];
  } else {
    copyLong(from, start, end, to, at);
  }
}

/** The same for a word or more; what is left of a run behind its whole words ends with another. */
function copyLong(
  from: Uint8Array,
  start: number,
  end: number,
  to: Uint8Array,
  at: number,
): void {
  const length = end - start;
  if (from === to && at < end && at + length > start) {
    to.copyWithin(at, start, end);
    return;
  }
  const source = viewOf(from);
  const target = viewOf(to);
  if (length <= VIEW_LENGTH_MAX && source !== undefined && target !== undefined) {
    const last = end - WORD;
    const lastAt = at + length - WORD;
    for (; start < last; start += WORD, at += WORD) {
      target.setBigUint64(at, source.getBigUint64(start));
    }
    target.setBigUint64(lastAt, source.getBigUint64(last));
  } else if (length > LOOP_LENGTH_MAX) {
    to.set(from.subarray(start, end), at);
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
  if (length >= 4) {
    const one = viewOf(a);
    const two = viewOf(b);
    if (one !== undefined && two !== undefined) {
      const last = length - 4;
      for (let i = 0; i < last; i += 4) {
        if (one.getInt32(start + i) !== two.getInt32(other + i)) return false;
      }
      return one.getInt32(start + last) === two.getInt32(other + last);
    }
  }
  for (let i = 0; i < length; i++) {
    if (a[start + i] !== b[other + i]) return false;
  }
  return true;
}

/** Orders two runs of bytes as memcmp does, the shorter first where one begins the other. */
export function compareRuns(
  a: Uint8Array,
  start: number,
  end: number,
  b: Uint8Array,
  other: number,
  otherEnd: number,
): number {
  const length = Math.min(end - start, otherEnd - other);
  let i = 0;
  if (length >= 4) {
    const one = viewOf(a);
    const two = viewOf(b);
    if (one !== undefined && two !== undefined) {
      for (; i + 4 <= length; i += 4) {
        const difference = one.getUint32(start + i) - two.getUint32(other + i);
        if (difference !== 0) return difference;
      }
    }
  }
  for (; i < length; i++) {
    const difference = a[start + i] - b[other + i];
    if (difference !== 0) return difference;
  }
  return (end - start) - (otherEnd - other);
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
