/**
 * The order of a large sorted set: a B+tree of elements by score and then by member, in which every
 * inner node knows how many elements are below each child.
 *
 *     inner   scores, refs: the first element below each child | children | counts
 *     leaf    scores, refs: the elements themselves            | next and previous leaf
 *
 * An element is a score and a ref, the address of the record that holds its member. O(log n) by
 * score, by rank and by member; a walk goes from leaf to leaf.
 *
 * Every operation first goes down to a place, `leaf` and `slot`, and keeps the path it took.
 */

import type { RecordTable, Ref } from "../../memory/record_table.ts";
import { NodePool, SLOTS } from "./node_pool.ts";
import { compareRuns } from "./packed_run.ts";

/** A node with fewer elements joins a neighbour, if both together leave some room. */
const SLOTS_MIN = SLOTS / 4;
const JOINED_SLOTS_MAX = (SLOTS * 3) / 4;
/** Levels of inner nodes; with at least two children each this is never reached. */
const LEVELS_MAX = 40;
const NO_LEAF = -1;
const NO_BYTES = new Uint8Array(0);

/** What a search asks of an element: whether it comes before the place looked for. */
const Before = { scoreBelow: 0, scoreUpTo: 1, memberBelow: 2, memberUpTo: 3, element: 4 } as const;

/** Elements in order. */
export class RankTree {
  /** How many elements there are. */
  size = 0;
  /** The place at hand: slot `slot` of leaf `leaf`. */
  leaf = 0;
  slot = 0;

  readonly #table: RecordTable;
  readonly #leaves = new NodePool(false);
  readonly #inners = new NodePool(true);
  #nextLeaf = new Int32Array(1);
  #prevLeaf = new Int32Array(1);
  /** The root: an inner node, or a leaf if there are no levels. */
  #root: number;
  #levels = 0;
  readonly #pathNode = new Int32Array(LEVELS_MAX);
  readonly #pathSlot = new Int32Array(LEVELS_MAX);

  #score = 0;
  #buf: Uint8Array = NO_BYTES;
  #start = 0;
  #end = 0;

  /** @param table holds the members. */
  constructor(table: RecordTable) {
    this.#table = table;
    this.#root = this.#takeLeaf();
    this.#nextLeaf[this.#root] = this.#prevLeaf[this.#root] = NO_LEAF;
  }

  /** Bytes that the tree takes. */
  get bytes(): number {
    return this.#leaves.bytes + this.#inners.bytes + 2 * this.#nextLeaf.byteLength;
  }

  /** Gives all memory back; the tree is not used any more. */
  release(): void {
    this.#leaves.release();
    this.#inners.release();
  }

