/**
 * Who is subscribed to what: names (latin1) and, per name, clients in the order in which they came.
 *
 * Most names have a single subscriber, which then stands in the table itself: a million channels
 * cost one map, not a million sets.
 */

import type { Client } from "../commands/client.ts";

/** Subscribers by name. A name without subscribers is not in it. */
export class SubscriberTable {
  readonly #byName = new Map<string, Client | Set<Client>>();

  /** How many names have subscribers. */
  get size(): number {
    return this.#byName.size;
  }

  /** The names, in the order in which they got their first subscriber. */
  names(): Iterable<string> {
    return this.#byName.keys();
  }

  /** Adds a subscriber, if it is not there yet. */
  add(name: string, client: Client): void {
    const present = this.#byName.get(name);
    if (present === undefined) this.#byName.set(name, client);
    else if (present instanceof Set) present.add(client);
    else if (present !== client) this.#byName.set(name, new Set([present, client]));
  }

  /** Removes a subscriber, if it is there. */
  remove(name: string, client: Client): void {
    const present = this.#byName.get(name);
    if (present === client) {
      this.#byName.delete(name);
    } else if (present instanceof Set && present.delete(client) && present.size === 1) {
      for (const last of present) this.#byName.set(name, last);
    }
  }

  /** How many clients are subscribed to `name`. */
  count(name: string): number {
    const present = this.#byName.get(name);
    return present === undefined ? 0 : present instanceof Set ? present.size : 1;
  }

  /** Calls `visit` with each subscriber of `name`; it may remove subscribers. Returns how many. */
  forEach(name: string, visit: (client: Client) => void): number {
    const present = this.#byName.get(name);
    if (present === undefined) return 0;
    if (!(present instanceof Set)) {
      visit(present);
      return 1;
    }
    const count = present.size;
    for (const client of present) visit(client);
    return count;
  }
}
