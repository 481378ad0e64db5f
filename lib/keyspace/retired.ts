/**
 * What emptied databases have held, given back to the system bit by bit: to free 100,000 large
 * collections takes two seconds, and the memory of two million keys 40 ms.
 *
 * Promise: all of it is given back in the end, and a step takes some 100 us.
 */

import type { RecordTable } from "../memory/record_table.ts";
import type { ObjectSlots } from "./object_slots.ts";

/** Up to so many keys, or large values, all is given back at once: that takes less than 1 ms. */
const KEYS_AT_ONCE = 5000;
const OBJECTS_AT_ONCE = 50;
/** Segments, of 1 MiB at most, given back in one step. */
const STEP_SEGMENTS = 1;
/** Objects freed in one step. */
const STEP_OBJECTS = 4;

/** See above; driven by the compaction cycle. */
export class Retired {
  readonly #tables: RecordTable[] = [];
  readonly #objects: ObjectSlots[] = [];

  /**
   * Takes over what nobody uses any more. @param atOnce whether nobody is served who could be held
   * up: a log that is loaded may empty its databases many times
   */
  add(table: RecordTable, objects: ObjectSlots, atOnce: boolean): void {
    if (atOnce || objects.count <= OBJECTS_AT_ONCE) objects.clear();
    else this.#objects.push(objects);
    if (atOnce || table.size <= KEYS_AT_ONCE) table.clear();
    else this.#tables.push(table);
  }

  /** Gives something back. False: there is nothing left. */
  step(): boolean {
    const objects = this.#objects.at(-1);
    if (objects !== undefined) {
      if (!objects.dismantle(STEP_OBJECTS)) this.#objects.pop();
      return true;
    }
    const table = this.#tables.at(-1);
    if (table === undefined) return false;
    if (!table.dismantle(STEP_SEGMENTS)) this.#tables.pop();
    return true;
  }
}
