/**
 * Changing a sorted set in place, be it packed or large, and from the one into the other.
 *
 * Promise: a packed set never holds more members, or longer ones, than the limits allow after a member
 * was added; it becomes large then and stays so. A set that is left without members is the caller's to
 * remove.
 *
 * One change of a packed set is made in its record. Several are made in a draft of its run, which
 * {@linkcode ZsetWriter.close} stores: the record is made or moved once only.
 */

import { copyBytes, newBytes } from "../../memory/bytes.ts";
import { type Database, NONE, type Ref } from "../../keyspace/database.ts";
import { ZSET_PACKED } from "../../keyspace/value.ts";
import type { Args } from "../../resp/args.ts";
import { LargeZset } from "./large_zset.ts";
import { ENTRY_OVERHEAD_BYTES_MAX, PackedRun, writeEntry } from "./packed_run.ts";
import { baseAfter } from "./score.ts";

/** Up to what size sets are packed: `zset-max-listpack-entries` and `-value`. */
export interface PackedLimits {
  readonly entries_max: number;
  readonly member_bytes_max: number;
}

const DRAFT_BYTES = 1 << 10;
/** A draft that has grown longer is not kept. */
const DRAFT_BYTES_KEPT_MAX = 1 << 16;
/** Length of the draft while there is none. */
const NO_DRAFT = -1;

/** What {@linkcode ZsetWriter.add} may do, bit by bit. */
export const AddRule = {
  /** Leave members that exist alone. */
  onlyNew: 1,
  /** Add no new members. */
  onlyExisting: 2,
  /** Change a score only upwards ... */
  onlyGreater: 4,
  /** ... or only downwards. */
  onlyLess: 8,
  /** The score is to be added to the one there is. */
  increment: 16,
} as const;

/** What {@linkcode ZsetWriter.add} has done. */
export const AddResult = {
  /** The rules forbade it. */
  none: 0,
  /** The member is there with that score, as it was before. */
  same: 1,
  added: 2,
  changed: 3,
  /** The sum is not a number. */
  notANumber: 4,
} as const;

/** An open sorted set that can be changed. The same object can be opened again and again. */
export class ZsetWriter {
  /** Score of the member that was added or changed last. */
  score = 0;

  #db!: Database;
  #args!: Args;
  #key = 0;
  #ref: Ref = NONE;
  #limits: PackedLimits = { entries_max: 0, member_bytes_max: 0 };
  #large: LargeZset | undefined;
  readonly #run = new PackedRun();
  #scratch = newBytes(256);
  #draft = newBytes(DRAFT_BYTES);
  #draftLength = NO_DRAFT;
  #isDraftChanged = false;

