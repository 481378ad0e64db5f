/**
 * Stores a value that was read from RDB, kept as the configuration asks for.
 *
 * Loading a file is made of this: what is small goes from the run it was read into to the record in
 * one copy, what is large is put into its table without intermediaries.
 */

import type { Buffer } from "node:buffer";
import { compareRuns, copyBytes, newBytes } from "../../memory/bytes.ts";
import type { Database, Ref } from "../../keyspace/database.ts";
import {
  HASH_PACKED,
  LIST_PACKED,
  OBJECT,
  SET_PACKED,
  stringEncoding,
  ZSET_PACKED,
} from "../../keyspace/value.ts";
import { parseInt64 } from "../../numbers/int64.ts";
import type { Args } from "../../resp/args.ts";
import { type HashEntry, storeHash } from "../hash/build.ts";
import type { HashLimits } from "../hash/hash.ts";
import { HashTable } from "../hash/hash_table.ts";
import { ListBuilder } from "../list/build.ts";
import { entryBytes, writeEntry } from "../list/entry.ts";
import { PACKED_BYTES_MAX, PACKED_HEADER_BYTES, writePackedLength } from "../list/packed.ts";
import { storeIntegers, storeSet } from "../set/build.ts";
import { PACKED_MEMBER_BYTES_MAX, PACKED_MEMBERS_MAX } from "../set/editor.ts";
import { SetTable } from "../set/set_table.ts";
import { storeStream } from "../stream/build.ts";
import { PackedStream, unpackStream } from "../stream/packed_stream.ts";
import type { Stream } from "../stream/stream.ts";
import { storeZset } from "../zset/build.ts";
import { LargeZset } from "../zset/large_zset.ts";
import { MemberList } from "../zset/member_list.ts";
import { ENTRY_OVERHEAD_BYTES_MAX, RunWriter } from "../zset/packed_run.ts";
import type { PackedLimits } from "../zset/zset_writer.ts";
import type { Intset, RdbValue } from "./decode.ts";
import type { Elements } from "./elements.ts";
import { INTSET_HEADER_BYTES, IntsetReader } from "./intset.ts";
import type { EncodingLimits } from "./limits.ts";
import type { Scores } from "./scores.ts";

/** Longest run of a hash (LISTPACK_MAX_SAFETY_LIMIT), whatever the directives say. */
const RUN_BYTES_MAX = 1 << 30;
/** Longest run of a sorted set that is written into {@linkcode run}. */
const SHORT_RUN_BYTES_MAX = 1 << 16;

/** A stream with a longer key does not sleep. */
const SLEEPING_KEY_BYTES_MAX = 1024;

/** Runs of lists and sorted sets are written here, used again and again. */
let run = newBytes(PACKED_BYTES_MAX);

/** Where a value is stored: the arguments of {@linkcode Database.store}. */
interface Place {
  readonly db: Database;
  readonly ref: Ref;
  readonly args: Args;
  readonly i: number;
}

/**
 * Stores a value under argument `i`, whatever was there: `ref` is what the last lookup of that key
 * returned, with no other since. The caller reports the change.
 */
export function storeValue(
  db: Database,
  ref: Ref,
  args: Args,
  i: number,
  value: RdbValue,
  limits: EncodingLimits,
): void {
  const place = { db, ref, args, i };
  switch (value.type) {
    case "string": {
      const { bytes, start, end } = value;
      db.store(ref, args, i, stringEncoding(bytes, start, end), bytes, start, end);
      return;
    }
    case "list":
      return putList(place, value.elements, limits.listNodeSize);
    case "set":
      if ("intset" in value) return putIntegers(place, value.intset, limits.setIntegers_max);
      return putSet(place, value.elements, limits.setIntegers_max);
    case "hash":
      if (value.expiries === undefined) return putHash(place, value.elements, limits.hash);
      storeHash(db, ref, args, i, limits.hash, pairs(value.elements, value.expiries));
      return;
    case "zset":
      return putZset(place, value.elements, value.scores, limits.zset);
    case "stream":
      return putStream(place, value.stream);
  }
}

function putList({ db, ref, args, i }: Place, elements: Elements, limit: number): void {
  const { count, bytes } = elements;
  let size = PACKED_HEADER_BYTES;
  for (let k = 0; k < count && size <= PACKED_BYTES_MAX; k++) {
    size += entryBytes(elements.end(k) - elements.start(k));
  }
  if (size > PACKED_BYTES_MAX) {
    const list = new ListBuilder(limit);
    for (let k = 0; k < count; k++) list.push(bytes, elements.start(k), elements.end(k));
    list.store(db, ref, args, i);
    return;
  }
  let at = PACKED_HEADER_BYTES;
  writePackedLength(run, 0, count);
  if (elements.longest < 0x80) { // lengths of one byte: by far most lists
    const { starts, ends } = elements;
    for (let k = 0; k < count; k++) {
      const end = ends[k];
      const length = end - starts[k];
      copyBytes(bytes, starts[k] - 1, end, run, at); // the length stands there as here
      at += length + 1;
      run[at++] = length;
    }
  } else {
    for (let k = 0; k < count; k++) {
      at = writeEntry(run, at, bytes, elements.start(k), elements.end(k));
    }
  }
  db.store(ref, args, i, LIST_PACKED, run, 0, at);
}

