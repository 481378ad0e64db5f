/** The rests between tries of something that fails. */

import type { Clock } from "../../platform/clock.ts";

const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 1000;

/** Rests: the first is short, each is twice as long as the one before, up to a second. */
export class Retry {
  readonly #clock: Clock;
  #pause_ms = PAUSE_MIN_MS;
  #end: (() => void) | undefined;

  /** @param clock that rings. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It has worked, or something else is tried. */
  reset(): void {
    this.#pause_ms = PAUSE_MIN_MS;
  }

  /** Resolves when it is time for the next try. */
  rest(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(this.#pause_ms, resolve);
      this.#pause_ms = Math.min(2 * this.#pause_ms, PAUSE_MAX_MS);
      this.#end = () => {
        this.#end = undefined;
        cancel();
        resolve();
      };
    });
  }

  /** Ends the rest under way, if there is one. */
  endRest(): void {
    this.#end?.();
  }
}
