/** RDB files made by hand, and loading them into a keyspace of their own. */

import { Buffer } from "node:buffer";
import { datasetDigest } from "../../../lib/keyspace/digest.ts";
import type { Keyspace } from "../../../lib/keyspace/keyspace.ts";
import { StorageError } from "../../../lib/persistence/errors.ts";
import { checkRdb, type RdbReport } from "../../../lib/persistence/rdb/check.ts";
import {
  loadRdb,
  type RdbLoadOptions,
  type RdbLoadResult,
} from "../../../lib/persistence/rdb/load.ts";
import type { DiskFile } from "../../../lib/platform/disk.ts";
import { Crc64 } from "../../../lib/types/rdb/crc64.ts";
import type { EncodingLimits } from "../../../lib/types/rdb/limits.ts";
import { fail } from "../../kit/assert.ts";
import { makeRoom } from "../../keyspace/room.ts";
import { restlessClock } from "../kit.ts";
import { hex } from "../rdb/dump_kit.ts";

/** As redis.conf has them. */
export const LIMITS: EncodingLimits = {
  listNodeSize: -2,
  setIntegers_max: 512,
  hash: { "hash-max-listpack-entries": 128, "hash-max-listpack-value": 64 },
  zset: { entries_max: 128, member_bytes_max: 64 },
};
/** The name that the files of these tests have. */
export const PATH = "/data/dump.rdb";
const SEED = { k0: 1, k1: 2 };

/** A file in memory, open for reading; `reads` tells how it was read. */
export class BytesFile implements DiskFile {
  readonly reads: number[] = [];
  #at = 0;

  /** @param read_max a read returns no more than this. */
  constructor(readonly bytes: Uint8Array, readonly read_max = Infinity) {}

  read(into: Uint8Array): number | null {
    const end = Math.min(this.bytes.length, this.#at + Math.min(into.length, this.read_max));
    const count = end - this.#at;
    if (count <= 0) return null;
    into.set(this.bytes.subarray(this.#at, end));
    this.#at = end;
    this.reads.push(count);
    return count;
  }
  seek(offset: number): void {
    this.#at = offset;
  }
  size(): number {
    return this.bytes.length;
  }
  write(): number {
    return fail("an RDB is only read");
  }
  truncate(): void {
    fail("an RDB is only read");
  }
  sync(): void {
    fail("an RDB is only read");
  }
  syncInBackground(): Promise<void> {
    return fail("an RDB is only read");
  }
  tryLock(): boolean {
    return fail("an RDB is not locked");
  }
  close(): void {}
}

/** A file of this version with these parts: end mark and checksum are added. */
export function rdbFile(version: number, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const body = Buffer.concat([
    Buffer.from(`REDIS${String(version).padStart(4, "0")}`),
    ...parts.map((part) => typeof part === "string" ? hex(part) : part),
    Buffer.of(0xff),
  ]);
  return version < 5 ? body : Buffer.concat([body, checksumOf(body)]);
}

/** The checksum of these bytes, as it stands in a file. */
export function checksumOf(bytes: Uint8Array): Buffer {
  const crc = new Crc64().update(bytes, 0, bytes.length);
  const checksum = Buffer.alloc(8);
  checksum.writeUInt32LE(crc.low, 0);
  checksum.writeUInt32LE(crc.high, 4);
  return checksum;
}

/** What was loaded, and what the log says of it. */
export interface Loaded extends RdbLoadResult {
  readonly keyspace: Keyspace;
  readonly lines: readonly string[];
  readonly digest: string;
}

/** Loads bytes, or a file, into a keyspace. */
export async function load(
  source: Uint8Array | DiskFile,
  options: Partial<RdbLoadOptions> = {},
): Promise<Loaded> {
  const keyspace = options.keyspace ?? makeRoom(1).keyspace;
  keyspace.loading = true;
  const lines: string[] = [];
  const result = await loadRdb({
    file: source instanceof Uint8Array ? new BytesFile(source) : source,
    path: PATH,
    keyspace,
    limits: LIMITS,
    verify: true,
    dropExpired: false,
    clock: restlessClock,
    log: (level, text) => lines.push(`${level}: ${text}`),
    ...options,
  });
  return { ...result, keyspace, lines, digest: datasetDigest(keyspace) };
}

/** Loads what must be refused; returns the error. */
export async function refusal(
  source: Uint8Array | DiskFile,
  options: Partial<RdbLoadOptions> = {},
): Promise<StorageError> {
  try {
    await load(source, options);
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
  return fail("this should not have been loaded");
}

/** Checks bytes. */
export function check(bytes: Uint8Array): Promise<RdbReport> {
  return checkRdb({
    file: new BytesFile(bytes),
    path: PATH,
    verify: true,
    clock: restlessClock,
    seed: SEED,
  });
}
