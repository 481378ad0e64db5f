/**
 * A list under a key: short ones packed in the record, long ones a {@linkcode ListDeque}.
 *
 * The functions that change a list take the key as `(args, k)` and its `ref`, of which they may make
 * another one; who calls them reports the change. A list is never empty: who takes the last element
 * removes the key.
 */

import { type Database, NONE, type Ref } from "../../keyspace/database.ts";
import { LIST_PACKED, OBJECT } from "../../keyspace/value.ts";
import { copyBytes, equalBytes } from "../../memory/bytes.ts";
import type { Args } from "../../resp/args.ts";
import { ListCursor } from "./cursor.ts";
import { ListDeque } from "./deque.ts";
import { entryBytes } from "./entry.ts";
import {
  dropPacked,
  insertPacked,
  PACKED_BYTES_MAX,
  PACKED_HEADER_BYTES,
  packedLength,
  pushPacked,
  removePacked,
} from "./packed.ts";

const EMPTY = new Uint8Array(PACKED_HEADER_BYTES);
const cursor = new ListCursor();

/** The list under `ref` if it is a long one, whose methods may then be used; NONE is none. */
export function longList(db: Database, ref: Ref): ListDeque | undefined {
  if (ref === NONE || db.encoding(ref) !== OBJECT) return undefined;
  const object = db.object(ref);
  return object instanceof ListDeque ? object : undefined;
}

/** How many elements a list has. */
export function listLength(db: Database, ref: Ref): number {
  if (db.encoding(ref) === OBJECT) return (db.object(ref) as ListDeque).length;
  const { bytes, valueStart } = db.locate(ref);
  return packedLength(bytes, valueStart);
}

/**
 * Adds `buf[start .. end)` at one end of a list, or makes one of it (`ref` is NONE, from the last
 * lookup). `buf` is not in this database. `limit` is `list-max-listpack-size`.
 */
export function pushList(
  db: Database,
  ref: Ref,
  args: Args,
  k: number,
  left: boolean,
  buf: Uint8Array,
  start: number,
  end: number,
  limit: number,
): Ref {
  if (ref === NONE) ref = db.store(ref, args, k, LIST_PACKED, EMPTY, 0, EMPTY.length);
  if (db.encoding(ref) === OBJECT) {
    (db.object(ref) as ListDeque).push(left, buf, start, end);
    return ref;
  }
  const { valueStart, valueEnd } = db.locate(ref);
  const length = valueEnd - valueStart;
  if (length + entryBytes(end - start) <= PACKED_BYTES_MAX) {
    return insertPacked(db, ref, left ? PACKED_HEADER_BYTES : length, buf, start, end);
  }
  const list = unpack(db, ref, limit);
  list.push(left, buf, start, end);
  return db.storeObject(ref, args, k, list, true);
}

/**
 * Adds the arguments from `first` on at one end, one after another. The rest is as in
 * {@linkcode pushList}; the record is made or moved once only.
 */
export function pushArguments(
  db: Database,
  ref: Ref,
  args: Args,
  k: number,
  first: number,
  left: boolean,
  limit: number,
): Ref {
  const length = ref === NONE ? PACKED_HEADER_BYTES : packedBytes(db, ref);
  let size = length;
  for (let i = first; i < args.count; i++) size += entryBytes(args.length(i));
  if (ref === NONE) ref = db.store(ref, args, k, LIST_PACKED, EMPTY, 0, EMPTY.length);
  if (size <= PACKED_BYTES_MAX) return pushPacked(db, ref, args, first, left, size - length);
  const list = longList(db, ref) ?? unpack(db, ref, limit);
  for (let i = first; i < args.count; i++) list.push(left, args.buf, args.start(i), args.end(i));
  return db.encoding(ref) === OBJECT ? ref : db.storeObject(ref, args, k, list, true);
}

/** Bytes of a packed list; Infinity for a long one. */
function packedBytes(db: Database, ref: Ref): number {
  if (db.encoding(ref) === OBJECT) return Infinity;
  const { valueStart, valueEnd } = db.locate(ref);
  return valueEnd - valueStart;
}

/** Takes `count` elements out at one end; there are more. */
export function dropFromList(db: Database, ref: Ref, left: boolean, count: number): Ref {
  if (db.encoding(ref) !== OBJECT) return dropPacked(db, ref, left, count);
  (db.object(ref) as ListDeque).drop(left, count);
  return ref;
}

/** Adds an element before the place of `at`, a cursor on this list. Arguments as in `pushList`. */
export function insertIntoList(
  db: Database,
  ref: Ref,
  args: Args,
  k: number,
  at: ListCursor,
  before: boolean,
  buf: Uint8Array,
  start: number,
  end: number,
  limit: number,
): Ref {
  const offset = (before ? at.from : at.to) - at.head;
  if (db.encoding(ref) === OBJECT) {
    (db.object(ref) as ListDeque).insert(at.chunk, offset, buf, start, end);
    return ref;
  }
  const size = PACKED_HEADER_BYTES + at.tail - at.head + entryBytes(end - start);
  if (size <= PACKED_BYTES_MAX) {
    return insertPacked(db, ref, PACKED_HEADER_BYTES + offset, buf, start, end);
  }
  const list = unpack(db, ref, limit);
  list.insert(0, offset, buf, start, end);
  return db.storeObject(ref, args, k, list, true);
}

