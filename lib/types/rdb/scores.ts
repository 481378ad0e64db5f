/** The scores of a sorted set that is being read, in memory that is used again and again. */

const COUNT_MIN = 256;
/** Memory for so many is kept for the next value. */
const KEPT_COUNT_MAX = 1 << 15;

/** A sequence of scores. */
export class Scores {
  /** Whether one of them is NaN. */
  hasNaN = false;
  #count = 0;
  #scores = new Float64Array(COUNT_MIN);

  /** Takes all out. */
  clear(): void {
    this.#count = 0;
    this.hasNaN = false;
    if (this.#scores.length > KEPT_COUNT_MAX) this.#scores = new Float64Array(COUNT_MIN);
  }

  /** Adds one. */
  push(score: number): void {
    if (this.#count === this.#scores.length) {
      const wider = new Float64Array(2 * this.#count);
      wider.set(this.#scores);
      this.#scores = wider;
    }
    if (score !== score) this.hasNaN = true;
    this.#scores[this.#count++] = score;
  }

  /** Score `i`. */
  at(i: number): number {
    return this.#scores[i];
  }
}
