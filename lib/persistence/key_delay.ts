/**
 * The pause for each key that `key-load-delay` and `rdb-key-save-delay` ask for: tests, Redis's own
 * among them, make loading and saving last for as long as they need with it.
 */

/** Shorter pauses are made together, as a timer may be a millisecond late. */
const PAUSE_MS_MIN = 10;

/** See above. */
export class KeyDelay {
  readonly #delay_us: () => number;
  #owed_ms = 0;

  /**
   * @param delay_us what is configured now: microseconds for each key; a negative number: one
   * microsecond for so many keys. Missing: none
   */
  constructor(delay_us: () => number = () => 0) {
    this.#delay_us = delay_us;
  }

  /** Whether there are pauses: then each key is to be told of. */
  get isOn(): boolean {
    return this.#delay_us() !== 0;
  }

  /** So many keys more are done. Returns for how long to pause now, in ms: often 0. */
  after(keys: number): number {
    const delay_us = this.#delay_us();
    this.#owed_ms += keys * (delay_us < 0 ? -1 / delay_us : delay_us) / 1000;
    if (delay_us === 0) this.#owed_ms = 0; // it was taken back
    if (this.#owed_ms < PAUSE_MS_MIN) return 0;
    const pause_ms = this.#owed_ms;
    this.#owed_ms = 0;
    return pause_ms;
  }
}
