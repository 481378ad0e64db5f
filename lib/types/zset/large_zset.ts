/**
 * A large sorted set: a table of records from member to score, and a tree that holds the addresses of
 * the records in order.
 *
 * Promise: O(log n) by score, by rank and by member, O(1) from member to score, and no JS object per
 * element. The table is never compacted: the tree holds addresses too.
 */

import { newBytes } from "../../memory/bytes.ts";
import type { ValueObject, ValueType } from "../../keyspace/value.ts";
import type { KeptBytes } from "../../memory/kept_bytes.ts";
import type { HashSeed } from "../../memory/hash.ts";
import { type KeysAhead, LAST } from "../../memory/keys_ahead.ts";
import { NONE, RecordTable, type Ref } from "../../memory/record_table.ts";
import { type ElementWalk, PlainWalk } from "../moment/element_walk.ts";
import { RankTree } from "./rank_tree.ts";
import { readScore, SCORE_BYTES, writeScore } from "./score.ts";
import { TreeRefs } from "./tree_refs.ts";
import { ZsetMoment } from "./zset_moment.ts";

/** The only encoding of the records. */
const MEMBER = 1;

/** So many elements at an end are read ahead at a time. */
const POPS_AHEAD = 16;
/** While all is in the processor's caches anyway, it is looked at again after so many. */
const POPS_UNWARMED = 256;

const edgeRefs = new Int32Array(POPS_AHEAD);
const scoreBytes = newBytes(SCORE_BYTES);

/** A sorted set of any size. */
export class LargeZset implements ValueObject {
  readonly type: ValueType = "zset";
  readonly encodingName = "skiplist";
  /** Members and their scores. */
  readonly table: RecordTable;
  /** The order. */
  readonly tree: RankTree;

  readonly #seed: HashSeed;
  #moment: ZsetMoment | undefined;
  /** So many more may be taken from an end before anything is read ahead. */
  #popsAhead = 0;
  #isFreed = false;

  /** @param seed the secret of the hash. */
  constructor(seed: HashSeed) {
    this.#seed = seed;
    this.table = new RecordTable(seed);
    this.tree = new RankTree(this.table);
  }

  /** How many members there are. */
  get size(): number {
    return this.tree.size;
  }

  get usedBytes(): number {
    return this.table.usedBytes + this.tree.bytes;
  }

  warm(keys: KeysAhead, from: number, to: number): boolean {
    return this.table.warm(keys, from, to, LAST, keys.elements);
  }

  /** The record of a member, or NONE. */
  find(buf: Uint8Array, start: number, end: number): Ref {
    return this.table.find(buf, start, end);
  }

  /** Score of a record. */
  scoreOf(ref: Ref): number {
    const { table } = this;
    table.locate(ref);
    return readScore(table.bytes, table.valueStart);
  }

  /** Adds a member that the last {@linkcode LargeZset.find} did not find. */
  insert(buf: Uint8Array, start: number, end: number, score: number): void {
    if (this.#moment !== undefined) this.#moment.reordering();
    this.tree.insert(score, this.#record(buf, start, end, score), buf, start, end);
  }

  /** Adds a member that comes after all others. */
  append(buf: Uint8Array, start: number, end: number, score: number): void {
    if (this.find(buf, start, end) !== NONE) throw new Error("zset: a member comes twice");
    if (this.#moment !== undefined) this.#moment.reordering();
    this.tree.append(score, this.#record(buf, start, end, score));
  }

  /** Changes the score of a record, whose member is `buf[start .. end)`. */
  rescore(ref: Ref, score: number, buf: Uint8Array, start: number, end: number): void {
    if (this.#moment !== undefined) this.#moment.keep(ref);
    this.tree.seekElement(this.scoreOf(ref), buf, start, end);
    this.tree.rescoreHere(score, buf, start, end);
    if (this.#moment !== undefined) this.table.detach(ref);
    this.table.locate(ref); // written in place: the record must not move
    writeScore(this.table.bytes, this.table.valueStart, score);
  }

  /** Takes out a record, whose member is `buf[start .. end)`. */
  remove(ref: Ref, buf: Uint8Array, start: number, end: number): void {
    if (this.#moment !== undefined) this.#moment.keep(ref);
    this.tree.seekElement(this.scoreOf(ref), buf, start, end);
    this.tree.removeHere();
    this.table.remove(ref);
  }

  /**
   * Goes to the first or the last member, which is about to be taken out: `tree.score` is its score, and
   * `table` is told where it stands. One who takes from an end will probably take more, and what that
   * needs is read ahead.
   */
  goToEdge(last: boolean): void {
    const { tree, table } = this;
    tree.seekRank(last ? this.size - 1 : 0);
    if (this.#popsAhead-- <= 0) this.#popsAhead = this.#warmEdge(last);
    table.locate(tree.ref);
  }

  /** Returns how many elements it has read ahead for, or how long not to try again. */
  #warmEdge(last: boolean): number {
    const count = this.tree.refsFromHere(edgeRefs, last);
    return this.table.warmRecords(edgeRefs, count) ? count - 1 : POPS_UNWARMED;
  }

  /** Takes out the member that `tree` has gone to. */
  removeHere(): void {
    const { ref } = this.tree;
    if (this.#moment !== undefined) this.#moment.keep(ref);
    this.tree.removeHere();
    this.table.remove(ref);
  }

  /** Takes out the member of this rank. */
  removeRank(rank: number): void {
    this.tree.seekRank(rank);
    this.removeHere();
  }

  /** All members in order as they are now, for who reads them before anything changes. */
  walk(isBackwards: boolean): ElementWalk {
    const { table, size: count } = this;
    const refs = new TreeRefs(this.tree, table);
    refs.isBackwards = isBackwards;
    return new PlainWalk({ table, refs, count, clock_ms: -Infinity, first_ms: Infinity });
  }

  keep(_clock_ms: number, kept: KeptBytes): ZsetMoment {
    if (this.#moment !== undefined) throw new Error("zset: one moment at a time");
    const refs = new TreeRefs(this.tree, this.table);
    return this.#moment = new ZsetMoment(this.table, refs, kept, () => this.#endMoment());
  }

  clone(): LargeZset {
    const copy = new LargeZset(this.#seed);
    const { tree, table } = this;
    if (this.#moment === undefined && copy.table.copyFrom(table)) { // none is old
      copy.tree.copyFrom(tree);
      return copy;
    }
    copy.table.reserve(this.size, 0);
    for (tree.seekRank(0); tree.settle(); tree.slot++) {
      const { score } = tree;
      table.locate(tree.ref);
      copy.append(table.bytes, table.keyStart, table.valueStart, score);
    }
    return copy;
  }

  free(): void {
    this.#isFreed = true;
    if (this.#moment !== undefined) return this.#moment.leave(this.usedBytes);
    this.table.clear();
    this.tree.release();
  }

  #endMoment(): void {
    this.#moment = undefined;
    if (this.#isFreed) this.free();
  }

  #record(buf: Uint8Array, start: number, end: number, score: number): Ref {
    writeScore(scoreBytes, 0, score);
    return this.table.insert(buf, start, end, MEMBER, 0, scoreBytes, 0, SCORE_BYTES);
  }
}
