/**
 * Buffers for replies, lent out for one turn and used again: ten thousand idle connections need
 * none, and a busy server makes no garbage.
 */

import type { Buffer } from "node:buffer";
import { newBytes } from "./bytes.ts";

/** Sizes lent out, in bytes; what is larger is made to measure and not kept. */
const SIZES = [16 * 1024, 64 * 1024, 256 * 1024] as const;
/** At most so many buffers of each size are kept. */
const KEPT_MAX = [256, 64, 32] as const;

const kept: Buffer[][] = SIZES.map(() => []);

/** Lends a buffer of at least `bytes`. */
export function takeBuffer(bytes: number): Buffer {
  for (let i = 0; i < SIZES.length; i++) {
    if (bytes <= SIZES[i]) return kept[i].pop() ?? newBytes(SIZES[i]);
  }
  return newBytes(bytes);
}

/** Takes a buffer back; nobody may hold on to it. */
export function giveBuffer(buffer: Buffer): void {
  for (let i = 0; i < SIZES.length; i++) {
    if (buffer.length === SIZES[i] && kept[i].length < KEPT_MAX[i]) kept[i].push(buffer);
  }
}
