/** How often a command ran, and how: the figures of INFO commandstats. */

/** Counters of one command. Not every run is timed; the total is extrapolated from those that are. */
export class CommandUsage {
  calls = 0;
  rejected = 0;
  failed = 0;
  #timedCalls = 0;
  #timed_ms = 0;

  /** One run was timed. */
  addTime(elapsed_ms: number): void {
    this.#timedCalls++;
    this.#timed_ms += elapsed_ms;
  }

  /** Time of all calls in microseconds, estimated. */
  get time_us(): number {
    return this.#timedCalls === 0 ? 0 : (this.#timed_ms * 1000 * this.calls) / this.#timedCalls;
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    this.calls =
      this.rejected =
      this.failed =
      this.#timedCalls =
      this.#timed_ms =
        0;
  }
}
