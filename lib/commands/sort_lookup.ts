/** Looking up what BY and GET name: a string key, or a field of a hash, for each element. */

import { type Database, NONE } from "../keyspace/database.ts";
import { copyBytes, newBytes } from "../memory/bytes.ts";
import { Args } from "../resp/args.ts";
import { Hash } from "../types/hash/hash.ts";
import type { Pattern } from "./sort_options.ts";

/** The longest key whose memory is kept for the next one. */
const KEPT_KEY_BYTES_MAX = 1 << 16;

/** Looks values up; one after another, in a buffer for the key that is used again. */
export class SortLookup {
  /** After {@linkcode SortLookup.find}: the value is `bytes[start .. end)`. */
  bytes: Uint8Array = newBytes(0);
  start = 0;
  end = 0;

  #db: Database | undefined;
  #args = new Args();
  readonly #key = new Args(newBytes(256));
  readonly #hash = new Hash();

  /** Looks up in `db` from now on. @param args hold the patterns. */
  open(db: Database, args: Args): void {
    this.#db = db;
    this.#args = args;
    if (this.#key.buf.length > KEPT_KEY_BYTES_MAX) this.#key.buf = newBytes(256);
  }

  /** Finds what `pattern` names for the element `element[from .. to)`; false: nothing. */
  find(pattern: Pattern, element: Uint8Array, from: number, to: number): boolean {
    if (pattern.isElement) {
      this.bytes = element;
      this.start = from;
      this.end = to;
      return true;
    }
    if (pattern.star < 0) return false;
    const db = this.#db!;
    this.#makeKey(pattern, element, from, to);
    const ref = db.lookup(this.#key, 0);
    if (ref === NONE) return false;
    const type = db.type(ref);
    if (pattern.field >= 0) {
      return type === "hash" && this.#findField(pattern, this.#hash.open(db, this.#key, 0, ref));
    }
    if (type !== "string") return false;
    const { bytes, valueStart, valueEnd } = db.locate(ref);
    this.bytes = bytes;
    this.start = valueStart;
    this.end = valueEnd;
    return true;
  }

  #findField(pattern: Pattern, hash: Hash): boolean {
    if (!hash.find(this.#args.buf, pattern.field, pattern.end)) return false;
    this.bytes = hash.bytes;
    this.start = hash.valueStart;
    this.end = hash.valueEnd;
    return true;
  }

  /** Puts the element in the place of the star. */
  #makeKey(pattern: Pattern, element: Uint8Array, from: number, to: number): void {
    const { buf } = this.#args;
    const before = pattern.star - pattern.start;
    const length = pattern.keyEnd - pattern.start - 1 + to - from;
    const key = this.#key;
    if (key.buf.length < length) key.buf = newBytes(length * 2);
    copyBytes(buf, pattern.start, pattern.star, key.buf, 0);
    copyBytes(element, from, to, key.buf, before);
    copyBytes(buf, pattern.star + 1, pattern.keyEnd, key.buf, before + to - from);
    key.count = 0;
    key.push(0, length);
  }
}
