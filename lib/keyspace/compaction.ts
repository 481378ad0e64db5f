/**
 * The slow background pass that moves records out of nearly empty segments, so that deleting gives
 * memory back to the system; and gives back that of emptied databases and of long lists which have
 * gone. Promise: a slice takes no longer than its budget (plus one step of a few records); databases
 * take turns.
 */

import type { Clock } from "../platform/clock.ts";
import { releaseSome } from "../types/list/chunk.ts";
import type { Keyspace } from "./keyspace.ts";

/** How long a slice may take, in ms, where nothing else is said. */
const BUDGET_MS = 1;
/** Records moved in one step: about 30 us. */
const STEP_RECORDS = 64;
/** Chunks of lists released in one step: of 8 KiB, they are half a segment. */
const STEP_CHUNKS = 64;

/** See above. Driven by a timer, a few times a second. */
export class CompactionCycle {
  readonly #keyspace: Keyspace;
  readonly #clock: Clock;
  readonly #budget_ms: number;
  /** The database whose turn it is. */
  #turn = 0;

  /** @param budget_ms how long a slice may take; 1 where not given. */
  constructor(keyspace: Keyspace, clock: Clock, budget_ms = BUDGET_MS) {
    this.#keyspace = keyspace;
    this.#clock = clock;
    this.#budget_ms = budget_ms;
  }

  /**
   * One slice. True: there was more to do than time. Must not be called while anybody holds a ref.
   */
  run(): boolean {
    const { count } = this.#keyspace;
    const deadline_ms = this.#clock.monotonic_ms() + this.#budget_ms;
    const { retired } = this.#keyspace;
    while (retired.step() || releaseSome(STEP_CHUNKS) > 0) {
      if (this.#clock.monotonic_ms() >= deadline_ms) return true;
    }
    let idle = 0; // databases in a row with nothing to move
    while (idle < count) {
      const { table } = this.#keyspace.database(this.#turn);
      this.#turn = (this.#turn + 1) % count;
      if (table.compact(STEP_RECORDS) === 0) {
        idle++;
        continue;
      }
      idle = 0;
      if (this.#clock.monotonic_ms() >= deadline_ms) return true;
    }
    return false;
  }
}
