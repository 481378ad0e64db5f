/**
 * What is done now and then, `hz` times a second: the active expiry cycle, compaction, rates, idle
 * clients. Each part has its own slice of time; none can hold a turn.
 */

import type { ServerHandle } from "../commands/context.ts";
import { CompactionCycle } from "../keyspace/compaction.ts";
import { ExpireCycle } from "../keyspace/expire_cycle.ts";
import type { Stats } from "./stats.ts";

/** Rates are sampled this often. */
const SAMPLE_INTERVAL_MS = 100;
/** Pause between two slices of 1 ms each for expiry and compaction, while they have much to do. */
const BUSY_PAUSE_MS = 6;
/** At least so many clients are looked at in a round, and all of them within a second. */
const CLIENTS_PER_ROUND_MIN = 5;

/** The background work of a server. */
export class Cron {
  readonly #server: ServerHandle;
  readonly #stats: Stats;
  readonly #expire: ExpireCycle;
  readonly #compaction: CompactionCycle;
  readonly #afterExpiry: () => void;
  readonly #onRound: (now_ms: number) => void;
  #cancel: (() => void) | undefined;
  #cancelSlice: (() => void) | undefined;
  #sampled_ms = 0;
  #lastClientId = 0;

  /**
   * @param afterExpiry hands on what expiry has added to the log. @param onRound what else is to be
   * looked after in each round, while nothing is loaded
   */
  constructor(
    server: ServerHandle,
    stats: Stats,
    afterExpiry: () => void,
    onRound: (now_ms: number) => void,
  ) {
    this.#server = server;
    this.#stats = stats;
    this.#afterExpiry = afterExpiry;
    this.#onRound = onRound;
    this.#expire = new ExpireCycle(server.keyspace, server.clock);
    this.#compaction = new CompactionCycle(server.keyspace, server.clock);
  }

  /** Begins, or goes on at another pace. */
  start(hz: number): void {
    this.stop();
    this.#cancel = this.#server.clock.every(1000 / hz, () => this.#round());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#cancelSlice?.();
  }

  #round(): void {
    const { keyspace, clock, activeExpiry } = this.#server;
    const now_ms = clock.now_ms();
    keyspace.now_ms = now_ms;
    if (now_ms - this.#sampled_ms >= SAMPLE_INTERVAL_MS) {
      this.#sampled_ms = now_ms;
      this.#stats.sample(now_ms);
      keyspace.measureBytes(); // keeps what is known of large values up to date
    }
    if (keyspace.loading) return;
    this.#slice(activeExpiry);
    this.#onRound(now_ms);
    this.#closeIdleClients(now_ms);
  }

  /** A slice of expiry and of compaction; while there is much to do they take a quarter of the time. */
  #slice(activeExpiry: boolean): void {
    const { keyspace, clock } = this.#server;
    if (keyspace.loading) return;
    let busy = false;
    if (activeExpiry) {
      const began_ms = clock.monotonic_ms();
      busy = this.#expire.run();
      this.#server.latency.add("expire-cycle", clock.monotonic_ms() - began_ms);
      this.#afterExpiry();
    }
    busy = this.#compaction.run() || busy;
    if (!busy) return;
    this.#cancelSlice?.();
    this.#cancelSlice = clock.after(BUSY_PAUSE_MS, () => this.#slice(this.#server.activeExpiry));
  }

  /** `timeout`: closes clients that have said nothing for so many seconds, a few in each round. */
  #closeIdleClients(now_ms: number): void {
    const { config, clients } = this.#server;
    const { timeout, hz } = config.values;
    if (timeout === 0) return;
    let budget = Math.max(CLIENTS_PER_ROUND_MIN, Math.ceil(clients.count / hz));
    let passed = this.#lastClientId;
    for (const client of clients.all()) {
      if (client.id <= this.#lastClientId) continue;
      if (budget-- === 0) break;
      passed = client.id;
      const idle_ms = now_ms - client.lastActive_ms;
      const isHeld = client.unblock !== undefined || client.paused;
      const mayBeSilent = isHeld || client.subscriptions !== undefined || client.isMonitor;
      if (idle_ms > timeout * 1000 && !mayBeSilent) client.link?.close(false);
    }
    this.#lastClientId = passed === this.#lastClientId ? 0 : passed;
  }
}
