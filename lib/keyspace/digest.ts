/**
 * Digests of keys and of all data (DEBUG DIGEST), made as Redis makes them: two servers with the
 * same data have the same digest, whatever the order in which it came.
 *
 *     data    for each database that is not empty: mix(index), then xor of each key's digest
 *     key     mix(name), mix(type), mix(value), xor of "!!expire!!" if it expires
 */

import { formatDouble } from "../numbers/double.ts";
import { DIGEST_SIZE_BYTES, mixDigest, xorDigest } from "../numbers/sha1_digest.ts";
import type { Database, Ref } from "./database.ts";
import type { Keyspace } from "./keyspace.ts";
import { hashAt } from "../types/hash/view.ts";
import { listAt } from "../types/list/view.ts";
import { setAt } from "../types/set/view.ts";
import type { Element } from "../types/stream/listpack.ts";
import { forEachEntry, streamAt } from "../types/stream/view.ts";
import { zsetAt } from "../types/zset/view.ts";
import type { ValueType } from "./value.ts";

/** What Redis calls the types in a digest, and in its files. */
const TYPE_NUMBERS: Readonly<Record<ValueType, number>> = {
  string: 0,
  list: 1,
  set: 2,
  zset: 3,
  hash: 4,
  stream: 6,
};

const encoder = new TextEncoder();
const EXPIRES = encoder.encode("!!expire!!");
/** As Redis 7.4 marks a field of a hash that expires. */
const FIELD_EXPIRES = encoder.encode("!!hexpire!!");

/** Digest of what a key holds and whether it expires: 20 bytes. Its name is not part of it. */
export function valueDigest(db: Database, ref: Ref): Uint8Array {
  const digest = new Uint8Array(DIGEST_SIZE_BYTES);
  mixValue(digest, db, ref);
  return digest;
}

/** Digest of all data: 40 hexadecimal digits. O(N). */
export function datasetDigest(keyspace: Keyspace): string {
  const digest = new Uint8Array(DIGEST_SIZE_BYTES);
  for (const db of keyspace.databases()) {
    if (db.size === 0) continue;
    mixDigest(digest, bigEndian(db.index));
    db.table.forEach((ref) => {
      if (db.type(ref) === "hash" && hashAt(db, ref).size === 0) return; // all fields have expired
      const ofKey = new Uint8Array(DIGEST_SIZE_BYTES);
      const { bytes, keyStart, valueStart } = db.locate(ref);
      mixDigest(ofKey, bytes, keyStart, valueStart);
      mixValue(ofKey, db, ref);
      xorDigest(digest, ofKey);
    });
  }
  return digestText(digest);
}

/** A digest as 40 hexadecimal digits. */
export function digestText(digest: Uint8Array): string {
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function mixValue(digest: Uint8Array, db: Database, ref: Ref): void {
  const type = db.type(ref);
  mixDigest(digest, bigEndian(TYPE_NUMBERS[type]));
  MIXERS[type](digest, db, ref);
  if (db.expiry(ref) !== undefined) xorDigest(digest, EXPIRES);
}

type Mixer = (digest: Uint8Array, db: Database, ref: Ref) => void;

/** How the value of each type is made part of a digest. */
const MIXERS: Readonly<Record<ValueType, Mixer>> = {
  string(digest, db, ref) {
    const { bytes, valueStart, valueEnd } = db.locate(ref);
    mixDigest(digest, bytes, valueStart, valueEnd);
  },
  list(digest, db, ref) {
    listAt(db, ref).forEach((bytes, start, end) => mixDigest(digest, bytes, start, end));
  },
  set(digest, db, ref) {
    setAt(db, ref).forEach((bytes, start, end) => xorDigest(digest, bytes, start, end));
  },
  zset(digest, db, ref) {
    zsetAt(db, ref).forEach((bytes, start, end, score) => {
      const ofMember = new Uint8Array(DIGEST_SIZE_BYTES);
      mixDigest(ofMember, bytes, start, end);
      mixDigest(ofMember, encoder.encode(formatDouble(score)));
      xorDigest(digest, ofMember);
    });
  },
  hash(digest, db, ref) {
    hashAt(db, ref).forEach((field, fs, fe, value, vs, ve, expiry_ms) => {
      const ofField = new Uint8Array(DIGEST_SIZE_BYTES);
      mixDigest(ofField, field, fs, fe);
      mixDigest(ofField, value, vs, ve);
      if (expiry_ms !== undefined) xorDigest(ofField, FIELD_EXPIRES);
      xorDigest(digest, ofField);
    });
  },
  stream(digest, db, ref) {
    const mix = ({ bytes, start, end }: Element) => mixDigest(digest, bytes, start, end);
    forEachEntry(
      streamAt(db, ref),
      ({ ms, seq }) => mixDigest(digest, encoder.encode(`${ms}.${seq}`)),
      (field, value) => {
        mix(field);
        mix(value);
      },
    );
  },
};

function bigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
