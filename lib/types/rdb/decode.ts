/**
 * Reads the value of a key from RDB, of all kinds that Redis 7.0 and its ancestors write.
 *
 * Promise: a value is returned whole and sound - not empty, no member or field twice, no score that
 * is no number - or {@linkcode RdbError} is thrown. Nothing is stored here.
 */

import type { Buffer } from "node:buffer";
import type { HashSeed } from "../../memory/hash.ts";
import { parseDouble } from "../../numbers/double.ts";
import type { PackedStream } from "../stream/packed_stream.ts";
import type { Stream } from "../stream/stream.ts";
import { Elements } from "./elements.ts";
import type { EntryReader } from "./entries.ts";
import { RdbEmptyError } from "./error.ts";
import { checkIntset, INTSET_HEADER_BYTES } from "./intset.ts";
import { ListpackReader } from "./listpack_reader.ts";
import type { RdbReader } from "./reader.ts";
import { decodeStream } from "./streams.ts";
import { Scores } from "./scores.ts";
import { takeShortEntries } from "./short_entries.ts";
import { RdbType } from "./types.ts";
import { ZiplistReader } from "./ziplist_reader.ts";
import { ZipmapReader } from "./zipmap_reader.ts";

/** A value that was read: valid until the next one is. */
export type RdbValue =
  | {
    readonly type: "string";
    readonly bytes: Buffer;
    readonly start: number;
    readonly end: number;
  }
  | { readonly type: "list" | "set"; readonly elements: Elements }
  | { readonly type: "set"; readonly intset: Intset }
  /** Field, value, field, value; expiries in ms by pair, where any field has one. */
  | {
    readonly type: "hash";
    readonly elements: Elements;
    readonly expiries?: readonly (number | undefined)[];
  }
  | { readonly type: "zset"; readonly elements: Elements; readonly scores: Scores }
  | { readonly type: "stream"; readonly stream: Stream | PackedStream };

