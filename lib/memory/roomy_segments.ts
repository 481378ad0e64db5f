/**
 * The segments of a size class that have room, in the order in which they are filled: the last first.
 *
 * Promise: no change makes garbage. A class whose only segment is full one moment and roomy the next is
 * common, and a JS array that goes between empty and not takes memory anew each time.
 */

/** A list of segment numbers that changes at its end, as a rule. */
export class RoomySegments {
  /** Those past `count` are left over. */
  readonly #segments: number[] = [];
  /** How many there are. */
  count = 0;

  /** The one to be filled next; there is one. */
  get last(): number {
    return this.#segments[this.count - 1];
  }

  /** The one at `index` below `count`. */
  at(index: number): number {
    return this.#segments[index];
  }

  /** Adds one, to be filled before the others. */
  add(segment: number): void {
    this.#segments[this.count++] = segment;
  }

  /** Removes the last one. */
  removeLast(): void {
    this.count--;
  }

  /** Removes one that is there. */
  remove(segment: number): void {
    const at = this.#segments.indexOf(segment);
    this.#segments.copyWithin(at, at + 1, this.count--);
  }

  /** Puts one last in turn, if it is there. */
  postpone(segment: number): void {
    const at = this.#segments.indexOf(segment);
    if (at <= 0 || at >= this.count) return;
    this.#segments.copyWithin(1, 0, at);
    this.#segments[0] = segment;
  }

  /** The same segments in the same order. */
  copy(): RoomySegments {
    const copy = new RoomySegments();
    for (let i = 0; i < this.count; i++) copy.add(this.#segments[i]);
    return copy;
  }
}
