/**
 * Nodes of a tree in typed arrays: a node is a number, its slots are a stretch of shared arrays.
 *
 *     node n   part n >>> PART_BITS, slots from (n & PART_MASK) * SLOTS on
 *              scores | refs | - in inner nodes only - children | counts
 *              | free | first element | ... | last element | free |
 *
 * There may be free slots at both ends, so that taking elements out at an end moves none.
 *
 * The first part begins with one node and doubles, so that a small tree is cheap; further parts come
 * one at a time, so that no step copies much.
 */

/** Slots of a node. */
export const SLOTS = 64;

const PART_BITS = 8;
const PART_NODES = 1 << PART_BITS;
const PART_MASK = PART_NODES - 1;
const NO_WORDS = new Int32Array(0);

/** Nodes of one kind. */
export class NodePool {
  /** By part: score in each slot. */
  readonly scores: Float64Array[] = [new Float64Array(SLOTS)];
  /** By part: address of the element in each slot. */
  readonly refs: Int32Array[] = [new Int32Array(SLOTS)];
  /** By part: the child in each slot. */
  readonly children: Int32Array[] = [];
  /** By part: how many elements the child in each slot has below it. */
  readonly counts: Int32Array[] = [];
  /** By node: slots in use. */
  lengths = new Int32Array(1);
  /** By node: free slots before them. */
  #starts = new Uint8Array(1);

  readonly #inner: boolean;
  readonly #free: number[] = [];
  #capacity = 1;
  #used = 0;

  /** @param inner whether the nodes have children. */
  constructor(inner: boolean) {
    this.#inner = inner;
    if (!inner) return;
    this.children.push(new Int32Array(SLOTS));
    this.counts.push(new Int32Array(SLOTS));
  }

  /** Bytes that the nodes take. */
  get bytes(): number {
    return this.#capacity * SLOTS * (this.#inner ? 20 : 12) + 5 * this.lengths.length;
  }

  /** Takes a copy of all nodes of another pool, which are of the same kind. */
  copyFrom(other: NodePool): void {
    for (let part = 0; part < other.scores.length; part++) {
      this.scores[part] = other.scores[part].slice();
      this.refs[part] = other.refs[part].slice();
      if (!this.#inner) continue;
      this.children[part] = other.children[part].slice();
      this.counts[part] = other.counts[part].slice();
    }
    this.lengths = other.lengths.slice();
    this.#starts = other.#starts.slice();
    for (const node of other.#free) this.#free.push(node);
    this.#capacity = other.#capacity;
    this.#used = other.#used;
  }

  /** Takes an empty node. */
  take(): number {
    const node = this.#free.pop() ?? this.#used++;
    if (node >= this.#capacity) this.#grow();
    if (node >= this.lengths.length) {
      const longer = new Int32Array(this.lengths.length * 2);
      longer.set(this.lengths);
      this.lengths = longer;
      const longerStarts = new Uint8Array(longer.length);
      longerStarts.set(this.#starts);
      this.#starts = longerStarts;
    }
    this.lengths[node] = this.#starts[node] = 0;
    return node;
  }

  /** Gives a node back. */
  give(node: number): void {
    this.lengths[node] = 0;
    this.#free.push(node);
  }

  /** Part that holds a node. */
  part(node: number): number {
    return node >>> PART_BITS;
  }

  /** Where the first element of a node stands in its part. */
  base(node: number): number {
    return (node & PART_MASK) * SLOTS + this.#starts[node];
  }

  /** Makes room for an element before the one at `at`; the node is not full. */
  open(node: number, at: number): void {
    const length = this.lengths[node];
    const start = this.#starts[node];
    if (start > 0 && (at * 2 < length || start + length === SLOTS)) {
      this.#shift(node, 0, at, -1);
      this.#starts[node]--;
    } else {
      this.#shift(node, at, length, 1);
    }
    this.lengths[node]++;
  }

  /** Takes the element at `at` out. */
  close(node: number, at: number): void {
    const length = this.lengths[node];
    if (at * 2 < length) {
      this.#shift(node, 0, at, 1);
      this.#starts[node]++;
    } else {
      this.#shift(node, at + 1, length, -1);
    }
    this.lengths[node]--;
  }

  /** Moves the elements of `from` that begin at `at` to the end of `to`, which has room. */
  move(from: number, at: number, to: number): void {
    this.#shift(to, 0, this.lengths[to], -this.#starts[to]);
    this.#starts[to] = 0;
    const [source, target] = [this.part(from), this.part(to)];
    const start = this.base(from) + at;
    const end = this.base(from) + this.lengths[from];
    const place = this.base(to) + this.lengths[to];
    this.scores[target].set(this.scores[source].subarray(start, end), place);
    this.refs[target].set(this.refs[source].subarray(start, end), place);
    if (this.#inner) {
      this.children[target].set(this.children[source].subarray(start, end), place);
      this.counts[target].set(this.counts[source].subarray(start, end), place);
    }
    this.lengths[to] += end - start;
    this.lengths[from] = at;
  }

  /** Gives all memory back now rather than at the next garbage collection. */
  release(): void {
    for (const arrays of [this.scores, this.refs, this.children, this.counts]) {
      for (const array of arrays) (array.buffer as ArrayBuffer).transfer(0);
      arrays.length = 0;
    }
    this.lengths = NO_WORDS;
    this.#capacity = 0;
  }

  /** Moves the elements from `from` to before `to` by so many slots. */
  #shift(node: number, from: number, to: number, by: number): void {
    if (from === to || by === 0) return;
    const base = this.base(node);
    const part = this.part(node);
    const [start, end, target] = [base + from, base + to, base + from + by];
    this.scores[part].copyWithin(target, start, end);
    this.refs[part].copyWithin(target, start, end);
    if (!this.#inner) return;
    this.children[part].copyWithin(target, start, end);
    this.counts[part].copyWithin(target, start, end);
  }

  #grow(): void {
    const added = Math.min(this.#capacity, PART_NODES) * SLOTS;
    const wordArrays = this.#inner ? [this.refs, this.children, this.counts] : [this.refs];
    if (this.#capacity >= PART_NODES) {
      this.scores.push(new Float64Array(added));
      for (const arrays of wordArrays) arrays.push(new Int32Array(added));
    } else {
      const scores = new Float64Array(added * 2);
      scores.set(this.scores[0]);
      this.scores[0] = scores;
      for (const arrays of wordArrays) {
        const words = new Int32Array(added * 2);
        words.set(arrays[0]);
        arrays[0] = words;
      }
    }
    this.#capacity += added / SLOTS;
  }
}
