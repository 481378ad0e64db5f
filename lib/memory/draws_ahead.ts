/**
 * Places for a random choice, drawn ahead: whoever takes a member of a set by chance will probably take
 * more, and the places of several draws do not depend on each other, so that the processor reads the
 * memory behind them together (why that pays: `keys_ahead.ts`).
 *
 * The choice stays fair. A place is drawn among all slots of an index, in use or not, and not looked
 * at before it is used; of an index that has shrunk since, those that are still there are equally
 * likely; for one that has grown they are drawn anew.
 */

import type { Random } from "../platform/random.ts";

/** Half of them, about, are in use. */
const DRAWS = 32;

/** An index, as far as choices are concerned. */
export interface Slots {
  /** A number of its own, above 0. */
  readonly id: number;
  /** How many slots there are, those not in use included. */
  readonly slotCount: number;
  /** Address of the record in a slot; 0: it is not in use. */
  addressAt(place: number): number;
}

/** Who has the records. */
export interface Toucher {
  /** Reads records that will be asked for at once, so that their cache misses overlap. */
  touch(addresses: ArrayLike<number>, count: number): void;
}

/** Places in the index that was drawn from last. */
export class DrawsAhead {
  readonly #places = new Int32Array(DRAWS);
  readonly #addresses = new Int32Array(DRAWS);
  /** The index, by its number: what has been emptied is not to be held here. */
  #id = 0;
  #slotCount = 0;
  #left = 0;

  /** Address of a record in `index`, which is not empty; each is equally likely. O(1) on average. */
  choose(index: Slots, random: Random, records: Toucher): number {
    while (true) { // a slot that is not in use draws again
      const address = index.addressAt(this.#next(index, random, records));
      if (address !== 0) return address;
    }
  }

  #next(index: Slots, random: Random, records: Toucher): number {
    const { slotCount } = index;
    if (index.id !== this.#id || slotCount > this.#slotCount) this.#left = 0;
    while (this.#left > 0) {
      const place = this.#places[--this.#left];
      if (place < slotCount) return place;
    }
    this.#draw(index, slotCount, random, records);
    return this.#places[--this.#left];
  }

  /** Draws places: one where another index was drawn from before, else many. */
  #draw(index: Slots, slotCount: number, random: Random, records: Toucher): void {
    const places = this.#places;
    const count = index.id === this.#id ? DRAWS : 1;
    this.#id = index.id;
    this.#slotCount = slotCount;
    this.#left = count;
    for (let i = 0; i < count; i++) places[i] = random.below(slotCount);
    let found = 0;
    for (let i = 0; i < count; i++) {
      const address = index.addressAt(places[i]);
      if (address !== 0) this.#addresses[found++] = address;
    }
    records.touch(this.#addresses, found);
  }
}
