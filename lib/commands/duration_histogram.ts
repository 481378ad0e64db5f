/**
 * How durations are distributed, in bounded memory: two significant digits from 1 ns to about 1 s,
 * as the histograms of Redis's LATENCY have them.
 *
 *     0 .. 255 ns       a slot for each nanosecond
 *     2^k .. 2^(k+1)    128 slots of the same width each
 *
 * At most {@linkcode SLOTS_MAX} counts; the array grows with the longest duration seen.
 */

/** What takes longer counts as this long. */
const NS_MAX = 1e9;
/** Slots of all durations up to {@linkcode NS_MAX}. */
const SLOTS_MAX = 3072;
/** Slots to begin with, up to about 13 us, and how many are added at a time. */
const SLOTS_MIN = 1024;
const SLOTS_ADDED = 512;
/** Upper edges of the coarse view are powers of two from this one on, in ns, to the last one. */
const COARSE_NS_MIN = 1024;
const COARSE_NS_MAX = 2 ** 30;

/** A step of {@linkcode DurationHistogram.coarse}. */
export interface CoarseStep {
  /** Upper edge, in microseconds rounded down. */
  readonly upTo_us: number;
  /** How many durations were not longer. */
  readonly count: number;
}

/** The slot of a duration in ms. */
export function slotOf(duration_ms: number): number {
  return slotOfNs(Math.min(Math.max(duration_ms * 1e6, 1), NS_MAX) | 0);
}

function slotOfNs(ns: number): number {
  const shift = ns < 256 ? 0 : 24 - Math.clz32(ns);
  return shift * 128 + (ns >>> shift);
}

/** The longest duration of a slot, in ns. */
function longestOf(slot: number): number {
  if (slot < 256) return slot;
  const shift = (slot >>> 7) - 1;
  return (((slot & 127) + 129) << shift) - 1;
}

/** Counts of durations. */
export class DurationHistogram {
  #counts = new Float64Array(SLOTS_MIN);
  #total = 0;

  /** How many durations were counted. */
  get total(): number {
    return this.#total;
  }

  /** Counts a duration `times` times, by its {@linkcode slotOf}. */
  add(slot: number, times: number): void {
    if (slot >= this.#counts.length) this.#grow(slot);
    this.#counts[slot] += times;
    this.#total += times;
  }

  /**
   * The duration in microseconds that `percent` of all do not exceed, 0 to 100; 0 if there are none.
   */
  percentile_us(percent: number): number {
    if (this.#total === 0) return 0;
    const wanted = Math.max(Math.floor((percent / 100) * this.#total + 0.5), 1);
    let seen = 0;
    let slot = 0;
    while (slot < this.#counts.length - 1) {
      seen += this.#counts[slot];
      if (seen >= wanted) break;
      slot++;
    }
    const isLowest = percent === 0 && slot > 0;
    return (isLowest ? longestOf(slot - 1) + 1 : longestOf(slot)) / 1000;
  }

  /** Cumulative counts up to each power of two at which there are more than at the one before. */
  *coarse(): Generator<CoarseStep> {
    let seen = 0;
    let slot = 0;
    for (let edge_ns = COARSE_NS_MIN; seen < this.#total; edge_ns *= 2) {
      const edgeSlot = edge_ns === COARSE_NS_MAX ? SLOTS_MAX - 1 : slotOfNs(edge_ns);
      const before = seen;
      for (; slot <= edgeSlot && slot < this.#counts.length; slot++) seen += this.#counts[slot];
      if (seen > before) yield { upTo_us: Math.floor(longestOf(edgeSlot) / 1000), count: seen };
    }
  }

  #grow(slot: number): void {
    const length = Math.min(slot + SLOTS_ADDED, SLOTS_MAX);
    if (slot >= length) throw new RangeError(`there is no slot ${slot}`);
    const wider = new Float64Array(length);
    wider.set(this.#counts);
    this.#counts = wider;
  }
}
