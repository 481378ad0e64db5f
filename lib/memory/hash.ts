/**
 * A keyed hash over bytes: HalfSipHash-1-3 (Aumasson and Bernstein). Its 64-bit key is drawn at
 * start, so that nobody outside can choose keys that collide.
 *
 * About 40 ns for a key of 16 bytes.
 */

import type { Random } from "../platform/random.ts";
import { viewOf } from "./bytes.ts";

/** The secret of one process: two words of 32 bits. */
export interface HashSeed {
  readonly k0: number;
  readonly k1: number;
}

/** Draws a secret. */
export function drawHashSeed(random: Random): HashSeed {
  return { k0: random.uint32() | 0, k1: random.uint32() | 0 };
}

/** Hash of `buf[start .. end)`: an int32. The rounds are written out; a call each costs double. */
export function hashBytes(seed: HashSeed, buf: Uint8Array, start: number, end: number): number {
  let v0 = seed.k0;
  let v1 = seed.k1;
  let v2 = 0x6c796765 ^ seed.k0;
  let v3 = 0x74656462 ^ seed.k1;
  const tail = end - ((end - start) & 3);
  let at = start;
  const view = viewOf(buf);
  for (; at < tail; at += 4) {
    const word = view !== undefined
      ? view.getInt32(at, true)
      : buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24);
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  let last = (end - start) << 24;
  for (let shift = 0; at < end; at++, shift += 8) last |= buf[at] << shift;
  v3 ^= last;
  for (let round = 0; round < 4; round++) { // one for the last word, three to finish
    if (round === 1) {
      v0 ^= last;
      v2 ^= 0xff;
    }
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  return v1 ^ v3;
}

/** Reverses the order of the 32 bits of `x`; the result is unsigned. */
export function reverseBits(x: number): number {
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
  return ((x >>> 16) | (x << 16)) >>> 0;
}
