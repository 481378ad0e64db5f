/**
 * A walk over a large sorted set, in order, that may rest between two members for as long as it
 * likes: others may read the set meanwhile, but nobody may change it.
 */

import type { LargeZset } from "./large_zset.ts";

/** See above. */
export class ZsetWalk {
  /** The member at hand is `bytes[start .. end)` ... */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** ... and this its score. */
  score = 0;
  readonly #zset: LargeZset;
  readonly #backwards: boolean;
  #leaf: number;
  #slot: number;

  /** Before the first member, or (`backwards`) behind the last. */
  constructor(zset: LargeZset, backwards: boolean) {
    this.#zset = zset;
    this.#backwards = backwards;
    const { tree, size } = zset;
    tree.seekRank(backwards ? size - 1 : 0);
    this.#leaf = tree.leaf;
    this.#slot = tree.slot;
  }

  /** Steps to the next member; false: there is none. */
  step(): boolean {
    const { tree, table } = this.#zset;
    tree.leaf = this.#leaf;
    tree.slot = this.#slot;
    if (this.#backwards ? !tree.settleBack() : !tree.settle()) return false;
    this.#leaf = tree.leaf;
    this.#slot = tree.slot + (this.#backwards ? -1 : 1);
    this.score = tree.score;
    table.locate(tree.ref);
    this.bytes = table.bytes;
    this.start = table.keyStart;
    this.end = table.valueStart;
    return true;
  }
}
