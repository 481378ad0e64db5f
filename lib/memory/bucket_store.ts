/** The memory of a hash index: a growing array of buckets, each one cache line. */

/** A bucket is so many int32 words: 64 bytes. */
export const BUCKET_WORDS = 16;
/** Buckets per part of a {@linkcode BucketStore}: 128 KiB. */
export const PART_BITS = 11;
/** Buckets in a part. */
export const PART_BUCKETS = 1 << PART_BITS;

/** The first part grows by at most so many buckets at a time. */
const STEP_BUCKETS = 64;

/**
 * The C library gives large blocks at 16 bytes past a page. Beginning 48 bytes later puts every bucket
 * into one cache line; where the block lies elsewhere, nothing is lost.
 */
const PART_SKEW_BYTES = 48;

function newPart(): Int32Array {
  const words = PART_BUCKETS * BUCKET_WORDS;
  return new Int32Array(new ArrayBuffer(words * 4 + 64), PART_SKEW_BYTES, words);
}

/** A growing array of buckets in parts of 128 KiB; the first part starts small and grows. */
export class BucketStore {
  /** Bucket `b` is in `parts[b >>> PART_BITS]`, at `(b & (PART_BUCKETS - 1)) * BUCKET_WORDS`. */
  readonly parts: Int32Array[];
  #capacity: number;

  /** @param buckets to begin with: a power of two. */
  constructor(buckets: number) {
    this.parts = [new Int32Array(buckets * BUCKET_WORDS)];
    this.#capacity = buckets;
  }

  /** Makes room for bucket number `bucket`, which comes zeroed if it is the first of its part. */
  reach(bucket: number): void {
    if (bucket < this.#capacity) return;
    if (this.#capacity < PART_BUCKETS) {
      const grown = Math.min(this.#capacity * 2, this.#capacity + STEP_BUCKETS);
      const wider = grown === PART_BUCKETS ? newPart() : new Int32Array(grown * BUCKET_WORDS);
      wider.set(this.parts[0]);
      this.parts[0] = wider;
      this.#capacity = grown;
    } else {
      this.parts.push(newPart());
      this.#capacity += PART_BUCKETS;
    }
  }

  /** Takes a copy of all buckets of another store. */
  copyFrom(other: BucketStore): void {
    other.parts.forEach((part, i) => {
      if (part.length < PART_BUCKETS * BUCKET_WORDS) {
        this.parts[i] = part.slice();
      } else {
        (this.parts[i] = newPart()).set(part);
      }
    });
    this.#capacity = other.#capacity;
  }

  /** Gives back parts that lie wholly above bucket number `last`. */
  trim(last: number): void {
    // One part stays in hand, so that a size that wavers at the edge does not map and unmap.
    while (this.parts.length > (last >>> PART_BITS) + 2) {
      (this.parts.pop()!.buffer as ArrayBuffer).transfer(0);
      this.#capacity -= PART_BUCKETS;
    }
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#capacity * BUCKET_WORDS * 4;
  }
}

/**
 * Overflow buckets, numbered from 1. All up to `used` are in use: when one is given back, the last one
 * takes its place.
 */
export class SpillStore extends BucketStore {
  /** How many there are. */
  used = 0;

  constructor() {
    super(1);
  }

  override copyFrom(other: SpillStore): void {
    super.copyFrom(other);
    this.used = other.used;
  }

  /** The number of a new bucket, all zero. What was known of `parts[0]` may be out of date now. */
  take(): number {
    this.reach(++this.used);
    return this.used;
  }

  /** Takes a bucket back. Returns the one that is now called `number` instead; 0: none is. */
  give(number: number): number {
    const last = this.used--;
    const words = this.parts[last >>> PART_BITS];
    const from = (last & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    if (number !== last) {
      const to = (number & (PART_BUCKETS - 1)) * BUCKET_WORDS;
      this.parts[number >>> PART_BITS].set(words.subarray(from, from + BUCKET_WORDS), to);
    }
    words.fill(0, from, from + BUCKET_WORDS);
    this.trim(this.used);
    return number === last ? 0 : last;
  }
}
