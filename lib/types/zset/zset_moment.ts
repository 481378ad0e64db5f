/**
 * A large sorted set as it was at one moment, read while it changes: in order, but for the members
 * that have changed since.
 */

import type { KeptBytes } from "../../memory/kept_bytes.ts";
import type { RecordTable, Ref } from "../../memory/record_table.ts";
import { TableMoment } from "../moment/table_moment.ts";
import type { TreeRefs } from "./tree_refs.ts";

/** See above. */
export class ZsetMoment extends TableMoment {
  readonly #refs: TreeRefs;

  /** The moment is now. The rest is as in {@linkcode TableMoment}. */
  constructor(table: RecordTable, refs: TreeRefs, kept: KeptBytes, onEnd: () => void) {
    const { size: count } = table;
    super({ table, refs, count, clock_ms: -Infinity, first_ms: Infinity }, kept, onEnd);
    this.#refs = refs;
  }

  /** Chooses whether the greatest comes first, before any has come. */
  set isBackwards(isBackwards: boolean) {
    this.#refs.isBackwards = isBackwards;
  }

  /** A member is about to change or to go. */
  override keep(ref: Ref): void {
    this.reordering();
    super.keep(ref);
  }

  /** Members are about to come or to change places. */
  reordering(): void {
    this.#refs.reordering();
  }
}
