/** What the tests of snapshots share: a server in this process, and what encoders make of its data. */

import { Buffer } from "node:buffer";
import { toByteText } from "../../../lib/config/byte_text.ts";
import { Config } from "../../../lib/config/config.ts";
import { type Database, NONE, type Ref } from "../../../lib/keyspace/database.ts";
import { datasetDigest } from "../../../lib/keyspace/digest.ts";
import { keepRecord } from "../../../lib/keyspace/kept_record.ts";
import type { Keyspace } from "../../../lib/keyspace/keyspace.ts";
import { OBJECT } from "../../../lib/keyspace/value.ts";
import { KeptBytes } from "../../../lib/memory/kept_bytes.ts";
import {
  type KeyCounts,
  RdbSnapshotEncoder,
  type RdbSnapshotOptions,
} from "../../../lib/persistence/rdb/snapshot.ts";
import { loadRdb } from "../../../lib/persistence/rdb/load.ts";
import type { SnapshotEncoder } from "../../../lib/persistence/snapshot_encoder.ts";
import { type Clock, systemClock } from "../../../lib/platform/clock.ts";
import { systemDisk } from "../../../lib/platform/disk.ts";
import { Logger } from "../../../lib/platform/logger.ts";
import { SeededRandom } from "../../../lib/platform/random.ts";
import { Args } from "../../../lib/resp/args.ts";
import { Server } from "../../../lib/server/server.ts";
import type { EncodingLimits } from "../../../lib/types/rdb/limits.ts";
import { assert } from "../../kit/assert.ts";
import { freePort } from "../../kit/oracle.ts";
import { type Command, connect, type RespClient } from "../../kit/resp_client.ts";

/** What the directives' defaults come to. */
export const LIMITS: EncodingLimits = {
  listNodeSize: -2,
  setIntegers_max: 512,
  hash: { "hash-max-listpack-entries": 128, "hash-max-listpack-value": 64 },
  zset: { entries_max: 128, member_bytes_max: 64 },
};

/** Loads an RDB file with these bytes into a keyspace. */
export async function loadFile(bytes: Uint8Array, keyspace: Keyspace): Promise<void> {
  await inDirectory(async (dir) => {
    const path = `${dir}/dump.rdb`;
    Deno.writeFileSync(path, bytes);
    const file = systemDisk.open(path, "read");
    const rest = { dropExpired: false, verify: true, clock: systemClock, log: () => {} };
    try {
      await loadRdb({ file, path, keyspace, limits: LIMITS, ...rest });
    } finally {
      file.close();
    }
  });
}

/**
 * Runs `act` with a server in this process, which keeps no log, and a client of it.
 *
 * @param clock tells its time.
 */
export async function withServer(
  directives: Readonly<Record<string, string>>,
  act: (client: RespClient, keyspace: Keyspace, port: number) => Promise<void>,
  clock: Clock = systemClock,
): Promise<void> {
  const directory = toByteText(await Deno.makeTempDir({ prefix: "redeno_test_" }));
  const config = new Config({ directory });
  const port = freePort();
  const all = { bind: "127.0.0.1", port: String(port), dir: directory, ...directives };
  for (const [name, value] of Object.entries(all)) {
    config.load(name, [toByteText(value)], { accumulate: false, directory });
  }
  const server = new Server({
    config,
    disk: systemDisk,
    clock,
    random: new SeededRandom(1),
    logger: new Logger(systemClock, () => {}),
    exit: () => {},
  });
  await server.start();
  try {
    await using client = await connect(port, { timeout_ms: 20_000 });
    await act(client, server.keyspace, port);
  } finally {
    await server.stop();
    await Deno.remove(directory, { recursive: true });
  }
}

/** Sends all commands; none may be answered with an error. */
export async function fill(client: RespClient, commands: readonly Command[]): Promise<void> {
  const replies = await client.pipeline(commands);
  replies.forEach((reply, i) => {
    assert(reply.type !== "error", `${commands[i].slice(0, 3)}: ${JSON.stringify(reply)}`);
  });
}

