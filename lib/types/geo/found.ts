/**
 * Places that a search has found, in typed arrays that are used again and again: no object per place.
 */

const COUNT_MIN = 64;
/** Up to here sorting by insertion beats the general one. */
const INSERTION_COUNT_MAX = 32;

/** Places, in the order in which they were found until they are sorted. */
export class FoundPlaces {
  /** How many there are. */
  count = 0;

  /** The name of each is `#bytes[i][starts[i] .. ends[i])`. */
  readonly #bytes: Uint8Array[] = [];
  #starts = new Int32Array(COUNT_MIN);
  #ends = new Int32Array(COUNT_MIN);
  #scores = new Float64Array(COUNT_MIN);
  #distances = new Float64Array(COUNT_MIN);
  /** Numbers of the places in order. */
  #order = new Int32Array(COUNT_MIN);

  /** Forgets all places. */
  clear(): void {
    this.count = 0;
    this.#bytes.length = 0;
  }

  /** Adds a place; its name `bytes[start .. end)` is valid until the database changes. */
  add(bytes: Uint8Array, start: number, end: number, score: number, distance_m: number): void {
    const i = this.count++;
    if (i === this.#order.length) this.#grow();
    this.#bytes.push(bytes);
    this.#starts[i] = start;
    this.#ends[i] = end;
    this.#scores[i] = score;
    this.#distances[i] = distance_m;
    this.#order[i] = i;
  }

  /** Sorts by distance; what is equally far stays in the order in which it was found. */
  sort(descending: boolean): void {
    const order = this.#order;
    const distances = this.#distances;
    const sign = descending ? -1 : 1;
    if (this.count > INSERTION_COUNT_MAX) {
      order.subarray(0, this.count).sort((a, b) => sign * (distances[a] - distances[b]));
      return;
    }
    for (let i = 1; i < this.count; i++) {
      const moving = order[i];
      const distance = sign * distances[moving];
      let at = i;
      for (; at > 0 && sign * distances[order[at - 1]] > distance; at--) order[at] = order[at - 1];
      order[at] = moving;
    }
  }

  /** Keeps the first `count` places only. */
  cut(count: number): void {
    if (count < this.count) this.count = count;
  }

  /** The buffer that holds the name of a place. */
  bytesAt(rank: number): Uint8Array {
    return this.#bytes[this.#order[rank]];
  }

  /** Where the name begins. */
  startAt(rank: number): number {
    return this.#starts[this.#order[rank]];
  }

  /** Where it ends. */
  endAt(rank: number): number {
    return this.#ends[this.#order[rank]];
  }

  /** The score of a place. */
  scoreAt(rank: number): number {
    return this.#scores[this.#order[rank]];
  }

  /** How far it is from the centre. */
  distanceAt_m(rank: number): number {
    return this.#distances[this.#order[rank]];
  }

  #grow(): void {
    this.#starts = doubled(this.#starts, new Int32Array(this.#starts.length * 2));
    this.#ends = doubled(this.#ends, new Int32Array(this.#ends.length * 2));
    this.#scores = doubled(this.#scores, new Float64Array(this.#scores.length * 2));
    this.#distances = doubled(this.#distances, new Float64Array(this.#distances.length * 2));
    this.#order = doubled(this.#order, new Int32Array(this.#order.length * 2));
  }
}

function doubled<T extends Int32Array | Float64Array>(array: T, longer: T): T {
  longer.set(array);
  return longer;
}
