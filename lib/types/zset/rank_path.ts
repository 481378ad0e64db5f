/**
 * Places in the tree of a large sorted set (`rank_tree.ts`): going down to one by score, by rank or by
 * member, and walking from there.
 *
 * A search keeps the path it took, one inner node a level, and the slot taken in each.
 */

import { compareRuns } from "../../memory/bytes.ts";
import type { RecordTable, Ref } from "../../memory/record_table.ts";
import { NodePool } from "./node_pool.ts";

/** Levels of inner nodes; with at least two children each this is never reached. */
const LEVELS_MAX = 40;
/** There is no next, or no previous, leaf. */
export const NO_LEAF = -1;
const NO_BYTES = new Uint8Array(0);

/** What a search asks of an element: whether it comes before the place looked for. */
const Before = { scoreBelow: 0, scoreUpTo: 1, memberBelow: 2, memberUpTo: 3, element: 4 } as const;

/** A tree that can be searched and walked. */
export class RankPath {
  /** How many elements there are. */
  size = 0;
  /** The place at hand: slot `slot` of leaf `leaf`. */
  leaf = 0;
  slot = 0;

  protected readonly leaves = new NodePool(false);
  protected readonly inners = new NodePool(true);
  protected nextLeaf = new Int32Array(1);
  protected prevLeaf = new Int32Array(1);
  /** The root: an inner node, or a leaf if there are no levels. */
  protected root = 0;
  protected levels = 0;
  /** The inner node at each level of the path ... */
  protected readonly pathNode = new Int32Array(LEVELS_MAX);
  /** ... and the slot of the child that was taken. */
  protected readonly pathSlot = new Int32Array(LEVELS_MAX);

  readonly #table: RecordTable;
  #score = 0;
  #buf: Uint8Array = NO_BYTES;
  #start = 0;
  #end = 0;

  /** @param table holds the members. */
  constructor(table: RecordTable) {
    this.#table = table;
  }

  /** Goes to the first element whose score is not below `score` (`orEqual`: above it). */
  seekScore(score: number, orEqual: boolean): void {
    this.#score = score;
    this.#descend(orEqual ? Before.scoreUpTo : Before.scoreBelow);
  }

  /** Goes to the first element whose member is not before (`orEqual`: after) the given one. */
  seekMember(buf: Uint8Array, start: number, end: number, orEqual: boolean): void {
    this.#probe(0, buf, start, end);
    this.#descend(orEqual ? Before.memberUpTo : Before.memberBelow);
  }

  /** Goes to an element, or to where it belongs. */
  seekElement(score: number, buf: Uint8Array, start: number, end: number): void {
    this.#probe(score, buf, start, end);
    this.#descend(Before.element);
  }

  /** Goes to the element with so many before it; `rank` is 0 .. size. */
  seekRank(rank: number): void {
    let node = this.root;
    const inners = this.inners;
    for (let level = 0; level < this.levels; level++) {
      const counts = inners.counts[inners.part(node)];
      const base = inners.base(node);
      const last = inners.lengths[node] - 1;
      let slot = 0;
      while (slot < last && rank >= counts[base + slot]) rank -= counts[base + slot++];
      this.pathNode[level] = node;
      this.pathSlot[level] = slot;
      node = inners.children[inners.part(node)][base + slot];
    }
    this.leaf = node;
    this.slot = rank;
  }

  /** How many elements are before the place that a seek has gone to. */
  get rank(): number {
    let rank = this.slot;
    const inners = this.inners;
    for (let level = 0; level < this.levels; level++) {
      const node = this.pathNode[level];
      const counts = inners.counts[inners.part(node)];
      const base = inners.base(node);
      for (let slot = base + this.pathSlot[level] - 1; slot >= base; slot--) rank += counts[slot];
    }
    return rank;
  }

  /** From the end of a leaf on to the beginning of the next; false: there is no element here. */
  settle(): boolean {
    if (this.slot < this.leaves.lengths[this.leaf]) return true;
    const next = this.nextLeaf[this.leaf];
    if (next === NO_LEAF) return false;
    this.leaf = next;
    this.slot = 0;
    return true;
  }

  /** From before the beginning of a leaf back to the end of the one before; false: there is none. */
  settleBack(): boolean {
    if (this.slot >= 0) return true;
    const previous = this.prevLeaf[this.leaf];
    if (previous === NO_LEAF) return false;
    this.leaf = previous;
    this.slot = this.leaves.lengths[previous] - 1;
    return true;
  }

  /** Score of the element at hand. */
  get score(): number {
    return this.leaves
      .scores[this.leaves.part(this.leaf)][this.leaves.base(this.leaf) + this.slot];
  }

  /** Record of the element at hand. */
  get ref(): Ref {
    return this.leaves
      .refs[this.leaves.part(this.leaf)][this.leaves.base(this.leaf) + this.slot];
  }

  /**
   * Records of the element at hand and of those behind it (or before it) in its leaf, as many as `refs`
   * has room for. Returns how many.
   */
  refsFromHere(refs: Int32Array, isBackwards: boolean): number {
    const { leaves, leaf, slot } = this;
    const part = leaves.refs[leaves.part(leaf)];
    const base = leaves.base(leaf);
    const count = Math.min(refs.length, isBackwards ? slot + 1 : leaves.lengths[leaf] - slot);
    for (let i = 0; i < count; i++) refs[i] = part[base + (isBackwards ? slot - i : slot + i)];
    return count;
  }

  // --- going down -----------------------------------------------------------------------------

  #probe(score: number, buf: Uint8Array, start: number, end: number): void {
    this.#score = score;
    this.#buf = buf;
    this.#start = start;
    this.#end = end;
  }

  #descend(mode: number): void {
    let node = this.root;
    const inners = this.inners;
    for (let level = 0; level < this.levels; level++) {
      // An element that begins a child is below that very child.
      const slot = Math.max(this.#partition(inners, node, mode, mode === Before.element) - 1, 0);
      this.pathNode[level] = node;
      this.pathSlot[level] = slot;
      node = inners.children[inners.part(node)][inners.base(node) + slot];
    }
    this.leaf = node;
    this.slot = this.#partition(this.leaves, node, mode, false);
  }

  /** First slot of a node that is not before the place looked for; `orAt`: nor at it. */
  #partition(pool: NodePool, node: number, mode: number, orAt: boolean): number {
    const scores = pool.scores[pool.part(node)];
    const base = pool.base(node);
    let low = 0;
    let high = pool.lengths[node];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const score = scores[base + middle];
      let before: boolean;
      if (mode === Before.scoreBelow) {
        before = score < this.#score;
      } else if (mode === Before.scoreUpTo) {
        before = score <= this.#score;
      } else if (mode === Before.element && score !== this.#score) {
        before = score < this.#score;
      } else {
        const order = this.#orderOf(pool.refs[pool.part(node)][base + middle]);
        before = order < 0 || (order === 0 && (orAt || mode === Before.memberUpTo));
      }
      if (before) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Orders the member of a record and the one looked for. */
  #orderOf(ref: Ref): number {
    const table = this.#table;
    table.locate(ref);
    return compareRuns(
      table.bytes,
      table.keyStart,
      table.valueStart,
      this.#buf,
      this.#start,
      this.#end,
    );
  }
}
