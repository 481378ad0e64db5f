/**
 * The present data set as commands: what a RESP base file holds.
 *
 *     SELECT 0 / SET key value / SET key value PXAT 1700000000000 ...
 */

import type { Database } from "../../keyspace/database.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { CommandEncoder } from "../../resp/encoder.ts";

/** Commands are handed on in chunks of about this size. */
const CHUNK_BYTES = 256 * 1024;

/** Commands that make all keys, in chunks that are valid until the next one is asked for. */
export function* snapshotCommands(keyspace: Keyspace): Generator<Uint8Array> {
  const encoder = new CommandEncoder();
  for (const db of keyspace.databases()) {
    if (db.size === 0) continue;
    encoder.command("SELECT", db.index);
    let cursor = 0;
    do {
      cursor = db.table.scan(cursor, (ref) => encodeRecord(encoder, db, ref));
      if (encoder.length >= CHUNK_BYTES) yield* take(encoder);
    } while (cursor !== 0);
  }
  yield* take(encoder);
}

function* take(encoder: CommandEncoder): Generator<Uint8Array> {
  yield encoder.buf.subarray(0, encoder.length);
  encoder.clear();
}

function encodeRecord(encoder: CommandEncoder, db: Database, ref: number): void {
  const { bytes, keyStart, valueStart, valueEnd } = db.locate(ref);
  const key = bytes.subarray(keyStart, valueStart);
  const value = bytes.subarray(valueStart, valueEnd);
  const expiry = db.expiry(ref);
  if (expiry === undefined) encoder.command("SET", key, value);
  else encoder.command("SET", key, value, "PXAT", expiry);
}
