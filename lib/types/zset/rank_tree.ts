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
 * Every change is made at the place that a search has gone to (`rank_path.ts`), and what is above it is
 * put right along the path.
 */

import type { RecordTable, Ref } from "../../memory/record_table.ts";
import { type NodePool, SLOTS } from "./node_pool.ts";
import { NO_LEAF, RankPath } from "./rank_path.ts";

/** A node with fewer elements joins a neighbour, if both together leave some room. */
const SLOTS_MIN = SLOTS / 4;
const JOINED_SLOTS_MAX = (SLOTS * 3) / 4;

/** Elements in order. */
export class RankTree extends RankPath {
  /** @param table holds the members. */
  constructor(table: RecordTable) {
    super(table);
    this.root = this.#takeLeaf();
    this.nextLeaf[this.root] = this.prevLeaf[this.root] = NO_LEAF;
  }

  /** Bytes that the tree takes. */
  get bytes(): number {
    return this.leaves.bytes + this.inners.bytes + 2 * this.nextLeaf.byteLength;
  }

  /** Makes this tree, which is new, a copy of another whose elements have the same addresses. */
  copyFrom(other: RankTree): void {
    this.leaves.copyFrom(other.leaves);
    this.inners.copyFrom(other.inners);
    this.nextLeaf = other.nextLeaf.slice();
    this.prevLeaf = other.prevLeaf.slice();
    this.root = other.root;
    this.levels = other.levels;
    this.size = other.size;
  }

