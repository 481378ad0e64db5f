/**
 * Reads a whole RDB file as loading does, but stores nothing: `redeno rdb check`.
 *
 * Promise: what this reports on can be loaded, and what cannot is told with the same
 * {@linkcode StorageError} - but for a key that comes twice, which only loading notices, and
 * databases that the server may not have.
 */

import type { HashSeed } from "../../memory/hash.ts";
import type { ValueType } from "../../keyspace/value.ts";
import { decodeValue } from "../../types/rdb/decode.ts";
import type { RdbFileReader } from "./file_reader.ts";
import {
  NOT_GIVEN,
  type RdbChecksum,
  type RdbEntry,
  type RdbScanOptions,
  type RdbVisitor,
  scanRdb,
} from "./scan.ts";

/** What to check. */
export interface RdbCheckOptions extends RdbScanOptions {
  /** A secret of the hash that finds repeated members. */
  readonly seed: HashSeed;
}

/** What is in one database. */
export interface RdbDatabaseReport {
  /** How many keys, the expired ones included. */
  keys: number;
  /** How many keys of each type. */
  readonly types: Map<ValueType, number>;
  /** How many of the keys have an expiry ... */
  expiring: number;
  /** ... and for how many it is over. */
  expired: number;
}

/** What is in a file. */
export interface RdbReport {
  readonly version: number;
  /** The offset behind the RDB's last byte: what follows is no part of it. */
  readonly end_bytes: number;
  /** The fields that the file has on itself, such as `redis-ver` (latin1). */
  readonly aux: ReadonlyMap<string, string>;
  /** By index. */
  readonly databases: ReadonlyMap<number, Readonly<RdbDatabaseReport>>;
  /** Collections without elements, which loading passes over. */
  readonly emptyKeys: number;
  /** Libraries of functions, which loading passes over. */
  readonly functions: number;
  readonly checksum: RdbChecksum;
}

/**
 * Checks a file.
 *
 * @throws {StorageError} it cannot be loaded. @throws {DiskError} it cannot be read.
 */
export async function checkRdb(options: RdbCheckOptions): Promise<RdbReport> {
  const checking = new Checking(options);
  const result = await scanRdb(options, checking);
  return { ...result, ...checking.found };
}

class Checking implements RdbVisitor {
  readonly found = {
    aux: new Map<string, string>(),
    databases: new Map<number, RdbDatabaseReport>(),
    emptyKeys: 0,
  };
  readonly #seed: HashSeed;
  readonly #began_ms: number;

  constructor({ seed, clock }: RdbCheckOptions) {
    this.#seed = seed;
    this.#began_ms = clock.now_ms();
  }

  aux(name: string, value: string): void {
    this.found.aux.set(name, value);
  }

  selectDb(): void {
    // A database is in the report once it has a key.
  }

  resize(): void {
    // Nothing is stored.
  }

  value({ db, type: rdbType, expiry_ms }: RdbEntry, reader: RdbFileReader): void {
    const { type } = decodeValue(reader, rdbType, this.#seed);
    const { databases } = this.found;
    let report = databases.get(db);
    if (report === undefined) {
      databases.set(db, report = { keys: 0, types: new Map(), expiring: 0, expired: 0 });
    }
    report.keys++;
    report.types.set(type, (report.types.get(type) ?? 0) + 1);
    if (expiry_ms === NOT_GIVEN) return;
    report.expiring++;
    if (expiry_ms < this.#began_ms) report.expired++;
  }

  skippedEmpty(): void {
    this.found.emptyKeys++;
  }
}
