/** How often a command ran, and how: the figures of INFO commandstats and LATENCY HISTOGRAM. */

import { DurationHistogram } from "./duration_histogram.ts";

/** The slot of a time whose distribution is not kept. */
export const NOT_TRACKED = -1;

/** Counters of one command. Under load some runs are not timed: they count as those next to them. */
export class CommandUsage {
  calls = 0;
  rejected = 0;
  failed = 0;
  /** Whether several runs may be timed together (`server/command_timer.ts`). */
  isLight = false;
  #histogram: DurationHistogram | undefined;
  #time_ms = 0;
  /** Runs that were not timed since the last sample. */
  #untimed = 0;
  #last_ms = -1;
  #lastSlot = NOT_TRACKED;

  /** Whether any run has been timed. */
  get isTimed(): boolean {
    return this.#last_ms >= 0;
  }

  /** Time of all calls in microseconds. */
  get time_us(): number {
    this.#settle();
    return this.#time_ms * 1000;
  }

  /** How long the runs took; undefined: it is not known of any. */
  get histogram(): DurationHistogram | undefined {
    this.#settle();
    return this.#histogram;
  }

  /** A run took so long; `slot` is that time's in the histogram, or {@linkcode NOT_TRACKED}. */
  addTime(elapsed_ms: number, slot: number): void {
    this.#add(elapsed_ms, slot, 1);
    if (this.#last_ms < 0) this.#remember(elapsed_ms, slot);
  }

  /** So many runs took that long each, and stand for those that were not timed. */
  addSamples(elapsed_ms: number, slot: number, runs: number): void {
    this.#add(elapsed_ms, slot, runs + this.#untimed);
    this.#untimed = 0;
    this.#remember(elapsed_ms, slot);
  }

  /** So many runs were not timed. */
  addUntimed(runs: number): void {
    this.#untimed += runs;
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    this.calls =
      this.rejected =
      this.failed =
      this.#time_ms =
      this.#untimed =
        0;
    this.#histogram = undefined;
    this.#remember(-1, NOT_TRACKED);
  }

  #add(elapsed_ms: number, slot: number, runs: number): void {
    this.#time_ms += elapsed_ms * runs;
    if (slot === NOT_TRACKED) return;
    this.#histogram ??= new DurationHistogram();
    this.#histogram.add(slot, runs);
  }

  #remember(elapsed_ms: number, slot: number): void {
    this.#last_ms = elapsed_ms;
    this.#lastSlot = slot;
  }

  /** Runs not timed since the last sample took as long as that. */
  #settle(): void {
    if (this.#untimed === 0 || this.#last_ms < 0) return;
    this.#add(this.#last_ms, this.#lastSlot, this.#untimed);
    this.#untimed = 0;
  }
}
