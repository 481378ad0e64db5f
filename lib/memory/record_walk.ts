/**
 * A walk over all records of a table that may rest between two steps, for as long as it likes: the
 * table must not change meanwhile.
 *
 *     const walk = new RecordWalk(table);
 *     while (walk.next()) for (const ref of walk.refs) ...
 *
 * Promise: every record comes exactly once, or the end of the walk throws.
 */

import type { RecordTable, Ref } from "./record_table.ts";

/** See above. */
export class RecordWalk {
  /** The records at hand: those of one bucket. */
  readonly refs: Ref[] = [];
  readonly #table: RecordTable;
  readonly #size: number;
  #cursor = 0;
  #count = 0;
  #isOver = false;
  readonly #add = (ref: Ref) => void this.refs.push(ref);

  /** Before the first record. */
  constructor(table: RecordTable) {
    this.#table = table;
    this.#size = table.size;
  }

  /** Goes to the next records. False: there are no more. */
  next(): boolean {
    this.refs.length = 0;
    while (!this.#isOver && this.refs.length === 0) {
      this.#cursor = this.#table.scan(this.#cursor, this.#add);
      this.#isOver = this.#cursor === 0;
    }
    this.#count += this.refs.length;
    if (this.refs.length > 0) return true;
    if (this.#count !== this.#size || this.#size !== this.#table.size) {
      throw new Error(`walk: ${this.#count} records of ${this.#size}, ${this.#table.size} now`);
    }
    return false;
  }
}
