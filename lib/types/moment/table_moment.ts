/**
 * A large hash, set or sorted set as it was at one moment, read while it changes.
 *
 * The trick is that of the keyspace's snapshot (`keyspace/snapshot.ts`), one floor down: with a new
 * epoch all records of the table are old, in no time. The walk reads those that are old, and renews
 * them; one that is about to change or to go is kept aside first ({@linkcode TableMoment.keep}), and
 * read from there. What is added later is not old, and passed over.
 *
 * Promises: each element of the moment is read once, as it was; in the end none is old. To keep an
 * element costs a copy of it; while there is no moment it costs its owner one comparison.
 */

import type { ValueMoment } from "../../keyspace/value_moment.ts";
import { type KeptBytes, KeptShare } from "../../memory/kept_bytes.ts";
import type { HeldValue } from "../../memory/held_value.ts";
import { NONE, type Ref } from "../../memory/record_table.ts";
import { type Elements, ElementWalk, isOverAt } from "./element_walk.ts";
import { KeptElements } from "./kept_elements.ts";

/** Records passed over in one step when the moment is given up: some 100 us. */
const DRAINED_MAX = 1000;

/** See above. */
export class TableMoment extends ElementWalk implements ValueMoment {
  readonly #elements: Elements;
  readonly #bytes: KeptBytes;
  /** Of it: the value, once nobody but the moment has it. */
  readonly #left: KeptShare;
  readonly #kept: KeptElements;
  readonly #onEnd: () => void;
  /** Keeps the bytes of the element at hand, if it is very large. */
  #held: HeldValue | undefined;

  /**
   * The moment is now.
   *
   * @param kept counts the bytes that are kept. @param onEnd the owner need keep nothing any more.
   */
  constructor(elements: Elements, kept: KeptBytes, onEnd: () => void) {
    super(elements);
    this.#elements = elements;
    this.#bytes = kept;
    this.#left = new KeptShare(kept);
    this.#kept = new KeptElements(kept);
    this.#onEnd = onEnd;
    elements.table.newEpoch();
  }

  /** An element is about to change or to go. */
  keep(ref: Ref): void {
    const { table } = this.#elements;
    if (table.isOld(ref) && this.#renew(ref)) this.#kept.push(table, ref);
  }

  /** The value, of so many bytes, is in memory for the sake of the moment only. */
  leave(size_bytes: number): void {
    this.#left.add(size_bytes);
  }

  override next(): boolean {
    this.#held?.end();
    this.#held = undefined;
    const found = super.next();
    if (this.isResting) this.#elements.refs.rest();
    return found;
  }

  end(): void {
    if (!this.isDone) throw new Error("moment: a value was not read to its end");
    this.#close();
  }

  drain(): boolean {
    const { table, refs } = this.#elements;
    this.#held?.end();
    this.#kept.clear();
    refs.rest(); // whoever read it may have been given up within a long element, before the rest
    for (let i = 0; i < DRAINED_MAX; i++) {
      const ref = refs.next();
      if (ref === NONE) {
        this.#close();
        return true;
      }
      table.renew(ref);
    }
    return false;
  }

  protected step(): boolean {
    if (this.#kept.next()) {
      this.#showKept();
      return true;
    }
    const { table, refs } = this.#elements;
    for (let ref = refs.next(); ref !== NONE; ref = refs.next()) {
      if (table.isOld(ref) && this.#renew(ref)) {
        this.show(table, ref);
        this.#held = table.hold(ref, this.#bytes);
        return true;
      }
      this.isResting = this.isOver(0); // there may be many new ones in a row
      if (this.isResting) return true;
    }
    return false;
  }

  /** Returns whether the record counts: it has not expired. */
  #renew(ref: Ref): boolean {
    const { table, clock_ms } = this.#elements;
    table.renew(ref);
    return !isOverAt(table, ref, clock_ms);
  }

  #showKept(): void {
    const kept = this.#kept;
    this.bytes = kept.bytes;
    this.keyStart = kept.keyStart;
    this.valueStart = kept.valueStart;
    this.valueEnd = kept.valueEnd;
    this.expiry_ms = kept.expiry_ms;
    this.#held = kept.held;
  }

  #close(): void {
    this.#held?.end();
    this.#kept.clear();
    this.#left.end();
    this.#onEnd();
  }
}
