/**
 * The records of a large sorted set in its order, or backwards. It may rest between two of them for
 * as long as it likes; when the order is about to change meanwhile it is told, and finds its way back
 * by the last element.
 */

import { Buffer } from "node:buffer";
import { NONE, type RecordTable, type Ref } from "../../memory/record_table.ts";
import type { RefSource } from "../moment/element_walk.ts";
import type { RankTree } from "./rank_tree.ts";

/** An element that may be gone. */
interface Place {
  readonly score: number;
  readonly member: Buffer;
}

/** See above. */
export class TreeRefs implements RefSource {
  /** Whether the last one comes first; to be set before that. */
  isBackwards = false;
  readonly #tree: RankTree;
  readonly #table: RecordTable;
  /** Where the next one is. */
  #leaf = 0;
  #slot = 0;
  /** The last one that came; NONE: none yet. */
  #last: Ref = NONE;
  #lastScore = 0;
  /** The same, when the order has changed since. */
  #lost: Place | undefined;

  /** Before the first one. @param table holds the members. */
  constructor(tree: RankTree, table: RecordTable) {
    this.#tree = tree;
    this.#table = table;
  }

  next(): Ref {
    const tree = this.#tree;
    if (this.#lost !== undefined) this.#find(this.#lost);
    else if (this.#last === NONE) this.#begin();
    tree.leaf = this.#leaf;
    tree.slot = this.#slot;
    if (this.isBackwards ? !tree.settleBack() : !tree.settle()) return NONE;
    this.#leaf = tree.leaf;
    this.#slot = tree.slot + (this.isBackwards ? -1 : 1);
    this.#lastScore = tree.score;
    return this.#last = tree.ref;
  }

  /** Nothing is at hand that could change unnoticed. */
  rest(): void {}

  /** The order is about to change: notes where the walk is. */
  reordering(): void {
    if (this.#last === NONE || this.#lost !== undefined) return;
    const table = this.#table;
    table.locate(this.#last);
    const member = Buffer.from(table.bytes.subarray(table.keyStart, table.valueStart));
    this.#lost = { score: this.#lastScore, member };
  }

  #begin(): void {
    const tree = this.#tree;
    tree.seekRank(this.isBackwards ? tree.size - 1 : 0);
    this.#leaf = tree.leaf;
    this.#slot = tree.slot;
  }

  #find({ score, member }: Place): void {
    const tree = this.#tree;
    tree.seekElement(score, member, 0, member.length);
    this.#leaf = tree.leaf;
    this.#slot = this.isBackwards ? tree.slot - 1 : tree.slot;
    this.#lost = undefined;
  }
}
