/**
 * Reading a sorted set, be it packed or large, in one way: by member, by score, by rank, in order.
 *
 *     const zset = new Zset();
 *     zset.open(db, ref);
 *     for (zset.seek(10, false); zset.step();) use(zset.bytes, zset.start, zset.end, zset.score);
 *
 * It reads in place: what is open is valid until the next change of the database. The same object can
 * be opened again and again.
 */

import type { Database, Ref } from "../../keyspace/database.ts";
import { ZSET_PACKED } from "../../keyspace/value.ts";
import { NONE } from "../../memory/record_table.ts";
import type { LargeZset } from "./large_zset.ts";
import { packedMembers } from "./packed_members.ts";
import { PackedRun } from "./packed_run.ts";
import type { LexBound, LexRange, ScoreRange } from "./range.ts";

/** Room for the offsets of a walk backwards, of which most sets see none. */
const NO_OFFSETS = new Int32Array(0);
const NO_BASES = new Float64Array(0);
const OFFSETS_MIN = 128;

/** An open sorted set. */
export class Zset {
  /** The element at hand, after a step or a find: its member is `bytes[start .. end)` ... */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** ... and this its score. */
  score = 0;
  /** After {@linkcode Zset.byScore} and {@linkcode Zset.byMember}: rank of the first element ... */
  first = 0;
  /** ... and how many there are. */
  count = 0;

  /** The large form; undefined: it is packed. */
  #large: LargeZset | undefined;
  readonly #run = new PackedRun();
  #backwards = false;
  /** Offsets of the entries that a walk backwards has still to come to, and their bases. */
  #offsets = NO_OFFSETS;
  #bases = NO_BASES;
  #offsetCount = 0;

  /** Opens the sorted set in a record. */
  open(db: Database, ref: Ref): this {
    if (db.encoding(ref) === ZSET_PACKED) {
      this.#large = undefined;
      const { bytes, valueStart, valueEnd } = db.locate(ref);
      this.#run.open(bytes, valueStart, valueEnd);
    } else {
      this.#large = db.object(ref) as LargeZset;
    }
    return this;
  }

  /** The large form, if that is what is open. */
  get large(): LargeZset | undefined {
    return this.#large;
  }

  /** How many members there are. */
  get size(): number {
    return this.#large?.size ?? this.#run.count();
  }

