/**
 * Loads an RDB file into the keyspace: `dump.rdb`, the base of a log, or what stands before one.
 *
 * Promise: every key of the file is stored with its value, expiry and use, or a
 * {@linkcode StorageError} says why not; then the keyspace holds a part of the data and must not be
 * served. The file is only read.
 */

import { NONE, type Ref } from "../../keyspace/database.ts";
import type { Database } from "../../keyspace/database.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { lfuMeta, lruMeta } from "../../keyspace/access.ts";
import { stringEncoding } from "../../keyspace/value.ts";
import { decodeValue } from "../../types/rdb/decode.ts";
import { RdbError } from "../../types/rdb/error.ts";
import { readLarge } from "../../types/rdb/large.ts";
import type { EncodingLimits } from "../../types/rdb/limits.ts";
import { storeValue } from "../../types/rdb/store.ts";
import { RdbType } from "../../types/rdb/types.ts";
import type { Log } from "../errors.ts";
import type { RdbFileReader } from "./file_reader.ts";
import { keyName, type RdbProblems } from "./problems.ts";
import {
  NOT_GIVEN,
  type RdbEntry,
  type RdbScanOptions,
  type RdbScanResult,
  type RdbVisitor,
  scanRdb,
} from "./scan.ts";

/** Of the keys that are passed over because they are empty so many are named in the log. */
const EMPTY_NAMED_MAX = 10;
const MEBIBYTE = 1024 * 1024;

/** What to load, and how; see also {@linkcode RdbScanOptions}. */
export interface RdbLoadOptions extends RdbScanOptions {
  /** Where the keys go; nothing of what is in the file may be there. */
  readonly keyspace: Keyspace;
  /** How collections are to be kept. */
  readonly limits: EncodingLimits;
  /**
   * Whether keys whose time is over by now are left out: so with `dump.rdb`. As the base of a log
   * they must not be, as the log goes on with them.
   */
  readonly dropExpired: boolean;
  /** The server's log. */
  readonly log: Log;
}

/** What was loaded. */
export interface RdbLoadResult {
  /** The offset behind the file's last byte; behind it may stand commands. */
  readonly end_bytes: number;
  /** Keys loaded. */
  readonly keys: number;
  /** Keys left out because their time was over. */
  readonly expired: number;
  /** The fields that the file has on itself, such as `redis-ver` (latin1). */
  readonly aux: ReadonlyMap<string, string>;
}

/**
 * Loads a file.
 *
 * @throws {StorageError} its end is missing, or it is broken, or holds what cannot be kept here.
 * @throws {DiskError} it cannot be read.
 */
export async function loadRdb(options: RdbLoadOptions): Promise<RdbLoadResult> {
  const loading = new Loading(options);
  const result = await scanRdb(options, loading);
  return loading.finish(result);
}

class Loading implements RdbVisitor {
  readonly #options: RdbLoadOptions;
  readonly #began_ms: number;
  readonly #aux = new Map<string, string>();
  #db: Database;
  #keys = 0;
  #expired = 0;
  #empty = 0;

  constructor(options: RdbLoadOptions) {
    this.#options = options;
    this.#began_ms = options.clock.now_ms();
    this.#db = options.keyspace.database(0);
  }

  aux(name: string, value: string): void {
    this.#aux.set(name, value);
    const line = this.#lineOf(name, value);
    if (line !== undefined) this.#options.log("notice", line);
  }

  selectDb(index: number, problems: RdbProblems): void {
    const { keyspace } = this.#options;
    if (index >= keyspace.count) {
      throw problems.unsupported(
        `the file holds keys of database ${index}, and this server has ${keyspace.count}`,
        `Set 'databases' to ${index + 1} or more`,
      );
    }
    this.#db = keyspace.database(index);
  }

  resize(keys: number, expiring: number): void {
    this.#db.table.reserve(keys, expiring);
  }

