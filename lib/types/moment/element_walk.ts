/**
 * Reading the elements of a large hash, set or sorted set one after another, with rests in between.
 *
 *     while (walk.next()) {
 *       if (walk.isResting) { yield; continue; }
 *       use(walk.bytes, walk.keyStart, walk.valueStart, walk.valueEnd, walk.expiry_ms);
 *     }
 *
 * An element is a record: member or field, and value or score. After some 64 KiB comes a rest. What
 * is at hand is valid until the next rest; an element too long for that, until the next element.
 */

import type { Buffer } from "node:buffer";
import { newBytes } from "../../memory/bytes.ts";
import { NONE, type RecordTable, type Ref } from "../../memory/record_table.ts";
import { Pace } from "../pace.ts";

const NOTHING = newBytes(0);

/** What is to be read. */
export interface Elements {
  readonly table: RecordTable;
  /** The records, in the order in which they are read. */
  readonly refs: RefSource;
  /** How many elements there are that have not expired. */
  readonly count: number;
  /** Elements that expire up to this time are passed over. */
  readonly clock_ms: number;
  /** When the first of the others expires; Infinity: none does. */
  readonly first_ms: number;
}

/** Records one after another. */
export interface RefSource {
  /** The next one; NONE: there are no more. */
  next(): Ref;
  /** Records may change before the next call. Then some may come once more. */
  rest(): void;
}

/** See above. */
export abstract class ElementWalk {
  /** The element at hand: its key is `bytes[keyStart .. valueStart)`, ... */
  bytes: Buffer = NOTHING;
  keyStart = 0;
  /** ... its value `bytes[valueStart .. valueEnd)`, ... */
  valueStart = 0;
  valueEnd = 0;
  /** ... and when it expires, in ms since the epoch; undefined: never. */
  expiry_ms: number | undefined;
  /** Whether there is no element at hand, but a rest is due. */
  isResting = false;
  /** How many elements come in all. */
  readonly count: number;
  /** When the first of them expires; Infinity: none does. */
  readonly first_ms: number;

  readonly #pace = new Pace();
  #done = 0;

  /** @param elements are not read yet. */
  constructor(elements: Elements) {
    this.count = elements.count;
    this.first_ms = elements.first_ms;
  }

  /** Whether all elements have come. */
  get isDone(): boolean {
    return this.#done === this.count;
  }

  /** Goes to the next element, or to a rest. False: there are no more. */
  next(): boolean {
    const size_bytes = this.valueEnd - this.keyStart;
    this.keyStart = this.valueStart = this.valueEnd = 0;
    this.isResting = this.isOver(size_bytes);
    if (this.isResting) return true;
    if (!this.step()) {
      if (!this.isDone) throw new Error(`walk: ${this.#done} elements of ${this.count}`);
      return false;
    }
    if (!this.isResting && this.#done++ === this.count) throw new Error("walk: too many elements");
    return true;
  }

  /** Finds the next element, or sets `isResting`. False: there are no more. */
  protected abstract step(): boolean;

  /** Notes that so many bytes were read. True: a rest is due. */
  protected isOver(size_bytes: number): boolean {
    return this.#pace.isOver(size_bytes);
  }

  /** Shows a record. */
  protected show(table: RecordTable, ref: Ref): void {
    table.locate(ref);
    this.bytes = table.bytes;
    this.keyStart = table.keyStart;
    this.valueStart = table.valueStart;
    this.valueEnd = table.valueEnd;
    this.expiry_ms = table.expiry(ref);
  }
}

/** Whether a record has expired. */
export function isOverAt(table: RecordTable, ref: Ref, clock_ms: number): boolean {
  const expiry_ms = table.expiry(ref);
  return expiry_ms !== undefined && expiry_ms <= clock_ms;
}

/** A walk over what does not change meanwhile. */
export class PlainWalk extends ElementWalk {
  readonly #elements: Elements;

  /** Before the first element. */
  constructor(elements: Elements) {
    super(elements);
    this.#elements = elements;
  }

  protected step(): boolean {
    const { table, refs, clock_ms } = this.#elements;
    let ref = refs.next();
    while (ref !== NONE && isOverAt(table, ref, clock_ms)) ref = refs.next();
    if (ref === NONE) return false;
    this.show(table, ref);
    return true;
  }
}

/** The records of a table, bucket by bucket. After a rest the bucket at hand comes once more. */
export class BucketRefs implements RefSource {
  readonly #table: RecordTable;
  readonly #refs: Ref[] = [];
  /** How many of them have come. */
  #used = 0;
  /** Cursors of the scan: the bucket at hand, and the one behind it; 0: there is none. */
  #here = 0;
  #behind = 0;
  #hasBegun = false;
  readonly #add = (ref: Ref) => void this.#refs.push(ref);

  /** Before the first record. */
  constructor(table: RecordTable) {
    this.#table = table;
  }

  next(): Ref {
    while (this.#used === this.#refs.length) {
      if (this.#hasBegun && this.#behind === 0) return NONE;
      this.#here = this.#behind;
      this.#read();
    }
    return this.#refs[this.#used++];
  }

  rest(): void {
    if (!this.#hasBegun) return;
    this.#refs.length = this.#used = 0;
    this.#behind = this.#here;
    this.#hasBegun = this.#here !== 0;
  }

  #read(): void {
    this.#hasBegun = true;
    this.#refs.length = this.#used = 0;
    this.#behind = this.#table.scan(this.#here, this.#add);
  }
}
