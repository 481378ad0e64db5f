/**
 * `client-output-buffer-limit pubsub`: subscribers that do not read fast enough are closed.
 *
 * Promise: what waits for one subscriber never exceeds the hard limit by more than one message, and
 * not the soft limit for longer than it may. While nobody is over the soft limit there is no timer.
 */

import type { Client } from "../commands/client.ts";
import type { BufferLimit } from "../config/buffer_limits.ts";
import type { Clock } from "../platform/clock.ts";

/** Who is over the soft limit is looked at so often. */
const CHECK_INTERVAL_MS = 1000;

/** What the limits need of the server. */
export interface PubSubLimitsHost {
  readonly clock: Clock;
  /** The limit in force. */
  readonly limit: () => BufferLimit;
  readonly log: (text: string) => void;
}

/** Watches over what waits for subscribers. */
export class PubSubLimits {
  readonly #host: PubSubLimitsHost;
  /** Since when clients are over the soft limit, by a clock that only goes forward. */
  readonly #overSince_ms = new Map<Client, number>();
  #cancelTimer: (() => void) | undefined;

  /** @param host what is needed of the server. */
  constructor(host: PubSubLimitsHost) {
    this.#host = host;
  }

  /** Closes the client if too much waits for it; called after each message. */
  check(client: Client): void {
    const { link } = client;
    if (link === undefined) return;
    const { hard_bytes, soft_bytes, soft_seconds } = this.#host.limit();
    const waiting_bytes = link.outputBytes;
    if (hard_bytes > 0 && waiting_bytes >= hard_bytes) return this.#close(client);
    if (soft_bytes === 0 || waiting_bytes < soft_bytes) {
      if (this.#overSince_ms.size > 0) this.forget(client);
      return;
    }
    const now_ms = this.#host.clock.monotonic_ms();
    const since_ms = this.#overSince_ms.get(client);
    if (since_ms === undefined) {
      this.#overSince_ms.set(client, now_ms);
      this.#cancelTimer ??= this.#host.clock.every(CHECK_INTERVAL_MS, () => this.#checkAll());
    } else if (now_ms - since_ms > soft_seconds * 1000) {
      this.#close(client);
    }
  }

  /** The client has gone, or is no subscriber any more. */
  forget(client: Client): void {
    this.#overSince_ms.delete(client);
    if (this.#overSince_ms.size > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #checkAll(): void {
    for (const client of [...this.#overSince_ms.keys()]) this.check(client);
  }

  #close(client: Client): void {
    this.forget(client);
    this.#host.log(
      `Client id=${client.id} addr=${client.link?.address} closed for overcoming of output ` +
        "buffer limits.",
    );
    client.link?.close(false);
  }
}
