/**
 * Who waits until when. A timer for each costs several microseconds, and hardly any ever rings; so
 * there is one for all of them.
 *
 *     soonest first, a binary heap:   [ A 100 ms ][ C 5 s ][ B 60 s ]      one timer: in 100 ms
 *
 * It is not stopped where those leave that it was set for, but rings within {@linkcode RING_MS_MAX}
 * and is set anew for those who are there then. So a wait that comes and goes sets no timer.
 *
 * Promises: nobody is rung for before the time is over; in the order of their deadlines, those with
 * the same one in that of {@linkcode Deadlines.add}.
 */

import type { Clock } from "../platform/clock.ts";

/** The timer is set for no later than this. */
export const RING_MS_MAX = 1000;

/** Somebody who waits for a limited time. */
export interface Timed {
  /** On the monotonic clock. */
  readonly deadline_ms: number;
  /** Set by {@linkcode Deadlines}: place in the heap, -1 where it is in none. */
  heapAt: number;
  /** Set by {@linkcode Deadlines}: who of two with one deadline came first. */
  heapOrder: number;
  /** The time is over; it has left the heap. */
  ring(): void;
}

/** Rings for everybody whose time is over. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #heap: Timed[] = [];
  #added = 0;
  #cancelTimer: (() => void) | undefined;
  /** When the timer rings. */
  #rings_ms = Infinity;

  /** @param clock whose monotonic time the deadlines are in. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait. */
  get count(): number {
    return this.#heap.length;
  }

  /** From now on `timed` waits. */
  add(timed: Timed): void {
    timed.heapOrder = this.#added++;
    this.#heap.push(timed);
    this.#rise(timed, this.#heap.length - 1);
    if (timed.heapAt === 0 && timed.deadline_ms < this.#rings_ms) this.#setTimer();
  }

  /** It waits no longer, if it did. */
  remove(timed: Timed): void {
    const at = timed.heapAt;
    if (at < 0) return;
    timed.heapAt = -1;
    const last = this.#heap.pop()!;
    if (last === timed) return;
    this.#rise(last, at);
    this.#sink(last, last.heapAt);
  }

  /** Nobody is rung for any more, and no timer is left. */
  close(): void {
    for (const timed of this.#heap) timed.heapAt = -1;
    this.#heap.length = 0;
    this.#stopTimer();
  }

  #setTimer(): void {
    this.#stopTimer();
    if (this.#heap.length === 0) return;
    const now_ms = this.#clock.monotonic_ms();
    const wait_ms = Math.min(Math.max(this.#heap[0].deadline_ms - now_ms, 0), RING_MS_MAX);
    this.#rings_ms = now_ms + wait_ms;
    this.#cancelTimer = this.#clock.after(wait_ms, this.#ring);
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#rings_ms = Infinity;
  }

  readonly #ring = () => {
    this.#cancelTimer = undefined;
    this.#rings_ms = Infinity;
    try {
      const now_ms = this.#clock.monotonic_ms();
      for (let first = this.#heap[0]; first?.deadline_ms <= now_ms; first = this.#heap[0]) {
        this.remove(first);
        first.ring();
      }
    } finally {
      this.#setTimer();
    }
  };

  /** Puts `timed` at `at` or above, where those stand who come later. */
  #rise(timed: Timed, at: number): void {
    const heap = this.#heap;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (isBefore(heap[above], timed)) break;
      this.#put(heap[above], at);
      at = above;
    }
    this.#put(timed, at);
  }

  /** Puts `timed` at `at` or below, where those stand who come sooner. */
  #sink(timed: Timed, at: number): void {
    const heap = this.#heap;
    for (let below = 2 * at + 1; below < heap.length; below = 2 * at + 1) {
      if (below + 1 < heap.length && isBefore(heap[below + 1], heap[below])) below++;
      if (isBefore(timed, heap[below])) break;
      this.#put(heap[below], at);
      at = below;
    }
    this.#put(timed, at);
  }

  #put(timed: Timed, at: number): void {
    this.#heap[at] = timed;
    timed.heapAt = at;
  }
}

function isBefore(a: Timed, b: Timed): boolean {
  return a.deadline_ms < b.deadline_ms ||
    (a.deadline_ms === b.deadline_ms && a.heapOrder < b.heapOrder);
}
