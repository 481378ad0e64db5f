/**
 * A large record as it was at one moment: what a snapshot has yet to write, and who changes, moves or
 * removes the record need not wait for.
 */

import type { Buffer } from "node:buffer";
import type { KeptBytes } from "../memory/kept_bytes.ts";
import type { HeldValue } from "../memory/held_value.ts";
import type { Database, Ref } from "./database.ts";
import { EMBSTR, INT, OBJECT, RAW } from "./value.ts";
import type { ValueMoment } from "./value_moment.ts";

/** See above. */
export interface KeptRecord {
  /** Of the database that it belongs to. */
  readonly index: number;
  readonly key: Buffer;
  /** When it expires, in ms since the epoch; undefined: never. */
  readonly expiry_ms: number | undefined;
  /** What is noted of its last uses, and the time at which that is so. */
  readonly meta: number;
  readonly now_ms: number;
  /** A string, or the moment of an object. */
  readonly value: HeldValue | ValueMoment;
}

/**
 * Keeps a record as it is now, in no time.
 *
 * @param db where it is. @param index of the database that it belongs to. @param kept counts bytes.
 * @param clock_ms parts that expire up to this time have expired.
 * @returns undefined: it cannot be kept, and is small enough to be written at once.
 */
export function keepRecord(
  db: Database,
  index: number,
  ref: Ref,
  kept: KeptBytes,
  clock_ms: number,
): KeptRecord | undefined {
  const value = keepValue(db, ref, kept, clock_ms);
  if (value === undefined) return undefined;
  const { now_ms } = db.keyspace;
  const meta = db.table.meta(ref);
  return { index, key: db.keyOf(ref), expiry_ms: db.expiry(ref), meta, now_ms, value };
}

function keepValue(
  db: Database,
  ref: Ref,
  kept: KeptBytes,
  clock_ms: number,
): HeldValue | ValueMoment | undefined {
  const encoding = db.encoding(ref);
  if (encoding === OBJECT) return db.objectAside(ref).keep(clock_ms, kept);
  const isString = encoding === RAW || encoding === EMBSTR || encoding === INT;
  return isString ? db.table.hold(ref, kept) : undefined;
}
