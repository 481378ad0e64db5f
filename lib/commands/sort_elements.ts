/** The elements that SORT works on: copies, for what it looks up may change the database. */

import type { Database, Ref } from "../keyspace/database.ts";
import { ListCursor } from "../types/list/cursor.ts";
import { setAt, type SetView } from "../types/set/view.ts";
import { Zset } from "../types/zset/zset.ts";
import type { ByteList } from "./byte_list.ts";

/** A list, set or sorted set, to be copied from: valid until the next change. */
export class Source {
  /** What the collection is. */
  type: "list" | "set" | "zset" = "list";
  /** How many elements it has. */
  size = 0;
  readonly #list = new ListCursor();
  readonly #zset = new Zset();
  #set: SetView | undefined;

  /** Goes to what the record at `ref` holds; false: it cannot be sorted. */
  open(db: Database, ref: Ref): boolean {
    const type = db.type(ref);
    if (type === "list") this.size = this.#list.open(db, ref).length;
    else if (type === "set") this.size = (this.#set = setAt(db, ref)).size;
    else if (type === "zset") this.size = this.#zset.open(db, ref).size;
    else return false;
    this.type = type;
    return true;
  }

  /**
   * Copies elements number `first` to `last` in the order of the collection, which lists and sorted
   * sets have; `backwards` counts from its end.
   */
  copy(first: number, last: number, backwards: boolean, into: ByteList): void {
    into.clear();
    if (first > last) return;
    if (this.type === "list") this.#copyList(first, last, backwards, into);
    else if (this.type === "zset") this.#copyZset(first, last, backwards, into);
    else copySet(this.#set!, first, last, into);
  }

  #copyList(first: number, last: number, backwards: boolean, into: ByteList): void {
    const cursor = this.#list;
    cursor.seek(backwards ? cursor.length - first : first);
    while (into.count <= last - first) {
      if (backwards) cursor.previous();
      else cursor.next();
      into.push(cursor.bytes, cursor.start, cursor.end);
    }
  }

  #copyZset(first: number, last: number, backwards: boolean, into: ByteList): void {
    const zset = this.#zset;
    zset.seek(backwards ? zset.size - 1 - first : first, backwards);
    while (into.count <= last - first && zset.step()) into.push(zset.bytes, zset.start, zset.end);
  }
}

function copySet(set: SetView, first: number, last: number, into: ByteList): void {
  let i = 0;
  set.until((bytes, start, end) => {
    if (i >= first) into.push(bytes, start, end);
    return i++ >= last;
  });
}
