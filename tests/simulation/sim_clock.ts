/** A clock that stands still until a simulation moves it. */

import type { Clock } from "../../lib/platform/clock.ts";

interface Timer {
  due_ms: number;
  readonly interval_ms: number | undefined;
  readonly action: () => void;
}

/** Microtasks that may follow from one another before the simulation goes on. */
const SETTLE_ROUNDS = 60;

/** Lets what has been set off run to its end. */
export async function settle(): Promise<void> {
  for (let i = 0; i < SETTLE_ROUNDS; i++) await undefined;
}

/** The clock. Each look at it takes some time, if told so: work in slices comes to their ends. */
export class SimClock implements Clock {
  /** What a reading of the monotonic clock takes. */
  reading_ms = 0;
  #drift_ms = 0;
  #now_ms: number;
  readonly #timers = new Set<Timer>();

  /** @param start_ms the time it begins with, since the epoch. */
  constructor(start_ms: number) {
    this.#now_ms = start_ms;
  }

  now_ms(): number {
    return this.#now_ms;
  }

  now_us(): number {
    return this.#now_ms * 1000;
  }

  monotonic_ms(): number {
    this.#drift_ms += this.reading_ms;
    return this.#now_ms + this.#drift_ms;
  }

  block(duration_ms: number): void {
    this.#now_ms += duration_ms;
  }

  every(interval_ms: number, action: () => void): () => void {
    return this.#add({ due_ms: this.#now_ms + interval_ms, interval_ms, action });
  }

  after(delay_ms: number, action: () => void): () => void {
    return this.#add({ due_ms: this.#now_ms + delay_ms, interval_ms: undefined, action });
  }

  /** Moves time on, timer by timer, each with all that follows from it. */
  async advance(duration_ms: number): Promise<void> {
    const end_ms = this.#now_ms + duration_ms;
    for (let next = this.#next(end_ms); next !== undefined; next = this.#next(end_ms)) {
      this.#now_ms = Math.max(this.#now_ms, Math.floor(next.due_ms));
      if (next.interval_ms === undefined) this.#timers.delete(next);
      else next.due_ms += next.interval_ms;
      next.action();
      await settle();
    }
    this.#now_ms = Math.max(this.#now_ms, end_ms);
  }

  #next(end_ms: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due_ms <= end_ms && (first === undefined || timer.due_ms < first.due_ms)) {
        first = timer;
      }
    }
    return first;
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }
}

/** How often a promise is helped on before it counts as one that never settles. */
const DRIVE_ROUNDS = 2000;

/**
 * Moves time on until `promise` settles, with `help` called in each round.
 *
 * @throws {Error} what it rejects with, or that it never settles
 */
export async function drive<T>(promise: Promise<T>, clock: SimClock, help: () => void): Promise<T> {
  let isOver = false;
  const over = promise.finally(() => isOver = true);
  over.catch(() => {}); // it is awaited below
  for (let round = 0; !isOver; round++) {
    if (round === DRIVE_ROUNDS) throw new Error("it waits for something that never comes");
    await settle();
    help();
    if (round > 0) await clock.advance(1);
  }
  return await over;
}
