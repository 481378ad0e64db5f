/** The elements that SORT works on: copies, for what it looks up may change the database. */

import type { Buffer } from "node:buffer";
import type { Database, Ref } from "../keyspace/database.ts";
import { copyBytes, newBytes } from "../memory/bytes.ts";
import { ListCursor } from "../types/list/cursor.ts";
import { setAt } from "../types/set/view.ts";
import { Zset } from "../types/zset/zset.ts";

/** Runs of bytes one after another in one buffer, without an object for each. */
export class ByteList {
  /** Run `i` is `bytes[start(i) .. end(i))`. */
  bytes: Buffer = newBytes(1024);
  /** How many runs there are. */
  count = 0;
  readonly #ends: Float64Array;

  /** @param count_max how many runs there will be at most. */
  constructor(count_max: number) {
    this.#ends = new Float64Array(count_max);
  }

  /** Adds a copy of `buf[start .. end)`. */
  push(buf: Uint8Array, start: number, end: number): void {
    const at = this.start(this.count);
    const length = at + end - start;
    if (length > this.bytes.length) {
      const grown = newBytes(Math.max(length, this.bytes.length * 2));
      copyBytes(this.bytes, 0, at, grown, 0);
      this.bytes = grown;
    }
    copyBytes(buf, start, end, this.bytes, at);
    this.#ends[this.count++] = length;
  }

  /** Offset of the first byte of run `i`. */
  start(i: number): number {
    return i === 0 ? 0 : this.#ends[i - 1];
  }

  /** Offset past the last byte of run `i`. */
  end(i: number): number {
    return this.#ends[i];
  }
}

/** A list, set or sorted set, to be copied from. */
export interface Source {
  readonly type: "list" | "set" | "zset";
  readonly size: number;
  /**
   * Copies elements number `first` to `last` in the order of the collection, which lists and sorted
   * sets have; `backwards` counts from its end.
   */
  copy(first: number, last: number, backwards: boolean): ByteList;
}

/** What the record at `ref` holds; undefined: it cannot be sorted. Valid until the next change. */
export function sourceAt(db: Database, ref: Ref): Source | undefined {
  const type = db.type(ref);
  if (type === "list") return listSource(new ListCursor().open(db, ref));
  if (type === "set") return setSource(db, ref);
  return type === "zset" ? zsetSource(new Zset().open(db, ref)) : undefined;
}

function listSource(cursor: ListCursor): Source {
  return {
    type: "list",
    size: cursor.length,
    copy(first, last, backwards) {
      const elements = new ByteList(last - first + 1);
      cursor.seek(backwards ? cursor.length - first : first);
      while (elements.count <= last - first) {
        if (backwards) cursor.previous();
        else cursor.next();
        elements.push(cursor.bytes, cursor.start, cursor.end);
      }
      return elements;
    },
  };
}

function zsetSource(zset: Zset): Source {
  return {
    type: "zset",
    size: zset.size,
    copy(first, last, backwards) {
      const elements = new ByteList(last - first + 1);
      zset.seek(backwards ? zset.size - 1 - first : first, backwards);
      while (elements.count <= last - first && zset.step()) {
        elements.push(zset.bytes, zset.start, zset.end);
      }
      return elements;
    },
  };
}

function setSource(db: Database, ref: Ref): Source {
  const set = setAt(db, ref);
  return {
    type: "set",
    size: set.size,
    copy(first, last) {
      const elements = new ByteList(last - first + 1);
      let i = 0;
      if (first > last) return elements;
      set.until((bytes, start, end) => {
        if (i >= first) elements.push(bytes, start, end);
        return i++ >= last;
      });
      return elements;
    },
  };
}