  /** Whether there is a member `buf[start .. end)`; `score` is then its score. */
  find(buf: Uint8Array, start: number, end: number): boolean {
    const large = this.#large;
    if (large === undefined) {
      if (!this.#run.find(buf, start, end)) return false;
      this.#takeEntry();
      return true;
    }
    const ref = large.find(buf, start, end);
    if (ref === NONE) return false;
    this.score = large.scoreOf(ref);
    return true;
  }

  /** How many members come before a member; -1: there is no such member. Sets `score`. */
  rank(buf: Uint8Array, start: number, end: number): number {
    if (!this.find(buf, start, end)) return -1;
    const large = this.#large;
    if (large !== undefined) {
      large.tree.seekElement(this.score, buf, start, end);
      return large.tree.rank;
    }
    return this.#run.passed;
  }

  /**
   * Finds the elements whose scores are in a range, less the first (`backwards`: the last) `offset` of
   * them: sets `first` and `count`.
   */
  byScore(range: ScoreRange, backwards = false, offset = 0): void {
    const first = this.#countBelow(range.min, range.minExclusive);
    const after = this.#countBelow(range.max, !range.maxExclusive);
    this.#take(first, after, backwards, offset);
  }

  /**
   * The same for elements whose members are in a range. Where scores differ the range has no clear
   * meaning: then a packed set is searched from one end or the other, as in Redis.
   */
  byMember(range: LexRange, backwards = false, offset = 0): void {
    const large = this.#large;
    if (large === undefined) {
      const found = packedMembers(this.#run, range, backwards, offset);
      this.first = found.first;
      this.count = found.count;
      return;
    }
    const first = largeRank(large, range.min, range.min.exclusive);
    const after = largeRank(large, range.max, !range.max.exclusive);
    this.#take(first, after, backwards, offset);
  }

  /** Goes to the first element whose score is `score` or more; {@linkcode Zset.step} begins there. */
  seekScore(score: number): void {
    this.#backwards = false;
    const large = this.#large;
    if (large !== undefined) return large.tree.seekScore(score, false);
    const run = this.#run;
    if (run.seekScore(score, false)) run.goTo(run.at, run.base);
  }

  /**
   * Score of the element that {@linkcode Zset.step} would come to, forwards; NaN: there is none. It
   * costs less than a step.
   */
  get nextScore(): number {
    const large = this.#large;
    if (large !== undefined) return large.tree.settle() ? large.tree.score : NaN;
    return this.#run.nextScore;
  }

  /** Passes over the element whose score {@linkcode Zset.nextScore} has just told. */
  skip(): void {
    if (this.#large === undefined) this.#run.step();
    else this.#large.tree.slot++;
  }

  /** Goes to the element with so many before it; {@linkcode Zset.step} then begins with that one. */
  seek(rank: number, backwards: boolean): void {
    this.#backwards = backwards;
    const large = this.#large;
    if (large !== undefined) return large.tree.seekRank(rank);
    const run = this.#run;
    run.rewind();
    if (!backwards) {
      while (rank-- > 0 && run.step());
      return;
    }
    this.#offsetCount = 0;
    while (this.#offsetCount <= rank && run.step()) this.#noteEntry(run);
  }

  /**
   * Notes where all elements are, for many a {@linkcode Zset.goTo}; a large set knows anyway. Returns
   * how many there are.
   */
  index(): number {
    if (this.#large !== undefined) return this.#large.size;
    const run = this.#run;
    this.#offsetCount = 0;
    run.rewind();
    while (run.step()) this.#noteEntry(run);
    return this.#offsetCount;
  }

  /** After {@linkcode Zset.index}: goes to the element of this rank and steps to it. */
  goTo(rank: number): void {
    this.#backwards = false;
    if (this.#large !== undefined) this.#large.tree.seekRank(rank);
    else this.#run.goTo(this.#offsets[rank], this.#bases[rank]);
    this.step();
  }

  /** Goes to the member of this rank and steps to it; `score` is not set. */
  goToMember(rank: number): void {
    if (this.#large !== undefined) return this.goTo(rank);
    this.#run.goToMember(rank);
    this.#takeEntry();
  }

  /** Steps to the next element in the direction of the walk; false: there is none. */
  step(): boolean {
    const large = this.#large;
    if (large === undefined) return this.#stepPacked();
    const { tree, table } = large;
    if (this.#backwards ? !tree.settleBack() : !tree.settle()) return false;
    this.score = tree.score;
    table.locate(tree.ref);
    this.bytes = table.bytes;
    this.start = table.keyStart;
    this.end = table.valueStart;
    tree.slot += this.#backwards ? -1 : 1;
    return true;
  }

  #take(first: number, after: number, backwards: boolean, offset: number): void {
    this.count = Math.max(after - first - offset, 0);
    this.first = backwards ? first : first + offset;
  }

  #stepPacked(): boolean {
    if (this.#backwards) {
      if (this.#offsetCount === 0) return false;
      const k = --this.#offsetCount;
      this.#run.goTo(this.#offsets[k], this.#bases[k]);
    }
    if (!this.#run.step()) return false;
    this.#takeEntry();
    return true;
  }

  #takeEntry(): void {
    const run = this.#run;
    this.bytes = run.bytes;
    this.start = run.start;
    this.end = run.end;
    this.score = run.score;
  }

  #noteEntry({ at, base }: PackedRun): void {
    const k = this.#offsetCount++;
    if (k === this.#offsets.length) {
      const [offsets, bases] = [this.#offsets, this.#bases];
      const longer = Math.max(2 * k, OFFSETS_MIN);
      this.#offsets = new Int32Array(longer);
      this.#bases = new Float64Array(longer);
      this.#offsets.set(offsets);
      this.#bases.set(bases);
    }
    this.#offsets[k] = at;
    this.#bases[k] = base;
  }

  /** How many scores are below `score`, or equal to it if `orEqual`. */
  #countBelow(score: number, orEqual: boolean): number {
    const large = this.#large;
    if (large !== undefined) {
      large.tree.seekScore(score, orEqual);
      return large.tree.rank;
    }
    this.#run.seekScore(score, orEqual);
    return this.#run.passed;
  }
}

/** How many members of a large set come before a bound, or are it if `orEqual`. */
function largeRank(large: LargeZset, bound: LexBound, orEqual: boolean): number {
  if (bound.kind === "lowest") return 0;
  if (bound.kind === "highest") return large.size;
  large.tree.seekMember(bound.buf, bound.start, bound.end, orEqual);
  return large.tree.rank;
}