  // --- places ---------------------------------------------------------------------------------

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
    let node = this.#root;
    const inners = this.#inners;
    for (let level = 0; level < this.#levels; level++) {
      const counts = inners.counts[inners.part(node)];
      const base = inners.base(node);
      const last = inners.lengths[node] - 1;
      let slot = 0;
      while (slot < last && rank >= counts[base + slot]) rank -= counts[base + slot++];
      this.#pathNode[level] = node;
      this.#pathSlot[level] = slot;
      node = inners.children[inners.part(node)][base + slot];
    }
    this.leaf = node;
    this.slot = rank;
  }

  /** How many elements are before the place that a seek has gone to. */
  get rank(): number {
    let rank = this.slot;
    const inners = this.#inners;
    for (let level = 0; level < this.#levels; level++) {
      const node = this.#pathNode[level];
      const counts = inners.counts[inners.part(node)];
      const base = inners.base(node);
      for (let slot = base + this.#pathSlot[level] - 1; slot >= base; slot--) rank += counts[slot];
    }
    return rank;
  }

  /** From the end of a leaf on to the beginning of the next; false: there is no element here. */
  settle(): boolean {
    if (this.slot < this.#leaves.lengths[this.leaf]) return true;
    const next = this.#nextLeaf[this.leaf];
    if (next === NO_LEAF) return false;
    this.leaf = next;
    this.slot = 0;
    return true;
  }

  /** From before the beginning of a leaf back to the end of the one before; false: there is none. */
  settleBack(): boolean {
    if (this.slot >= 0) return true;
    const previous = this.#prevLeaf[this.leaf];
    if (previous === NO_LEAF) return false;
    this.leaf = previous;
    this.slot = this.#leaves.lengths[previous] - 1;
    return true;
  }

  /** Score of the element at hand. */
  get score(): number {
    return this.#leaves
      .scores[this.#leaves.part(this.leaf)][this.#leaves.base(this.leaf) + this.slot];
  }

  /** Record of the element at hand. */
  get ref(): Ref {
    return this.#leaves
      .refs[this.#leaves.part(this.leaf)][this.#leaves.base(this.leaf) + this.slot];
  }

  // --- changes --------------------------------------------------------------------------------

  /** Adds an element at its place. It is not there yet; its member is `buf[start .. end)`. */
  insert(score: number, ref: Ref, buf: Uint8Array, start: number, end: number): void {
    this.seekElement(score, buf, start, end);
    this.#insertHere(score, ref);
  }

  /** Adds an element that comes after all others. */
  append(score: number, ref: Ref): void {
    this.seekRank(this.size);
    this.#insertHere(score, ref);
  }

  /** Takes out the element that a seek has gone to: it stands at `leaf` and `slot` exactly. */
  removeHere(): void {
    const { leaf } = this;
    const leaves = this.#leaves;
    const slot = this.slot;
    leaves.close(leaf, slot);
    this.size--;
    this.#count(this.#levels, -1);
    if (leaves.lengths[leaf] === 0) {
      if (this.#levels > 0) this.#dropLeaf(leaf);
      return;
    }
    if (slot === 0) this.#firstChanged(this.#levels, leaves, leaf);
    if (leaves.lengths[leaf] < SLOTS_MIN && this.#levels > 0) this.#joinLeaf(leaf);
  }

  /**
   * Gives the element at hand (its member is `buf[start .. end)`) another score. Where its order
   * among its neighbours stays it is changed in place.
   */
  rescoreHere(score: number, buf: Uint8Array, start: number, end: number): void {
    const leaves = this.#leaves;
    const scores = leaves.scores[leaves.part(this.leaf)];
    const at = leaves.base(this.leaf) + this.slot;
    const inside = this.slot > 0 && this.slot < leaves.lengths[this.leaf] - 1;
    if (inside && scores[at - 1] < score && score < scores[at + 1]) {
      scores[at] = score;
      return;
    }
    const { ref } = this;
    this.removeHere();
    this.insert(score, ref, buf, start, end);
  }

  // --- going down -----------------------------------------------------------------------------

  #probe(score: number, buf: Uint8Array, start: number, end: number): void {
    this.#score = score;
    this.#buf = buf;
    this.#start = start;
    this.#end = end;
  }

  #descend(mode: number): void {
    let node = this.#root;
    const inners = this.#inners;
    for (let level = 0; level < this.#levels; level++) {
      // An element that begins a child is below that very child.
      const slot = Math.max(this.#partition(inners, node, mode, mode === Before.element) - 1, 0);
      this.#pathNode[level] = node;
      this.#pathSlot[level] = slot;
      node = inners.children[inners.part(node)][inners.base(node) + slot];
    }
    this.leaf = node;
    this.slot = this.#partition(this.#leaves, node, mode, false);
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

  // --- keeping the path in order ----------------------------------------------------------------

  /** Adds to the counts along the path above `level`. */
  #count(level: number, change: number): void {
    const inners = this.#inners;
    for (let i = level - 1; i >= 0; i--) {
      const node = this.#pathNode[i];
      inners.counts[inners.part(node)][inners.base(node) + this.#pathSlot[i]] += change;
    }
  }

  /** The first element of a node at `level` is another one: its ancestors are told. */
  #firstChanged(level: number, pool: NodePool, node: number): void {
    const score = pool.scores[pool.part(node)][pool.base(node)];
    const ref = pool.refs[pool.part(node)][pool.base(node)];
    const inners = this.#inners;
    for (let i = level - 1; i >= 0; i--) {
      const inner = this.#pathNode[i];
      const at = inners.base(inner) + this.#pathSlot[i];
      inners.scores[inners.part(inner)][at] = score;
      inners.refs[inners.part(inner)][at] = ref;
      if (this.#pathSlot[i] !== 0) return;
    }
  }

  #takeLeaf(): number {
    const leaf = this.#leaves.take();
    if (leaf >= this.#nextLeaf.length) {
      this.#nextLeaf = doubled(this.#nextLeaf);
      this.#prevLeaf = doubled(this.#prevLeaf);
    }
    return leaf;
  }

  // --- growing --------------------------------------------------------------------------------

  #insertHere(score: number, ref: Ref): void {
    const leaves = this.#leaves;
    this.size++;
    this.#count(this.#levels, 1);
    if (leaves.lengths[this.leaf] < SLOTS) {
      this.#putLeaf(this.leaf, this.slot, score, ref);
      if (this.slot === 0) this.#firstChanged(this.#levels, leaves, this.leaf);
      return;
    }
    const { leaf } = this;
    const right = this.#takeLeaf();
    // What only ever grows at its end is to be full.
    const atEnd = this.slot === SLOTS && this.#nextLeaf[leaf] === NO_LEAF;
    const middle = atEnd ? SLOTS : SLOTS / 2;
    leaves.move(leaf, middle, right);
    this.#link(leaf, right);
    if (this.slot > middle || atEnd) this.#putLeaf(right, this.slot - middle, score, ref);
    else this.#putLeaf(leaf, this.slot, score, ref);
    if (this.slot === 0) this.#firstChanged(this.#levels, leaves, leaf);
    this.#addChild(leaves, leaf, leaves.lengths[leaf], right, leaves.lengths[right]);
  }

  #putLeaf(leaf: number, slot: number, score: number, ref: Ref): void {
    const leaves = this.#leaves;
    leaves.open(leaf, slot);
    leaves.scores[leaves.part(leaf)][leaves.base(leaf) + slot] = score;
    leaves.refs[leaves.part(leaf)][leaves.base(leaf) + slot] = ref;
  }

  /** Makes `right` the leaf after `leaf`. */
  #link(leaf: number, right: number): void {
    const next = this.#nextLeaf[leaf];
    this.#nextLeaf[right] = next;
    this.#prevLeaf[right] = leaf;
    this.#nextLeaf[leaf] = right;
    if (next !== NO_LEAF) this.#prevLeaf[next] = right;
  }

  /**
   * The node at the end of the path has been split into `left`, where it was, and `right`, with so
   * many elements below each: `right` gets a place beside it, and nodes above may split in turn.
   */
  #addChild(
    pool: NodePool,
    left: number,
    leftCount: number,
    right: number,
    rightCount: number,
  ): void {
    const inners = this.#inners;
    for (let level = this.#levels - 1; level >= 0; level--) {
      const node = this.#pathNode[level];
      const slot = this.#pathSlot[level];
      inners.counts[inners.part(node)][inners.base(node) + slot] = leftCount;
      if (inners.lengths[node] < SLOTS) {
        this.#putChild(node, slot + 1, pool, right, rightCount);
        return;
      }
      const added = inners.take();
      const atEnd = slot === SLOTS - 1;
      const middle = atEnd ? SLOTS : SLOTS / 2;
      inners.move(node, middle, added);
      if (slot + 1 > middle || atEnd) {
        this.#putChild(added, slot + 1 - middle, pool, right, rightCount);
      } else {
        this.#putChild(node, slot + 1, pool, right, rightCount);
      }
      [pool, left, right] = [inners, node, added];
      leftCount = this.#countBelow(node);
      rightCount = this.#countBelow(added);
    }
    const root = inners.take();
    this.#putChild(root, 0, pool, left, leftCount);
    this.#putChild(root, 1, pool, right, rightCount);
    this.#root = root;
    this.#levels++;
  }

  #putChild(node: number, slot: number, pool: NodePool, child: number, count: number): void {
    const inners = this.#inners;
    inners.open(node, slot);
    const part = inners.part(node);
    const at = inners.base(node) + slot;
    inners.scores[part][at] = pool.scores[pool.part(child)][pool.base(child)];
    inners.refs[part][at] = pool.refs[pool.part(child)][pool.base(child)];
    inners.children[part][at] = child;
    inners.counts[part][at] = count;
  }

  #countBelow(node: number): number {
    const inners = this.#inners;
    const counts = inners.counts[inners.part(node)];
    const base = inners.base(node);
    let sum = 0;
    for (let slot = base + inners.lengths[node] - 1; slot >= base; slot--) sum += counts[slot];
    return sum;
  }

  // --- shrinking ------------------------------------------------------------------------------

  /** An empty leaf goes. */
  #dropLeaf(leaf: number): void {
    this.#unlink(leaf);
    this.#leaves.give(leaf);
    this.#removeChild(this.#levels - 1, this.#pathSlot[this.#levels - 1]);
  }

  #unlink(leaf: number): void {
    const next = this.#nextLeaf[leaf];
    const previous = this.#prevLeaf[leaf];
    if (next !== NO_LEAF) this.#prevLeaf[next] = previous;
    if (previous !== NO_LEAF) this.#nextLeaf[previous] = next;
  }

  /** A leaf with few elements joins a neighbour under the same parent, if there is room. */
  #joinLeaf(leaf: number): void {
    const level = this.#levels - 1;
    const left = this.#joinable(this.#leaves, level, leaf);
    if (left < 0) return;
    const inners = this.#inners;
    const parent = this.#pathNode[level];
    const children = inners.children[inners.part(parent)];
    const right = children[inners.base(parent) + left + 1];
    this.#leaves.move(right, 0, children[inners.base(parent) + left]);
    this.#unlink(right);
    this.#leaves.give(right);
    this.#absorb(level, left);
  }

  /** The same for an inner node at `level`. */
  #joinInner(level: number): void {
    const node = this.#pathNode[level];
    const above = level - 1;
    const left = this.#joinable(this.#inners, above, node);
    if (left < 0) return;
    const inners = this.#inners;
    const parent = this.#pathNode[above];
    const children = inners.children[inners.part(parent)];
    const right = children[inners.base(parent) + left + 1];
    inners.move(right, 0, children[inners.base(parent) + left]);
    inners.give(right);
    this.#absorb(above, left);
  }

  /** The slot of the left one of two neighbours that can join, `node` being one; -1: none can. */
  #joinable(pool: NodePool, level: number, node: number): number {
    const inners = this.#inners;
    const parent = this.#pathNode[level];
    const slot = this.#pathSlot[level];
    const children = inners.children[inners.part(parent)];
    const base = inners.base(parent);
    const room = JOINED_SLOTS_MAX - pool.lengths[node];
    if (slot + 1 < inners.lengths[parent] && pool.lengths[children[base + slot + 1]] <= room) {
      return slot;
    }
    return slot > 0 && pool.lengths[children[base + slot - 1]] <= room ? slot - 1 : -1;
  }

  /** The child after slot `left` has moved into the one at it. */
  #absorb(level: number, left: number): void {
    const inners = this.#inners;
    const parent = this.#pathNode[level];
    const counts = inners.counts[inners.part(parent)];
    const at = inners.base(parent) + left;
    counts[at] += counts[at + 1];
    this.#removeChild(level, left + 1);
  }

  /** Takes a child out of the inner node at `level` of the path. */
  #removeChild(level: number, slot: number): void {
    const inners = this.#inners;
    const node = this.#pathNode[level];
    inners.close(node, slot);
    const length = inners.lengths[node];
    if (level === 0) {
      if (length === 1) this.#dropRoot();
      return;
    }
    if (length === 0) {
      inners.give(node);
      this.#removeChild(level - 1, this.#pathSlot[level - 1]);
      return;
    }
    if (slot === 0) this.#firstChanged(level, inners, node);
    if (length < SLOTS_MIN) this.#joinInner(level);
  }

  /** A root with one child gives way to it. */
  #dropRoot(): void {
    const inners = this.#inners;
    while (this.#levels > 0 && inners.lengths[this.#root] === 1) {
      const root = this.#root;
      this.#root = inners.children[inners.part(root)][inners.base(root)];
      inners.give(root);
      this.#levels--;
    }
  }
}

function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(array.length * 2);
  longer.set(array);
  return longer;
}
