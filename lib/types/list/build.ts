/** Makes a whole list at once: for RESTORE, SORT ... STORE, and files. */

import { newBytes } from "../../memory/bytes.ts";
import type { Database, Ref } from "../../keyspace/database.ts";
import { LIST_PACKED } from "../../keyspace/value.ts";
import type { Args } from "../../resp/args.ts";
import { ListDeque } from "./deque.ts";
import { entryBytes, writeEntry } from "./entry.ts";
import { PACKED_BYTES_MAX, PACKED_HEADER_BYTES, writePackedLength } from "./packed.ts";

/**
 * Gathers the elements of a list and stores it.
 *
 *     const list = new ListBuilder(limit);
 *     list.push(buf, start, end);
 *     if (list.length > 0) list.store(db, db.lookupWrite(args, 1), args, 1);
 */
export class ListBuilder {
  /** How many elements there are. */
  length = 0;
  readonly #limit: number;
  readonly #run = newBytes(PACKED_BYTES_MAX);
  #end = PACKED_HEADER_BYTES;
  /** The list, once it is too long to be packed. */
  #list: ListDeque | undefined;

  /** @param limit is `list-max-listpack-size`. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Adds `buf[start .. end)` behind the last element. */
  push(buf: Uint8Array, start: number, end: number): void {
    const fits = this.#end + entryBytes(end - start) <= PACKED_BYTES_MAX;
    if (this.#list === undefined && fits) {
      this.#end = writeEntry(this.#run, this.#end, buf, start, end);
    } else {
      this.#list ??= ListDeque.ofRun(
        this.#run,
        PACKED_HEADER_BYTES,
        this.#end,
        this.length,
        this.#limit,
      );
      this.#list.push(false, buf, start, end);
    }
    this.length++;
  }

  /**
   * Stores the list, which must not be empty, under argument `i`, whose last lookup returned `ref`;
   * whatever was there goes, and expiry with it unless `keepExpiry`. The builder is of no use after.
   */
  store(db: Database, ref: Ref, args: Args, i: number, keepExpiry = false): Ref {
    if (this.length === 0) throw new Error("a list is never empty");
    if (this.#list !== undefined) return db.storeObject(ref, args, i, this.#list, keepExpiry);
    writePackedLength(this.#run, 0, this.length);
    return db.store(ref, args, i, LIST_PACKED, this.#run, 0, this.#end, keepExpiry);
  }
}
