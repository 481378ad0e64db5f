/**
 * `client-output-buffer-limit`: clients that do not read what they are sent fast enough are closed.
 *
 * Promise: what waits for one client never exceeds the hard limit of its class by more than one reply
 * or message, and not the soft limit for longer than it may. While nobody is over a soft limit there
 * is no timer. What counts is Redis's: `commands/output_blocks.ts`.
 */

import type { Client } from "../commands/client.ts";
import { countedOutput_bytes, leastWaiting_bytes } from "../commands/output_blocks.ts";
import type { BufferLimit, BufferLimits } from "../config/buffer_limits.ts";
import type { Clock } from "../platform/clock.ts";

/** Who is over the soft limit is looked at so often. */
const CHECK_INTERVAL_MS = 1000;

/** What the limits need of the server. */
export interface OutputLimitsHost {
  readonly clock: Clock;
  /** The limits in force. */
  readonly limits: () => BufferLimits;
  readonly log: (text: string) => void;
}

/** Watches over what waits for clients. */
export class OutputLimits {
  readonly #host: OutputLimitsHost;
  /** Since when clients are over the soft limit, by a clock that only goes forward. */
  readonly #overSince_ms = new Map<Client, number>();
  #cancelTimer: (() => void) | undefined;

  /** @param host what is needed of the server. */
  constructor(host: OutputLimitsHost) {
    this.#host = host;
  }

  /** Closes the client if too much waits for it; called after each message, and after large replies. */
  check(client: Client): void {
    const { link } = client;
    if (link === undefined) return;
    const { hard_bytes, soft_bytes, soft_seconds } = this.#limitOf(client);
    const counted_bytes = countedOutput_bytes(link.outputBytes);
    if (hard_bytes > 0 && counted_bytes >= hard_bytes) return this.#close(client);
    if (soft_bytes === 0 || counted_bytes < soft_bytes) return this.forget(client);
    const now_ms = this.#host.clock.monotonic_ms();
    const since_ms = this.#overSince_ms.get(client);
    if (since_ms === undefined) {
      this.#overSince_ms.set(client, now_ms);
      this.#cancelTimer ??= this.#host.clock.every(CHECK_INTERVAL_MS, () => this.#checkAll());
    } else if (now_ms - since_ms > soft_seconds * 1000) {
      this.#close(client);
    }
  }

  /** The client has gone, or nothing waits for it. */
  forget(client: Client): void {
    if (this.#overSince_ms.size === 0) return;
    this.#overSince_ms.delete(client);
    if (this.#overSince_ms.size > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #limitOf({ subscriptions }: Client): BufferLimit {
    const { normal, pubsub } = this.#host.limits();
    return subscriptions === undefined ? normal : pubsub;
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

/** With so much waiting for it, a client need be looked at: below, no limit can be exceeded. */
export function watchedFrom_bytes({ normal, pubsub }: BufferLimits): number {
  let least = Infinity;
  for (const { hard_bytes, soft_bytes } of [normal, pubsub]) {
    if (hard_bytes > 0 && hard_bytes < least) least = hard_bytes;
    if (soft_bytes > 0 && soft_bytes < least) least = soft_bytes;
  }
  return least === Infinity ? least : leastWaiting_bytes(least);
}