function putSet({ db, ref, args, i }: Place, elements: Elements, integers_max: number): void {
  const { count, bytes } = elements;
  if (isAllIntegers(elements)) {
    return storeSet(db, ref, args, i, integers_max, (add) => {
      for (let k = 0; k < count; k++) add(bytes, elements.start(k), elements.end(k));
    });
  }
  if (count <= PACKED_MEMBERS_MAX && elements.longest <= PACKED_MEMBER_BYTES_MAX) {
    db.store(ref, args, i, SET_PACKED, bytes, 0, elements.length);
    return;
  }
  const table = new SetTable(db.keyspace.seed);
  table.table.reserve(count, 0);
  for (let k = 0; k < count; k++) table.add(bytes, elements.start(k), elements.end(k));
  db.storeObject(ref, args, i, table);
}

/** Our sets of integers are intsets with a shorter header: there is nothing to convert. */
function putIntegers({ db, ref, args, i }: Place, intset: Intset, integers_max: number): void {
  const { bytes, start, end } = intset;
  const width = bytes[start];
  if ((end - start - INTSET_HEADER_BYTES) / width <= integers_max) {
    return storeIntegers(db, ref, args, i, width, bytes, start + INTSET_HEADER_BYTES, end);
  }
  const reader = new IntsetReader(bytes, start, end);
  storeSet(db, ref, args, i, integers_max, (add) => {
    while (reader.next()) add(reader.bytes, reader.start, reader.stop);
  });
}

function isAllIntegers(elements: Elements): boolean {
  const { count, bytes } = elements;
  for (let k = 0; k < count; k++) {
    if (parseInt64(bytes, elements.start(k), elements.end(k)) === undefined) return false;
  }
  return true;
}

/** A small stream sleeps in its record, unless that would be large because of its key. */
function putStream({ db, ref, args, i }: Place, stream: Stream | PackedStream): void {
  if (!(stream instanceof PackedStream)) {
    storeStream(db, ref, args, i, stream);
  } else if (args.length(i) > SLEEPING_KEY_BYTES_MAX) {
    storeStream(db, ref, args, i, unpackStream(stream.bytes, 0, stream.length));
  } else {
    db.store(ref, args, i, OBJECT, stream.bytes, 0, stream.length);
  }
}

function putHash({ db, ref, args, i }: Place, elements: Elements, limits: HashLimits): void {
  const { count, bytes, longest, length } = elements;
  if (
    count <= 2 * limits["hash-max-listpack-entries"] &&
    longest <= limits["hash-max-listpack-value"] && length <= RUN_BYTES_MAX
  ) {
    db.store(ref, args, i, HASH_PACKED, bytes, 0, length);
    return;
  }
  const hash = new HashTable(db.keyspace.seed);
  hash.table.reserve(count / 2, 0);
  for (let k = 0; k < count; k += 2) {
    const [start, end] = [elements.start(k), elements.end(k)];
    hash.find(bytes, start, end); // for the insertion
    hash.insert(bytes, start, end, bytes, elements.start(k + 1), elements.end(k + 1));
  }
  db.storeObject(ref, args, i, hash);
}

function* pairs(
  elements: Elements,
  expiries: readonly (number | undefined)[],
): Generator<HashEntry> {
  for (let k = 0; k < elements.count; k += 2) {
    yield {
      field: elements.bytes.subarray(elements.start(k), elements.end(k)),
      value: elements.bytes.subarray(elements.start(k + 1), elements.end(k + 1)),
      expiry_ms: expiries[k / 2],
    };
  }
}

function putZset(
  { db, ref, args, i }: Place,
  elements: Elements,
  scores: Scores,
  limits: PackedLimits,
): void {
  const { count, bytes, longest } = elements;
  const step = directionOf(elements, scores);
  if (step === 0) {
    storeZset(db, ref, args, i, memberList(db, elements, scores), limits);
    return;
  }
  const first = step > 0 ? 0 : count - 1;
  if (count > limits.entries_max || longest > limits.member_bytes_max) {
    const zset = new LargeZset(db.keyspace.seed);
    zset.table.reserve(count, 0);
    for (let n = 0, k = first; n < count; n++, k += step) {
      zset.append(bytes, elements.start(k), elements.end(k), scores.at(k));
    }
    db.storeObject(ref, args, i, zset);
    return;
  }
  const to = roomFor(elements.length + count * ENTRY_OVERHEAD_BYTES_MAX);
  const writer = new RunWriter(to);
  for (let n = 0, k = first; n < count; n++, k += step) {
    writer.push(bytes, elements.start(k), elements.end(k), scores.at(k));
  }
  db.store(ref, args, i, ZSET_PACKED, to, 0, writer.length);
}

function roomFor(size: number): Buffer {
  if (size <= run.length) return run;
  const larger = newBytes(size);
  if (size <= SHORT_RUN_BYTES_MAX) run = larger;
  return larger;
}

/**
 * In which direction the members are in order: 1, -1 - Redis writes large sets from the greatest
 * down - or 0, in none.
 */
function directionOf(elements: Elements, scores: Scores): 1 | -1 | 0 {
  const { count, bytes } = elements;
  if (count === 1) return 1;
  let direction: 1 | -1 | 0 = 0;
  for (let k = 1; k < count; k++) {
    const order = scores.at(k) - scores.at(k - 1) || compareRuns(
      bytes,
      elements.start(k),
      elements.end(k),
      bytes,
      elements.start(k - 1),
      elements.end(k - 1),
    );
    const here = order > 0 ? 1 : order < 0 ? -1 : 0;
    if (here === 0 || (k > 1 && here !== direction)) return 0;
    direction = here;
  }
  return direction;
}

function memberList(db: Database, elements: Elements, scores: Scores): MemberList {
  const members = new MemberList(db.keyspace.seed);
  for (let k = 0; k < elements.count; k++) {
    members.add(elements.bytes, elements.start(k), elements.end(k), scores.at(k));
  }
  members.sort();
  return members;
}
