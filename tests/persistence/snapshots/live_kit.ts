/** What the tests of live snapshots share: time that is set by hand, and digests key by key. */

import { digestText, valueDigest } from "../../../lib/keyspace/digest.ts";
import type { Keyspace } from "../../../lib/keyspace/keyspace.ts";
import { type Clock, systemClock } from "../../../lib/platform/clock.ts";
import { hashAt } from "../../../lib/types/hash/view.ts";
import { refsOf } from "./kit.ts";

/** A clock whose time of day is set by hand, and whose timers go off by hand. */
export class SetClock implements Clock {
  readonly #timers = new Set<() => void>();
  constructor(public time_ms: number) {}
  now_ms = () => this.time_ms;
  now_us = () => this.time_ms * 1000;
  monotonic_ms = () => systemClock.monotonic_ms();
  every: Clock["every"] = (_interval_ms, action) => {
    this.#timers.add(action);
    return () => this.#timers.delete(action);
  };
  after: Clock["after"] = (...args) => systemClock.after(...args);
  block: Clock["block"] = (...args) => systemClock.block(...args);

  /** Time passes: what is done now and then is done, or is still to come. */
  pass(duration_ms: number, isRound: boolean): void {
    this.time_ms += duration_ms;
    if (isRound) { for (const action of this.#timers) action(); }
  }
}

/** The digest of each key, and when it expires. */
export function digestsOf(keyspace: Keyspace): Record<string, string> {
  const found: Record<string, string> = {};
  for (const db of keyspace.databases()) {
    for (const ref of refsOf(db)) {
      if (db.type(ref) === "hash" && hashAt(db, ref).size === 0) continue;
      const digest = digestText(valueDigest(db, ref));
      found[`${db.index} ${db.keyOf(ref)}`] = `${db.type(ref)} ${digest} ${db.expiry(ref)}`;
    }
  }
  return found;
}
