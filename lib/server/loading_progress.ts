/** How far loading has come, for INFO and the log. */

import type { Clock } from "../platform/clock.ts";

/** See above. */
export class LoadingProgress {
  readonly #clock: Clock;
  #began_ms = 0;
  #total_bytes = 0;
  #loaded_bytes = 0;

  /** Nothing is loaded at first. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Loading begins. */
  begin(total_bytes: number): void {
    this.#began_ms = this.#clock.now_ms();
    this.#total_bytes = total_bytes;
    this.#loaded_bytes = 0;
  }

  /** So much has been loaded. */
  reached(loaded_bytes: number): void {
    this.#loaded_bytes = loaded_bytes;
  }

  /** Its part of INFO persistence, while loading. */
  *info(): Generator<[string, string | number]> {
    const elapsed_s = Math.floor((this.#clock.now_ms() - this.#began_ms) / 1000);
    const share = this.#total_bytes === 0 ? 0 : this.#loaded_bytes / this.#total_bytes;
    yield ["loading_start_time", Math.floor(this.#began_ms / 1000)];
    yield ["loading_total_bytes", this.#total_bytes];
    yield ["loading_rdb_used_mem", 0];
    yield ["loading_loaded_bytes", this.#loaded_bytes];
    yield ["loading_loaded_perc", (share * 100).toFixed(2)];
    // Before anything is loaded there is no telling; Redis says 1 then.
    const eta_s = share === 0 ? 1 : Math.floor(elapsed_s * (1 - share) / share);
    yield ["loading_eta_seconds", eta_s];
  }
}
