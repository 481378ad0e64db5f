/** Named things in the order of their names' bytes: the groups of a stream, the consumers of a group. */

/** A sorted table; names are latin1, one character a byte. */
export class NameTable<T> {
  readonly #names: string[] = [];
  readonly #items: T[] = [];

  /** How many there are. */
  get size(): number {
    return this.#items.length;
  }

  /** What has this name. */
  get(name: string): T | undefined {
    const at = this.#find(name);
    return this.#names[at] === name ? this.#items[at] : undefined;
  }

  /** What has the name `bytes[start .. end)`: makes no text of it. */
  find(bytes: Uint8Array, start: number, end: number): T | undefined {
    let low = 0;
    let high = this.#names.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = compareName(this.#names[middle], bytes, start, end);
      if (order === 0) return this.#items[middle];
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }

  /** Adds what has no namesake yet. */
  add(name: string, item: T): void {
    const at = this.#find(name);
    if (this.#names[at] === name) throw new Error("names: there is one of that name");
    this.#names.splice(at, 0, name);
    this.#items.splice(at, 0, item);
  }

  /** Takes out what has this name; returns it. */
  remove(name: string): T | undefined {
    const at = this.#find(name);
    if (this.#names[at] !== name) return undefined;
    this.#names.splice(at, 1);
    return this.#items.splice(at, 1)[0];
  }

  /** All of them, in the order of their names. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#items.values();
  }

  /** The first place whose name is not before this one. */
  #find(name: string): number {
    let low = 0;
    let high = this.#names.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#names[middle] < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Negative, zero or positive as a name is before, equal to or behind `bytes[start .. end)`. */
function compareName(name: string, bytes: Uint8Array, start: number, end: number): number {
  const length = Math.min(name.length, end - start);
  for (let i = 0; i < length; i++) {
    const difference = name.charCodeAt(i) - bytes[start + i];
    if (difference !== 0) return difference;
  }
  return name.length - (end - start);
}
