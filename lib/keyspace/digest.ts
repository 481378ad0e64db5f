/**
 * Digests of keys and of all data (DEBUG DIGEST), made as Redis makes them: two servers with the
 * same data have the same digest, whatever the order in which it came.
 *
 *     data    for each database that is not empty: mix(index), then xor of each key's digest
 *     key     mix(name), mix(type), mix(value), xor of "!!expire!!" if it expires
 */

import { DIGEST_SIZE_BYTES, mixDigest, xorDigest } from "../numbers/sha1_digest.ts";
import type { Database, Ref } from "./database.ts";
import type { Keyspace } from "./keyspace.ts";
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

const EXPIRES = new TextEncoder().encode("!!expire!!");

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
      const ofKey = new Uint8Array(DIGEST_SIZE_BYTES);
      const { bytes, keyStart, valueStart } = db.locate(ref);
      mixDigest(ofKey, bytes.subarray(keyStart, valueStart));
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
  if (type !== "string") throw new Error(`no digest is known of a ${type}`);
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  mixDigest(digest, bytes.subarray(valueStart, valueEnd));
  if (db.expiry(ref) !== undefined) xorDigest(digest, EXPIRES);
}

function bigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