/** Puts another element in the place of the one under `at`, a cursor on this list. */
export function replaceInList(
  db: Database,
  ref: Ref,
  args: Args,
  k: number,
  at: ListCursor,
  buf: Uint8Array,
  start: number,
  end: number,
  limit: number,
): Ref {
  const list = longList(db, ref);
  const isAsLong = at.end - at.start === end - start;
  if (list !== undefined) {
    if (isAsLong) list.overwrite(at.chunk, at.start, buf, start, end);
    else list.replace(at.chunk, at.from, at.to, buf, start, end);
    return ref;
  }
  if (isAsLong) {
    copyBytes(buf, start, end, at.bytes, at.start);
    return ref;
  }
  const offset = at.from - at.head;
  const size = at.to - at.from;
  const kept = PACKED_HEADER_BYTES + at.tail - at.head - size;
  if (kept + entryBytes(end - start) > PACKED_BYTES_MAX) {
    const list = unpack(db, ref, limit);
    const { head } = list.chunks.at(0);
    list.replace(0, head + offset, head + offset + size, buf, start, end);
    return db.storeObject(ref, args, k, list, true);
  }
  const from = PACKED_HEADER_BYTES + offset;
  ref = removePacked(db, ref, [from, from + size]);
  return insertPacked(db, ref, from, buf, start, end);
}

/**
 * Takes out elements that are `buf[start .. end)`: `count_max` of them at most, the last ones if
 * `fromEnd`. Removes the key if none is left. Returns how many have gone.
 */
export function removeFromList(
  db: Database,
  ref: Ref,
  buf: Uint8Array,
  start: number,
  end: number,
  count_max: number,
  fromEnd: boolean,
): number {
  const total = listLength(db, ref);
  const removed = db.encoding(ref) === OBJECT
    ? removeFromDeque(db.object(ref) as ListDeque, buf, start, end, count_max, fromEnd)
    : removeFromPacked(db, ref, buf, start, end, count_max, fromEnd);
  if (removed === total) db.remove(ref);
  return removed;
}

function removeFromPacked(
  db: Database,
  ref: Ref,
  buf: Uint8Array,
  start: number,
  end: number,
  count_max: number,
  fromEnd: boolean,
): number {
  cursor.open(db, ref);
  if (fromEnd) cursor.seekEnd();
  const origin = cursor.head - PACKED_HEADER_BYTES;
  const { length } = cursor;
  const found = matchesInRun(buf, start, end, count_max, fromEnd);
  const count = found.length / 2;
  if (count > 0 && count < length) removePacked(db, ref, found.map((place) => place - origin));
  return count;
}

function removeFromDeque(
  list: ListDeque,
  buf: Uint8Array,
  start: number,
  end: number,
  count_max: number,
  fromEnd: boolean,
): number {
  const { chunks } = list;
  let removed = 0;
  let first = chunks.length; // the chunks that have lost something, to be joined in the end
  let last = 0;
  for (let at = fromEnd ? chunks.length - 1 : 0; at >= 0 && at < chunks.length;) {
    cursor.openDeque(list);
    cursor.enter(at, fromEnd);
    const found = matchesInRun(buf, start, end, count_max - removed, fromEnd);
    const stays = found.length < 2 * chunks.at(at).count;
    if (found.length > 0) {
      list.remove(at, found);
      removed += found.length / 2;
      first = Math.min(first, at);
      last = Math.max(last, at);
    }
    if (removed === count_max) break;
    if (fromEnd) at--;
    else if (stays) at++;
  }
  list.join(first, last);
  return removed;
}

/**
 * Where entries that are `buf[start .. end)` begin and end in the run under `cursor`, in turn, from
 * left to right.
 */
function matchesInRun(
  buf: Uint8Array,
  start: number,
  end: number,
  count_max: number,
  backwards: boolean,
): number[] {
  const found: number[] = [];
  const length = end - start;
  while (found.length < 2 * count_max) {
    if (backwards) {
      if (cursor.from === cursor.head) break;
      cursor.readBefore(cursor.from);
    } else {
      if (cursor.to === cursor.tail) break;
      cursor.readAfter(cursor.to);
    }
    const { bytes, from, to } = cursor;
    if (cursor.end - cursor.start !== length) continue;
    if (!equalBytes(bytes, cursor.start, buf, start, length)) continue;
    if (backwards) found.push(to, from); // turned round as a whole below
    else found.push(from, to);
  }
  return backwards ? found.reverse() : found;
}

function unpack(db: Database, ref: Ref, limit: number): ListDeque {
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  const from = valueStart + PACKED_HEADER_BYTES;
  return ListDeque.ofRun(bytes, from, valueEnd, packedLength(bytes, valueStart), limit);
}
