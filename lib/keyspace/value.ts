/**
 * What a key can hold: the encodings of a record's value, and the names that TYPE and
 * OBJECT ENCODING give them.
 *
 * Strings stand in the record itself, whatever their length. A collection stands in the record as
 * long as it is small and packed; a larger one is an object, and the record holds its handle
 * ({@linkcode OBJECT}).
 */

import type { KeysAhead } from "../memory/keys_ahead.ts";
import { parseInt64 } from "../numbers/int64.ts";
import type { KeptBytes } from "../memory/kept_bytes.ts";
import type { ValueMoment } from "./value_moment.ts";

/** A string that is a 64-bit integer in decimal, kept as its digits. */
export const INT = 1;
/** A string of at most 44 bytes that was never changed in place. */
export const EMBSTR = 2;
/** Any other string. */
export const RAW = 3;
/**
 * A value that is an object; the record's value is its handle. A handle of 0: the object sleeps, and
 * what it is made of stands behind (`types/stream/packed_stream.ts`).
 */
export const OBJECT = 4;
/** A list of packed entries, see `types/list/`. */
export const LIST_PACKED = 5;
/** A hash as a packed run of fields and values. */
export const HASH_PACKED = 6;
/** A set as a packed run of members. */
export const SET_PACKED = 7;
/** A set of integers, in order. */
export const SET_INTEGERS = 8;
/** A sorted set as a packed run of members and scores, in order. */
export const ZSET_PACKED = 9;
/** A hash as a packed run, some of whose fields expire; see `types/hash/packed_fields.ts`. */
export const HASH_PACKED_TIMED = 10;

/** Bytes of the handle of an object. */
export const HANDLE_BYTES = 4;

/** Longest string that Redis embeds in its object (OBJ_ENCODING_EMBSTR_SIZE_LIMIT). */
const EMBSTR_BYTES_MAX = 44;
/** Longest text of a 64-bit integer. */
const INT_DIGITS_MAX = 20;

/** The types that TYPE names. */
export type ValueType = "string" | "list" | "set" | "zset" | "hash" | "stream";

/** Type and OBJECT ENCODING's name of each encoding but {@linkcode OBJECT}, by its number. */
export const ENCODINGS: readonly { readonly type: ValueType; readonly name: string }[] = [
  { type: "string", name: "none" }, // 0 is no encoding
  { type: "string", name: "int" },
  { type: "string", name: "embstr" },
  { type: "string", name: "raw" },
  { type: "string", name: "object" }, // an object knows its own
  { type: "list", name: "quicklist" },
  { type: "hash", name: "listpack" },
  { type: "set", name: "hashtable" }, // Redis 7.0 packs no sets but those of integers
  { type: "set", name: "intset" },
  { type: "zset", name: "listpack" },
  { type: "hash", name: "listpackex" }, // Redis 7.4's name
];

/** A value too large to be packed into its record. */
export interface ValueObject {
  readonly type: ValueType;
  /** The name that OBJECT ENCODING gives. */
  readonly encodingName: string;
  /** Bytes of memory it takes. */
  readonly usedBytes: number;
  /** A copy that shares nothing with it. */
  clone(): ValueObject;
  /**
   * Gives its memory back at once; it is not used any more. Must be fast whatever its size. While
   * there is a moment of it that takes effect when the moment ends.
   */
  free(): void;
  /**
   * Begins a moment: the value as it is now, read later and bit by bit, whatever changes. Must be
   * fast whatever its size. One at a time.
   *
   * @param clock_ms parts that expire up to this time have expired.
   * @param kept counts what is kept.
   */
  keep(clock_ms: number, kept: KeptBytes): ValueMoment;
  /**
   * Reads ahead what commands `from .. to` of `keys` will look up in it, and returns whether that was
   * worth the while; missing: there is nothing to gain.
   */
  warm?(keys: KeysAhead, from: number, to: number): boolean;
  /** When the first of its parts expires, in ms since the epoch; Infinity or missing: none does. */
  readonly nextExpiry_ms?: number;
}

/** The encoding that Redis gives to a string when it is set: INT, EMBSTR or RAW. */
export function stringEncoding(buf: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length <= INT_DIGITS_MAX && length > 0) {
    const first = buf[start];
    const numeric = (first >= 48 && first <= 57) || first === 45;
    if (numeric && parseInt64(buf, start, end) !== undefined) return INT;
  }
  return length <= EMBSTR_BYTES_MAX ? EMBSTR : RAW;
}