  /** Gives all memory back; the tree is not used any more. */
  release(): void {
    this.leaves.release();
    this.inners.release();
  }

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
    const leaves = this.leaves;
    const slot = this.slot;
    leaves.close(leaf, slot);
    this.size--;
    this.#count(this.levels, -1);
    if (leaves.lengths[leaf] === 0) {
      if (this.levels > 0) this.#dropLeaf(leaf);
      return;
    }
    if (slot === 0) this.#firstChanged(this.levels, leaves, leaf);
    if (leaves.lengths[leaf] < SLOTS_MIN && this.levels > 0) this.#joinLeaf(leaf);
  }

  /**
   * Gives the element at hand (its member is `buf[start .. end)`) another score. Where its order
   * among its neighbours stays it is changed in place.
   */
  rescoreHere(score: number, buf: Uint8Array, start: number, end: number): void {
    const leaves = this.leaves;
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

  // --- keeping the path in order ----------------------------------------------------------------

  /** Adds to the counts along the path above `level`. */
  #count(level: number, change: number): void {
    const inners = this.inners;
    for (let i = level - 1; i >= 0; i--) {
      const node = this.pathNode[i];
      inners.counts[inners.part(node)][inners.base(node) + this.pathSlot[i]] += change;
    }
  }

  /** The first element of a node at `level` is another one: its ancestors are told. */
  #firstChanged(level: number, pool: NodePool, node: number): void {
    const score = pool.scores[pool.part(node)][pool.base(node)];
    const ref = pool.refs[pool.part(node)][pool.base(node)];
    const inners = this.inners;
    for (let i = level - 1; i >= 0; i--) {
      const inner = this.pathNode[i];
      const at = inners.base(inner) + this.pathSlot[i];
      inners.scores[inners.part(inner)][at] = score;
      inners.refs[inners.part(inner)][at] = ref;
      if (this.pathSlot[i] !== 0) return;
    }
  }

  #takeLeaf(): number {
    const leaf = this.leaves.take();
    if (leaf >= this.nextLeaf.length) {
      this.nextLeaf = doubled(this.nextLeaf);
      this.prevLeaf = doubled(this.prevLeaf);
    }
    return leaf;
  }

  // --- growing --------------------------------------------------------------------------------

  #insertHere(score: number, ref: Ref): void {
    const leaves = this.leaves;
    this.size++;
    this.#count(this.levels, 1);
    if (leaves.lengths[this.leaf] < SLOTS) {
      this.#putLeaf(this.leaf, this.slot, score, ref);
      if (this.slot === 0) this.#firstChanged(this.levels, leaves, this.leaf);
      return;
    }
    const { leaf } = this;
    const right = this.#takeLeaf();
    // What only ever grows at its end is to be full.
    const atEnd = this.slot === SLOTS && this.nextLeaf[leaf] === NO_LEAF;
    const middle = atEnd ? SLOTS : SLOTS / 2;
    leaves.move(leaf, middle, right);
    this.#link(leaf, right);
    if (this.slot > middle || atEnd) this.#putLeaf(right, this.slot - middle, score, ref);
    else this.#putLeaf(leaf, this.slot, score, ref);
    if (this.slot === 0) this.#firstChanged(this.levels, leaves, leaf);
    this.#addChild(leaves, leaf, leaves.lengths[leaf], right, leaves.lengths[right]);
  }

  #putLeaf(leaf: number, slot: number, score: number, ref: Ref): void {
    const leaves = this.leaves;
    leaves.open(leaf, slot);
    leaves.scores[leaves.part(leaf)][leaves.base(leaf) + slot] = score;
    leaves.refs[leaves.part(leaf)][leaves.base(leaf) + slot] = ref;
  }

  /** Makes `right` the leaf after `leaf`. */
  #link(leaf: number, right: number): void {
    const next = this.nextLeaf[leaf];
    this.nextLeaf[right] = next;
    this.prevLeaf[right] = leaf;
    this.nextLeaf[leaf] = right;
    if (next !== NO_LEAF) this.prevLeaf[next] = right;
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
    const inners = this.inners;
    for (let level = this.levels - 1; level >= 0; level--) {
      const node = this.pathNode[level];
      const slot = this.pathSlot[level];
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
    this.root = root;
    this.levels++;
  }

  #putChild(node: number, slot: number, pool: NodePool, child: number, count: number): void {
    const inners = this.inners;
    inners.open(node, slot);
    const part = inners.part(node);
    const at = inners.base(node) + slot;
    inners.scores[part][at] = pool.scores[pool.part(child)][pool.base(child)];
    inners.refs[part][at] = pool.refs[pool.part(child)][pool.base(child)];
    inners.children[part][at] = child;
    inners.counts[part][at] = count;
  }

  #countBelow(node: number): number {
    const inners = this.inners;
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
    this.leaves.give(leaf);
    this.#removeChild(this.levels - 1, this.pathSlot[this.levels - 1]);
  }

  #unlink(leaf: number): void {
    const next = this.nextLeaf[leaf];
    const previous = this.prevLeaf[leaf];
    if (next !== NO_LEAF) this.prevLeaf[next] = previous;
    if (previous !== NO_LEAF) this.nextLeaf[previous] = next;
  }

  /** A leaf with few elements joins a neighbour under the same parent, if there is room. */
  #joinLeaf(leaf: number): void {
    const level = this.levels - 1;
    const left = this.#joinable(this.leaves, level, leaf);
    if (left < 0) return;
    const inners = this.inners;
    const parent = this.pathNode[level];
    const children = inners.children[inners.part(parent)];
    const right = children[inners.base(parent) + left + 1];
    this.leaves.move(right, 0, children[inners.base(parent) + left]);
    this.#unlink(right);
    this.leaves.give(right);
    this.#absorb(level, left);
  }

  /** The same for an inner node at `level`. */
  #joinInner(level: number): void {
    const node = this.pathNode[level];
    const above = level - 1;
    const left = this.#joinable(this.inners, above, node);
    if (left < 0) return;
    const inners = this.inners;
    const parent = this.pathNode[above];
    const children = inners.children[inners.part(parent)];
    const right = children[inners.base(parent) + left + 1];
    inners.move(right, 0, children[inners.base(parent) + left]);
    inners.give(right);
    this.#absorb(above, left);
  }

  /** The slot of the left one of two neighbours that can join, `node` being one; -1: none can. */
  #joinable(pool: NodePool, level: number, node: number): number {
    const inners = this.inners;
    const parent = this.pathNode[level];
    const slot = this.pathSlot[level];
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
    const inners = this.inners;
    const parent = this.pathNode[level];
    const counts = inners.counts[inners.part(parent)];
    const at = inners.base(parent) + left;
    counts[at] += counts[at + 1];
    this.#removeChild(level, left + 1);
  }

  /** Takes a child out of the inner node at `level` of the path. */
  #removeChild(level: number, slot: number): void {
    const inners = this.inners;
    const node = this.pathNode[level];
    inners.close(node, slot);
    const length = inners.lengths[node];
    if (level === 0) {
      if (length === 1) this.#dropRoot();
      return;
    }
    if (length === 0) {
      inners.give(node);
      this.#removeChild(level - 1, this.pathSlot[level - 1]);
      return;
    }
    if (slot === 0) this.#firstChanged(level, inners, node);
    if (length < SLOTS_MIN) this.#joinInner(level);
  }

  /** A root with one child gives way to it. */
  #dropRoot(): void {
    const inners = this.inners;
    while (this.levels > 0 && inners.lengths[this.root] === 1) {
      const root = this.root;
      this.root = inners.children[inners.part(root)][inners.base(root)];
      inners.give(root);
      this.levels--;
    }
  }
}

function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(array.length * 2);
  longer.set(array);
  return longer;
}