/** An encoder for all that a keyspace holds. */
export function rdbEncoder(
  keyspace: Keyspace,
  options: Partial<RdbSnapshotOptions> = {},
): RdbSnapshotEncoder {
  const keyCounts = new Map<number, KeyCounts>();
  for (const db of keyspace.databases()) {
    if (db.size > 0) keyCounts.set(db.index, { keys: db.size, expiring: db.expiringSize });
  }
  return new RdbSnapshotEncoder({
    compress: true,
    checksum: true,
    limits: LIMITS,
    aofBase: false,
    redisVersion: "7.0.15",
    now_s: 1_700_000_000,
    used_memory_bytes: 1_000_000,
    keyCounts,
    hasFieldExpiry: false,
    access: "none",
    ...options,
  });
}

/** Gathers what is taken from an encoder. */
export class Taken {
  readonly #encoder: SnapshotEncoder;
  readonly #chunks: Uint8Array[] = [];
  /** The largest chunk. */
  largest_bytes = 0;

  /** Begins. */
  constructor(encoder: SnapshotEncoder) {
    this.#encoder = encoder;
    encoder.begin();
  }

  /** Takes what there is. */
  take(): void {
    const { pending_bytes } = this.#encoder;
    const chunk = this.#encoder.take();
    assert(chunk.length === pending_bytes, "as much was taken as was said to wait");
    this.largest_bytes = Math.max(this.largest_bytes, chunk.length);
    this.#chunks.push(chunk.slice());
  }

  /** Ends. Returns all bytes. */
  end(): Uint8Array {
    this.#encoder.end();
    this.take();
    return Buffer.concat(this.#chunks);
  }
}

/** Encodes all keys: whole ones or, if `inPieces`, the objects among them piece by piece. */
export function encodeAll(
  encoder: SnapshotEncoder,
  keyspace: Keyspace,
  inPieces: boolean,
): Uint8Array {
  const taken = new Taken(encoder);
  for (const db of keyspace.databases()) {
    for (const ref of refsOf(db)) {
      if (!inPieces) {
        encoder.record(db, db.index, ref);
        continue;
      }
      const pieces = piecesOf(encoder, db, ref);
      while (!pieces.next().done) taken.take();
    }
    taken.take();
  }
  return taken.end();
}

/** Keeps a record and encodes it piece by piece; one that is too small for that, at once. */
export function piecesOf(
  encoder: SnapshotEncoder,
  db: Database,
  ref: Ref,
): Iterator<void, void, void> {
  const bytes = new KeptBytes();
  const kept = keepRecord(db, db.index, ref, bytes, db.keyspace.now_ms);
  if (kept === undefined) encoder.record(db, db.index, ref);
  const pieces = kept && encoder.pieces(kept);
  return (function* () {
    while (pieces !== undefined && !pieces.next().done) yield;
    kept?.value.end();
    assert(bytes.bytes === 0, `${bytes.bytes} bytes are still kept`);
  })();
}

/** All records of a database. */
export function refsOf(db: Database): Ref[] {
  const refs: Ref[] = [];
  db.table.forEach((ref) => refs.push(ref));
  return refs;
}

/** The record of a key, which is there; `isObject` tells whether it must be an object. */
export function refOf(db: Database, key: string, isObject?: boolean): Ref {
  const ref = db.peek(Args.of(key), 0);
  assert(ref !== NONE, `${key} is missing`);
  if (isObject !== undefined) assert((db.encoding(ref) === OBJECT) === isObject, key);
  return ref;
}

/** Digest of all data, expired keys not looked for. */
export function digestOf(keyspace: Keyspace): string {
  return datasetDigest(keyspace);
}

/** What DEBUG DIGEST answers. */
export async function askDigest(client: RespClient): Promise<string> {
  const reply = await client.call("DEBUG", "DIGEST");
  assert(reply.type === "simple");
  return reply.value;
}

/** Runs `act` in a directory of its own. */
export async function inDirectory(act: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
  try {
    await act(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
