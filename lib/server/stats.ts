/** What the server counts, for INFO. CONFIG RESETSTAT sets it to zero. */

/** Rates are averaged over this many samples, one each 100 ms, as in Redis. */
const SAMPLES = 16;

/** A rate per second from samples of a counter. */
class Rate {
  readonly #samples = new Float64Array(SAMPLES);
  #next = 0;
  #lastCount = 0;
  #lastTime_ms = 0;

  sample(count: number, now_ms: number): void {
    const elapsed_ms = now_ms - this.#lastTime_ms;
    if (elapsed_ms <= 0) return;
    const added = Math.max(count - this.#lastCount, 0);
    if (this.#lastTime_ms > 0) {
      this.#samples[this.#next] = (added * 1000) / elapsed_ms;
      this.#next = (this.#next + 1) % SAMPLES;
    }
    this.#lastCount = count;
    this.#lastTime_ms = now_ms;
  }

  get perSecond(): number {
    return this.#samples.reduce((sum, value) => sum + value, 0) / SAMPLES;
  }
}

/** Counters of the server. */
export class Stats {
  connectionsReceived = 0;
  connectionsRejected = 0;
  commandsProcessed = 0;
  inputBytes = 0;
  outputBytes = 0;
  /** How often something was read from a client, and written to one. */
  reads = 0;
  writes = 0;
  errorReplies = 0;
  /** Error replies by their code: `ERR`, `WRONGTYPE` ... */
  readonly errors = new Map<string, number>();
  readonly commandRate = new Rate();
  readonly inputRate = new Rate();
  readonly outputRate = new Rate();

  /** Most codes kept apart, since MULTI and scripts let clients make them up. */
  static readonly ERROR_CODES_MAX = 128;

  /** Counts an error reply; `text` begins with its code. */
  countError(text: string): void {
    this.errorReplies++;
    const space = text.indexOf(" ");
    const code = space < 0 ? text : text.slice(0, space);
    const known = this.errors.get(code);
    if (known === undefined && this.errors.size >= Stats.ERROR_CODES_MAX) return;
    this.errors.set(code, (known ?? 0) + 1);
  }

  /** Takes the samples of all rates; called every 100 ms. */
  sample(now_ms: number): void {
    this.commandRate.sample(this.commandsProcessed, now_ms);
    this.inputRate.sample(this.inputBytes, now_ms);
    this.outputRate.sample(this.outputBytes, now_ms);
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    this.connectionsReceived = this.connectionsRejected = this.commandsProcessed = 0;
    this.inputBytes = this.outputBytes = this.errorReplies = 0;
    this.reads = this.writes = 0;
    this.errors.clear();
  }
}