/** An intset that was checked: `bytes[start .. end)`. */
export interface Intset {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

const NODE_PLAIN = 1;
const NODE_PACKED = 2;
/** In the place of the length of a score's text. */
const SCORE_NAN = 253;
const SCORE_INFINITY = 254;
const SCORE_MINUS_INFINITY = 255;
/** The latest time at which a field can expire (EB_EXPIRE_TIME_MAX, in what HPEXPIREAT takes). */
const FIELD_TIME_MAX_MS = 2 ** 46 - 1;
/** Bytes of a length or a string, at least. */
const SIZE_MIN = 1;

/** What the values that are read stand in, one after another. */
const shared = new Elements();
const sharedScores = new Scores();

function cleared(): Elements {
  shared.clear();
  return shared;
}

/** Reads a value of an {@linkcode RdbType}. `seed`: of the hash that finds repetitions. */
export function decodeValue(reader: RdbReader, type: number, seed: HashSeed): RdbValue {
  switch (type) {
    case RdbType.string:
      reader.string();
      return { type: "string", bytes: reader.bytes, start: reader.start, end: reader.stop };
    case RdbType.list:
      return list(strings(reader, 1), reader);
    case RdbType.listZiplist:
      return list(packed(reader, ZiplistReader), reader);
    case RdbType.quicklist:
    case RdbType.quicklist2:
      return list(nodes(reader, type), reader);
    case RdbType.set:
      return set(strings(reader, 1), reader, seed);
    case RdbType.setIntset:
      return integers(reader);
    case RdbType.setListpack:
      return set(packed(reader, ListpackReader), reader, seed);
    case RdbType.hash:
      return hash(strings(reader, 2), reader, seed);
    case RdbType.hashZipmap:
      return hash(packed(reader, ZipmapReader), reader, seed);
    case RdbType.hashZiplist:
      return hash(packed(reader, ZiplistReader), reader, seed);
    case RdbType.hashListpack:
      return hash(packed(reader, ListpackReader), reader, seed);
    case RdbType.hashMetadata:
      return hashWithExpiries(reader, seed);
    case RdbType.hashListpackEx:
      return hashOfTriples(reader, seed);
    case RdbType.zset:
    case RdbType.zset2:
      return zsetOfPairs(reader, type, seed);
    case RdbType.zsetZiplist:
      return zsetOfRun(reader, ZiplistReader, seed);
    case RdbType.zsetListpack:
      return zsetOfRun(reader, ListpackReader, seed);
    case RdbType.stream:
    case RdbType.stream2:
    case RdbType.stream3:
      return { type: "stream", stream: decodeStream(reader, type) };
    default:
      throw reader.error(`unknown type ${type}`);
  }
}

/** A count and that many times `stride` strings. */
function strings(reader: RdbReader, stride: number): Elements {
  const count = stride * reader.count(stride * SIZE_MIN);
  const elements = cleared();
  for (let i = 0; i < count; i++) pushString(reader, elements);
  return elements;
}

function pushString(reader: RdbReader, elements: Elements): void {
  reader.string();
  elements.push(reader.bytes, reader.start, reader.stop);
}

/** An element that is a node by itself is a long one. */
function pushPlain(reader: RdbReader, elements: Elements): void {
  pushString(reader, elements);
  if (reader.start === reader.stop) throw reader.error("an empty node of a list");
}

type Opener = new (buf: Buffer, start: number, end: number) => EntryReader;

/** All entries of a compact run that stands in the place of a string. */
function packed(reader: RdbReader, Kind: Opener, elements = cleared()): Elements {
  reader.string();
  const { bytes, start, stop } = reader;
  if (Kind === ListpackReader && takeShortEntries(elements, bytes, start, stop)) return elements;
  const entries = new Kind(bytes, start, stop);
  while (entries.next()) elements.push(entries.bytes, entries.start, entries.stop);
  return elements;
}

function nodes(reader: RdbReader, type: number): Elements {
  const elements = cleared();
  for (let left = reader.count(SIZE_MIN); left > 0; left--) {
    const kind = type === RdbType.quicklist2 ? reader.length() : NODE_PACKED;
    if (kind === NODE_PLAIN) pushPlain(reader, elements);
    else if (kind !== NODE_PACKED) throw reader.error("unknown kind of a list's node");
    else packed(reader, type === RdbType.quicklist2 ? ListpackReader : ZiplistReader, elements);
  }
  return elements;
}

function list(elements: Elements, reader: RdbReader): RdbValue {
  if (elements.count === 0) throw new RdbEmptyError("an empty list", reader.at);
  return { type: "list", elements };
}

function set(elements: Elements, reader: RdbReader, seed: HashSeed): RdbValue {
  checkMembers(elements, 1, reader, seed);
  return { type: "set", elements };
}

function integers(reader: RdbReader): RdbValue {
  reader.string();
  const { bytes, start, stop: end } = reader;
  checkIntset(bytes, start, end);
  if (end - start === INTSET_HEADER_BYTES) {
    throw new RdbEmptyError("an empty collection", reader.at);
  }
  return { type: "set", intset: { bytes, start, end } };
}

function hash(elements: Elements, reader: RdbReader, seed: HashSeed): RdbValue {
  checkMembers(elements, 2, reader, seed);
  return { type: "hash", elements };
}

function checkMembers(
  elements: Elements,
  stride: number,
  reader: RdbReader,
  seed: HashSeed,
): void {
  if (elements.count === 0) throw new RdbEmptyError("an empty collection", reader.at);
  if (elements.count % stride !== 0) throw reader.error("half a pair");
  if (!elements.areDistinct(stride, seed)) throw reader.error("something stands there twice");
}

/** The expiry is relative to the first one of all, plus 1; 0: none. */
function hashWithExpiries(reader: RdbReader, seed: HashSeed): RdbValue {
  const first = timeOf(Number(reader.uint64()), reader);
  const count = reader.count(3 * SIZE_MIN);
  const elements = cleared();
  const expiries: (number | undefined)[] = [];
  for (let i = 0; i < count; i++) {
    const after = reader.length();
    expiries.push(after === 0 ? undefined : timeOf(first + after - 1, reader));
    pushString(reader, elements);
    pushString(reader, elements);
  }
  checkMembers(elements, 2, reader, seed);
  return { type: "hash", elements, expiries };
}

/** A listpack of field, value, expiry (0: none); before it the first expiry of all. */
function hashOfTriples(reader: RdbReader, seed: HashSeed): RdbValue {
  reader.skip(8);
  reader.string();
  const entries = new ListpackReader(reader.bytes, reader.start, reader.stop);
  const elements = cleared();
  const expiries: (number | undefined)[] = [];
  while (entries.next()) {
    elements.push(entries.bytes, entries.start, entries.stop);
    entries.needNext();
    elements.push(entries.bytes, entries.start, entries.stop);
    const expiry = entries.nextInteger();
    expiries.push(expiry === 0 ? undefined : timeOf(expiry, reader));
  }
  checkMembers(elements, 2, reader, seed);
  return { type: "hash", elements, expiries };
}

function timeOf(time_ms: number, reader: RdbReader): number {
  if (!(time_ms >= 0 && time_ms <= FIELD_TIME_MAX_MS)) throw reader.error("a time is out of range");
  return time_ms;
}

function zsetOfPairs(reader: RdbReader, type: number, seed: HashSeed): RdbValue {
  const count = reader.count(2 * SIZE_MIN);
  const elements = cleared();
  const scores = sharedScores;
  scores.clear();
  for (let i = 0; i < count; i++) {
    pushString(reader, elements);
    scores.push(type === RdbType.zset2 ? reader.double() : textScore(reader));
  }
  return zset(elements, scores, reader, seed);
}

/** A score as text, its length before it. */
function textScore(reader: RdbReader): number {
  const length = reader.byte();
  if (length === SCORE_NAN) return NaN;
  if (length === SCORE_INFINITY) return Infinity;
  if (length === SCORE_MINUS_INFINITY) return -Infinity;
  const start = reader.skip(length);
  return scoreOf(reader.buf, start, start + length, reader);
}

/** A compact run of member, score, member, score. */
function zsetOfRun(reader: RdbReader, Kind: Opener, seed: HashSeed): RdbValue {
  reader.string();
  const { bytes, start, stop } = reader;
  const elements = cleared();
  const scores = sharedScores;
  scores.clear();
  if (Kind === ListpackReader && takeShortEntries(elements, bytes, start, stop, scores)) {
    return zset(elements, scores, reader, seed);
  }
  scores.clear();
  const entries = new Kind(bytes, start, stop);
  while (entries.next()) {
    elements.push(entries.bytes, entries.start, entries.stop);
    if (!entries.next()) throw reader.error("half a pair");
    const { integer } = entries;
    scores.push(integer ?? scoreOf(entries.bytes, entries.start, entries.stop, reader));
  }
  return zset(elements, scores, reader, seed);
}

function scoreOf(buf: Buffer, start: number, end: number, reader: RdbReader): number {
  const score = parseDouble(buf, start, end);
  if (score === undefined) throw reader.error("a score is no number");
  return score;
}

function zset(
  elements: Elements,
  scores: Scores,
  reader: RdbReader,
  seed: HashSeed,
): RdbValue {
  checkMembers(elements, 1, reader, seed);
  if (scores.hasNaN) throw reader.error("a score is no number");
  return { type: "zset", elements, scores };
}