  value(entry: RdbEntry, reader: RdbFileReader): void {
    const { keyspace } = this.#options;
    const expiry_ms = entry.expiry_ms === NOT_GIVEN ? undefined : entry.expiry_ms;
    if (this.#options.dropExpired && expiry_ms !== undefined && expiry_ms < this.#began_ms) {
      decodeValue(reader, entry.type, keyspace.seed);
      this.#expired++;
      return;
    }
    const hasUse = entry.idle_s !== NOT_GIVEN || entry.frequency !== NOT_GIVEN;
    const meta = hasUse ? this.#metaOf(entry) : keyspace.accessMeta;
    if (entry.type === RdbType.string) {
      this.#storeString(reader, meta, expiry_ms);
    } else {
      this.#storeCollection(entry.type, reader);
      if (hasUse || expiry_ms !== undefined) {
        const { key } = reader;
        const { table } = this.#db;
        const ref = table.find(key.buf, key.start(0), key.end(0));
        table.setMeta(ref, meta);
        table.setExpiry(ref, expiry_ms);
      }
    }
    this.#keys++;
  }

  skippedEmpty(key: string): void {
    if (this.#empty++ >= EMPTY_NAMED_MAX) return;
    this.#options.log("notice", `rdbLoadObject skipping empty key: ${keyName(key)}`);
  }

  finish({ end_bytes, functions, checksum }: RdbScanResult): RdbLoadResult {
    const { log } = this.#options;
    if (checksum === "not computed") {
      log("notice", "RDB file was saved with checksum disabled: no check performed.");
    }
    if (functions > 0) {
      log(
        "warning",
        `The RDB holds ${functions} librar${functions === 1 ? "y" : "ies"} of functions, passed ` +
          "over: FUNCTION is not supported",
      );
    }
    const empty = this.#empty === 0 ? "" : `, empty keys skipped: ${this.#empty}`;
    log(
      "notice",
      `Done loading RDB, keys loaded: ${this.#keys}, keys expired: ${this.#expired}${empty}.`,
    );
    return { end_bytes, keys: this.#keys, expired: this.#expired, aux: this.#aux };
  }

  /** What is to be logged of a field on the file, as Redis does it. */
  #lineOf(name: string, value: string): string | undefined {
    switch (name) {
      case "redis-ver":
        return `Loading RDB produced by version ${value}`;
      case "ctime": {
        const age_s = Math.max(Math.floor(this.#began_ms / 1000) - Number(value), 0);
        return `RDB age ${age_s} seconds`;
      }
      case "used-mem":
        return `RDB memory usage when created ${(Number(value) / MEBIBYTE).toFixed(2)} Mb`;
      case "aof-preamble":
        return value === "0" ? undefined : "RDB has an AOF tail";
      case "aof-base":
        return value === "0" ? undefined : "RDB is base AOF";
      default:
        return undefined;
    }
  }

  /** By far most values are strings: they go from the window into the record, expiry and all. */
  #storeString(reader: RdbFileReader, meta: number, expiry_ms: number | undefined): void {
    this.#findNone(reader); // the insertion needs it
    reader.string();
    const { bytes, start, stop, key } = reader;
    this.#db.table.insert(
      key.buf,
      key.start(0),
      key.end(0),
      stringEncoding(bytes, start, stop),
      meta,
      bytes,
      start,
      stop,
      expiry_ms,
    );
  }

  #storeCollection(type: number, reader: RdbFileReader): void {
    const { keyspace, limits } = this.#options;
    const { key } = reader;
    const db = this.#db;
    const none = this.#findNone(reader);
    const large = readLarge(reader, type, db, limits);
    if (large !== undefined) {
      db.storeObject(none, key, 0, large);
      return;
    }
    const value = decodeValue(reader, type, keyspace.seed);
    storeValue(db, none, key, 0, value, limits);
  }

  /**
   * Looks the key up, which must not be there. That is done before its value is read: meanwhile the
   * memory that the insertion will need is on its way.
   */
  #findNone({ key, at }: RdbFileReader): Ref {
    const ref = this.#db.table.find(key.buf, key.start(0), key.end(0));
    if (ref !== NONE) throw new RdbError("RDB has duplicated key", at);
    return ref;
  }

  /** What the record remembers of accesses, as the file has it. */
  #metaOf({ idle_s, frequency }: RdbEntry): number {
    const { keyspace } = this.#options;
    if (keyspace.lfu) {
      return frequency === NOT_GIVEN ? keyspace.accessMeta : lfuMeta(frequency, this.#began_ms);
    }
    return idle_s === NOT_GIVEN ? keyspace.accessMeta : lruMeta(idle_s, this.#began_ms);
  }
}