  /**
   * Opens the sorted set of the key in argument `i`, whose lookup - the last one - returned `ref`;
   * NONE: one that is made when its first member comes. Where members are added, or several
   * `changes` to come, {@linkcode ZsetWriter.close} ends them.
   */
  open(
    db: Database,
    args: Args,
    i: number,
    ref: Ref,
    limits: PackedLimits,
    changes = 1,
  ): this {
    this.#db = db;
    this.#args = args;
    this.#key = i;
    this.#ref = ref;
    this.#limits = limits;
    this.#large = ref === NONE || db.encoding(ref) === ZSET_PACKED
      ? undefined
      : db.object(ref) as LargeZset;
    this.#draftLength = NO_DRAFT;
    this.#isDraftChanged = false;
    if (ref === NONE) this.#draftLength = 0;
    else if (changes > 1 && this.#large === undefined) this.#beginDraft();
    return this;
  }

  /** Stores what is a draft yet, unless no member is left. */
  close(): void {
    if (this.#isDraftChanged && this.#draftLength > 0) this.#storeDraft();
    this.#draftLength = NO_DRAFT;
    this.#isDraftChanged = false;
    if (this.#draft.length > DRAFT_BYTES_KEPT_MAX) this.#draft = newBytes(DRAFT_BYTES);
  }

  /** The record, wherever it stands by now. */
  get ref(): Ref {
    return this.#ref;
  }

  /** Whether there is no member (left). */
  get isEmpty(): boolean {
    if (this.#large !== undefined) return this.#large.size === 0;
    if (this.#draftLength !== NO_DRAFT) return this.#draftLength === 0;
    const { valueStart, valueEnd } = this.#db.locate(this.#ref);
    return valueStart === valueEnd;
  }

  /** Adds a member or changes its score, as far as `rules` allow. One of {@linkcode AddResult}. */
  add(buf: Uint8Array, start: number, end: number, score: number, rules: number): number {
    return this.#large === undefined
      ? this.#addPacked(buf, start, end, score, rules)
      : this.#addLarge(this.#large, buf, start, end, score, rules);
  }

  /** Takes a member out; false: there is no such member. */
  remove(buf: Uint8Array, start: number, end: number): boolean {
    const large = this.#large;
    if (large !== undefined) {
      const ref = large.find(buf, start, end);
      if (ref === NONE) return false;
      large.remove(ref, buf, start, end);
      return true;
    }
    const run = this.#openRun();
    if (!run.find(buf, start, end)) return false;
    this.#cut(run.at, run.base);
    return true;
  }

  /** Takes out `count` members from rank `first` on. */
  removeRanks(first: number, count: number): void {
    const large = this.#large;
    if (large !== undefined) {
      for (let i = 0; i < count; i++) large.removeRank(first);
      return;
    }
    const run = this.#openRun();
    for (let rank = 0; rank < first; rank++) run.step();
    const { next, nextBase } = run;
    for (let i = 0; i < count; i++) run.step();
    this.#cut(next, nextBase);
  }

  #addPacked(buf: Uint8Array, start: number, end: number, score: number, rules: number): number {
    const run = this.#openRun();
    if (run.find(buf, start, end)) {
      const old = run.score;
      const result = this.#decide(old, score, rules);
      if (result !== AddResult.changed) return result;
      this.#cut(run.at, run.base);
      this.#insertEntry(buf, start, end, this.score);
      return result;
    }
    if ((rules & AddRule.onlyExisting) !== 0) return AddResult.none;
    this.score = score;
    const { entries_max, member_bytes_max } = this.#limits;
    const isFull = end - start > member_bytes_max ||
      this.#mayHoldMoreThan(entries_max) && run.count() >= entries_max;
    if (isFull) {
      const large = this.#becomeLarge();
      large.find(buf, start, end);
      large.insert(buf, start, end, score);
    } else {
      this.#insertEntry(buf, start, end, score);
    }
    return AddResult.added;
  }

  /** Counting is spared while the run is too short for so many entries of two bytes or more. */
  #mayHoldMoreThan(entries: number): boolean {
    return this.#run.to - this.#run.from >= 2 * entries;
  }

  #addLarge(
    large: LargeZset,
    buf: Uint8Array,
    start: number,
    end: number,
    score: number,
    rules: number,
  ): number {
    const ref = large.find(buf, start, end);
    if (ref === NONE) {
      if ((rules & AddRule.onlyExisting) !== 0) return AddResult.none;
      this.score = score;
      large.insert(buf, start, end, score);
      return AddResult.added;
    }
    const result = this.#decide(large.scoreOf(ref), score, rules);
    if (result === AddResult.changed) large.rescore(ref, this.score, buf, start, end);
    return result;
  }

  /** What becomes of a member that has the score `old`; sets `score`. */
  #decide(old: number, given: number, rules: number): number {
    if ((rules & AddRule.onlyNew) !== 0) return AddResult.none;
    const score = (rules & AddRule.increment) !== 0 ? old + given : given;
    if (Number.isNaN(score)) return AddResult.notANumber;
    if ((rules & AddRule.onlyGreater) !== 0 && score <= old) return AddResult.none;
    if ((rules & AddRule.onlyLess) !== 0 && score >= old) return AddResult.none;
    this.score = score;
    return score === old ? AddResult.same : AddResult.changed;
  }

  // --- the packed form ----------------------------------------------------------------------

  #openRun(): PackedRun {
    if (this.#draftLength !== NO_DRAFT) {
      this.#run.open(this.#draft, 0, this.#draftLength);
      return this.#run;
    }
    const { bytes, valueStart, valueEnd } = this.#db.locate(this.#ref);
    this.#run.open(bytes, valueStart, valueEnd);
    return this.#run;
  }

