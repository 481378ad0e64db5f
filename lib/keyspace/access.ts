/**
 * How often and how recently a key was used: the 24 bits of meta in its record, read in one of two
 * ways as `maxmemory-policy` says.
 *
 *     LRU   seconds since the epoch, modulo 2^24
 *     LFU   minutes since the epoch, modulo 2^16 | a logarithmic counter, 8 bits
 */

import type { Int64 } from "../numbers/int64.ts";
import type { Random } from "../platform/random.ts";

/** Seconds since the epoch in 24 bits: the clock that OBJECT IDLETIME reads. */
export const LRU_CLOCK_MAX = 0xffffff;
/** Counter of a new key under LFU, below which an access always counts (LFU_INIT_VAL). */
export const LFU_INIT = 5;
const LFU_COUNTER_MAX = 255;
/** `lfu-log-factor` and `lfu-decay-time` (minutes); CONFIG SET changes them. */
export const lfuTuning = { logFactor: 10, decay_minutes: 1 };

/** The meta of a record that was last used `idle_s` seconds ago. */
export function lruMeta(idle_s: Int64, now_ms: number): number {
  const clock = lruClock(now_ms);
  // Longer ago than the clock goes back: half its range, as in Redis.
  return idle_s <= clock
    ? clock - Number(idle_s)
    : (clock + Math.floor(LRU_CLOCK_MAX / 2)) % LRU_CLOCK_MAX;
}

/** The meta of a record that has just been used, with this counter. */
export function lfuMeta(counter: number, now_ms: number): number {
  return (lfuClock(now_ms) << 8) | counter;
}

/** Seconds since the last access of a record with this meta. */
export function idleSeconds(meta: number, now_ms: number): number {
  const clock = lruClock(now_ms);
  return clock >= meta ? clock - meta : clock + LRU_CLOCK_MAX + 1 - meta;
}

/** The counter of a record with this meta, lowered by one for each `decay_minutes` of no use. */
export function frequency(meta: number, now_ms: number): number {
  const minutes = lfuClock(now_ms);
  const then = meta >>> 8;
  const elapsed = minutes >= then ? minutes - then : minutes + 0x10000 - then;
  const periods = lfuTuning.decay_minutes > 0 ? Math.floor(elapsed / lfuTuning.decay_minutes) : 0;
  return Math.max((meta & 0xff) - periods, 0);
}

/** The meta of a record after one more access: the higher the counter, the less likely it rises. */
export function logarithmicIncrement(meta: number, now_ms: number, random: Random): number {
  let counter = frequency(meta, now_ms);
  if (counter < LFU_COUNTER_MAX) {
    const chance = 1 / (Math.max(counter - LFU_INIT, 0) * lfuTuning.logFactor + 1);
    if (random.uint32() < chance * 2 ** 32) counter++;
  }
  return lfuMeta(counter, now_ms);
}

function lruClock(now_ms: number): number {
  return Math.floor(now_ms / 1000) & LRU_CLOCK_MAX;
}

function lfuClock(now_ms: number): number {
  return Math.floor(now_ms / 60_000) & 0xffff;
}