  /** Writes an entry into the scratch buffer at `at`; returns the offset after it. */
  #writeEntry(
    at: number,
    buf: Uint8Array,
    start: number,
    end: number,
    score: number,
    base: number,
  ): number {
    const bytes_max = at + end - start + ENTRY_OVERHEAD_BYTES_MAX;
    if (this.#scratch.length < bytes_max) {
      const longer = newBytes(bytes_max * 2);
      longer.set(this.#scratch);
      this.#scratch = longer;
    }
    return writeEntry(this.#scratch, at, buf, start, end, score, base);
  }

  /** Puts an entry where it belongs; the score of the one behind it is counted from it then. */
  #insertEntry(buf: Uint8Array, start: number, end: number, score: number): void {
    const run = this.#openRun();
    const isFollowed = run.findPlace(score, buf, start, end);
    const [from, base] = isFollowed ? [run.at, run.base] : [run.to, run.nextBase];
    let length = this.#writeEntry(0, buf, start, end, score, base);
    if (isFollowed) length = this.#writeAgain(run, length, baseAfter(score));
    this.#replace(from, isFollowed ? run.next : from, length);
  }

  /**
   * Takes out what stands from offset `from` of the record's bytes up to the end of the entry at
   * hand; `base` is what the score of the first one is counted from, and then that of the one behind.
   */
  #cut(from: number, base: number): void {
    const run = this.#run;
    const to = run.next;
    if (run.step()) this.#replace(from, run.next, this.#writeAgain(run, 0, base));
    else this.#replace(from, to, 0);
  }

  /** Writes the entry at hand into the scratch buffer at `at`, its score counted from `base`. */
  #writeAgain(run: PackedRun, at: number, base: number): number {
    return this.#writeEntry(at, run.bytes, run.start, run.end, run.score, base);
  }

  /** Puts the first `length` bytes of the scratch buffer in the place of `from .. to` of the run. */
  #replace(from: number, to: number, length: number): void {
    if (this.#draftLength !== NO_DRAFT) return this.#replaceInDraft(from, to, length);
    const { from: runFrom, to: runTo } = this.#run;
    const size = runTo - runFrom + length - (to - from);
    if (length > to - from) this.#ref = this.#db.resizeValue(this.#ref, ZSET_PACKED, size);
    const { bytes, valueStart } = this.#db.locate(this.#ref);
    const shift = valueStart - runFrom; // the record may have moved
    bytes.copyWithin(from + shift + length, to + shift, runTo + shift);
    copyBytes(this.#scratch, 0, length, bytes, from + shift);
    // Stored anew, so that what has become small takes a small record.
    if (length < to - from) {
      this.#ref = this.#db.setValue(this.#ref, ZSET_PACKED, bytes, valueStart, valueStart + size);
    }
  }

  #beginDraft(): void {
    const { bytes, valueStart, valueEnd } = this.#db.locate(this.#ref);
    this.#makeRoom(valueEnd - valueStart);
    copyBytes(bytes, valueStart, valueEnd, this.#draft, 0);
    this.#draftLength = valueEnd - valueStart;
  }

  #replaceInDraft(from: number, to: number, length: number): void {
    const end = this.#draftLength;
    this.#draftLength = end + length - (to - from);
    this.#makeRoom(this.#draftLength);
    if (to < end) this.#draft.copyWithin(from + length, to, end);
    copyBytes(this.#scratch, 0, length, this.#draft, from);
    this.#isDraftChanged = true;
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#draft.length) return;
    const longer = newBytes(bytes * 2);
    longer.set(this.#draft);
    this.#draft = longer;
  }

  #storeDraft(): void {
    const length = this.#draftLength;
    this.#ref = this.#ref === NONE
      ? this.#db.store(NONE, this.#args, this.#key, ZSET_PACKED, this.#draft, 0, length)
      : this.#db.setValue(this.#ref, ZSET_PACKED, this.#draft, 0, length);
  }

  /** Makes the set a large one, unless it is. */
  unpack(): void {
    if (this.#large === undefined) this.#becomeLarge();
  }

  /** Makes the set a large one, with the members that it has. */
  #becomeLarge(): LargeZset {
    const large = new LargeZset(this.#db.keyspace.seed);
    const run = this.#openRun();
    while (run.step()) large.append(run.bytes, run.start, run.end, run.score);
    this.#draftLength = NO_DRAFT;
    this.#isDraftChanged = false;
    this.#ref = this.#db.storeObject(this.#ref, this.#args, this.#key, large, true);
    this.#large = large;
    return large;
  }
}
