/**
 * A snapshot as an RDB file, as Redis 7.0 writes it.
 *
 *     REDIS0010 | fa <name> <value> ... | fe <database> | fb <keys> <keys that expire> |
 *     [fc <expiry in ms>] [f8 <idle seconds> or f9 <frequency>] <type> <key> <value> ... |
 *     ff <8 bytes: CRC64 of all before>
 *
 * Databases may come in turns: each is announced again when its next record comes. Where fields of
 * hashes expire the version is 0012, which Redis reads from 7.4 on.
 *
 * Promise: real Redis 7.0 loads every file of version 0010.
 */

import { Buffer } from "node:buffer";
import { frequency, idleSeconds } from "../../keyspace/access.ts";
import type { Database, Ref } from "../../keyspace/database.ts";
import type { KeptRecord } from "../../keyspace/kept_record.ts";
import { EMBSTR, INT, RAW } from "../../keyspace/value.ts";
import { Crc64 } from "../../types/rdb/crc64.ts";
import { encodeKept, encodeValue } from "../../types/rdb/encode.ts";
import type { Begin, Steps } from "../../types/rdb/encode_object.ts";
import type { EncodingLimits } from "../../types/rdb/limits.ts";
import { RDB_VERSION, RDB_VERSION_FIELD_EXPIRY, RdbType } from "../../types/rdb/types.ts";
import { RdbWriter } from "../../types/rdb/writer.ts";
import { INT64_MAX } from "../../numbers/int64.ts";
import { SnapshotBuffers } from "../snapshot_buffers.ts";
import type { SnapshotEncoder } from "../snapshot_encoder.ts";
import { RDB_MAGIC, RdbOpcode } from "./opcodes.ts";

const VERSION_DIGITS = 4;

/** Keys of a database, so that who loads it makes room. */
export interface KeyCounts {
  readonly keys: number;
  /** How many of them expire. */
  readonly expiring: number;
}

/** What an RDB file is to tell of itself, and how it is written. */
export interface RdbSnapshotOptions {
  /** `rdbcompression`. */
  readonly compress: boolean;
  /** `rdbchecksum`; without it the checksum is 0, which says that there is none. */
  readonly checksum: boolean;
  readonly limits: EncodingLimits;
  /** Whether the file is the base of a log. */
  readonly aofBase: boolean;
  /** Version of Redis that the file claims to be from. */
  readonly redisVersion: string;
  /** Seconds since the epoch. */
  readonly now_s: number;
  readonly used_memory_bytes: number;
  /** By the index of the database. */
  readonly keyCounts: ReadonlyMap<number, KeyCounts>;
  /** Whether a field of some hash expires. */
  readonly hasFieldExpiry: boolean;
  /**
   * What is written of each key's last uses: as `maxmemory-policy` has it, `idle` for the LRU ones,
   * `frequency` for the LFU ones, `none` for all others.
   */
  readonly access: "none" | "idle" | "frequency";
}

/** See above. */
export class RdbSnapshotEncoder implements SnapshotEncoder {
  readonly #options: RdbSnapshotOptions;
  readonly #version: number;
  readonly #buffers: SnapshotBuffers<RdbWriter>;
  readonly #crc = new Crc64();
  /** The database whose records come; -1: none yet. */
  #selected = -1;
  readonly #announced = new Set<number>();
  #isEnded = false;

  /** Options as above. */
  constructor(options: RdbSnapshotOptions) {
    this.#options = options;
    this.#version = options.hasFieldExpiry ? RDB_VERSION_FIELD_EXPIRY : RDB_VERSION;
    const { compress } = options;
    this.#buffers = new SnapshotBuffers(new RdbWriter(compress), new RdbWriter(compress));
  }

  get pending_bytes(): number {
    return this.#buffers.pending_bytes;
  }

  begin(): void {
    const writer = this.#buffers.current;
    const { redisVersion, now_s, used_memory_bytes, aofBase } = this.#options;
    writeRaw(writer, RDB_MAGIC + String(this.#version).padStart(VERSION_DIGITS, "0"));
    writeAux(writer, "redis-ver", redisVersion);
    writeAux(writer, "redis-bits", "64");
    writeAux(writer, "ctime", String(now_s));
    writeAux(writer, "used-mem", String(used_memory_bytes));
    writeAux(writer, "aof-base", aofBase ? "1" : "0");
  }

  record(db: Database, index: number, ref: Ref): void {
    const writer = this.#buffers.current;
    if (index !== this.#selected) this.#select(writer, index);
    const encoding = db.encoding(ref);
    if (encoding === RAW || encoding === EMBSTR || encoding === INT) {
      this.#attributes(writer, db.expiry(ref), db.table.meta(ref), db.keyspace.now_ms);
      const { bytes, keyStart, valueStart, valueEnd } = db.locate(ref);
      writer.byte(RdbType.string);
      writer.string(bytes, keyStart, valueStart);
      writer.string(bytes, valueStart, valueEnd);
      return;
    }
    const begin = this.#beginOf(writer, db.keyOf(ref), {
      expiry_ms: db.expiry(ref),
      meta: db.table.meta(ref),
      now_ms: db.keyspace.now_ms,
    });
    this.#checkVersion(encodeValue(writer, db, ref, this.#options.limits, begin));
  }

  pieces(kept: KeptRecord): Generator<void, void, void> {
    const writer = this.#buffers.open();
    if (kept.index !== this.#selected) this.#select(writer, kept.index);
    const begin = this.#beginOf(writer, kept.key, kept);
    return this.#finish(encodeKept(writer, kept, this.#options.limits, begin));
  }

  end(): void {
    if (this.#buffers.isOpen) throw new Error("snapshot: a value is still under way");
    const writer = this.#buffers.current;
    writer.byte(RdbOpcode.end);
    this.#addToChecksum(writer.buf, writer.length);
    this.#isEnded = true;
    writer.uint32(this.#crc.low);
    writer.uint32(this.#crc.high);
  }

  take(): Uint8Array {
    const taken = this.#buffers.take();
    if (!this.#isEnded) this.#addToChecksum(taken, taken.length);
    return taken;
  }

  *#finish(steps: Steps): Generator<void, void, void> {
    this.#checkVersion(yield* steps);
    this.#buffers.close();
  }

  #addToChecksum(bytes: Uint8Array, length: number): void {
    if (this.#options.checksum) this.#crc.update(bytes, 0, length);
  }

  #checkVersion(needed: number): void {
    if (needed > this.#version) {
      throw new Error(`snapshot: RDB version ${needed} is needed, ${this.#version} was announced`);
    }
  }

  #select(writer: RdbWriter, index: number): void {
    this.#selected = index;
    writer.byte(RdbOpcode.selectDb);
    writer.size(index);
    const counts = this.#options.keyCounts.get(index);
    if (counts === undefined || this.#announced.has(index)) return;
    this.#announced.add(index);
    writer.byte(RdbOpcode.resizeDb);
    writer.size(counts.keys);
    writer.size(counts.expiring);
  }

  /** Writes what stands before a value; its type is told then. */
  #beginOf(
    writer: RdbWriter,
    key: Buffer,
    { expiry_ms, meta, now_ms }: Pick<KeptRecord, "expiry_ms" | "meta" | "now_ms">,
  ): Begin {
    return (type) => {
      this.#attributes(writer, expiry_ms, meta, now_ms);
      writer.byte(type);
      writer.string(key, 0, key.length);
    };
  }

  #attributes(
    writer: RdbWriter,
    expiry_ms: number | undefined,
    meta: number,
    now_ms: number,
  ): void {
    if (expiry_ms !== undefined) {
      writer.byte(RdbOpcode.expiry_ms);
      writer.int64(expiry_ms < 2 ** 63 ? expiry_ms : INT64_MAX);
    }
    const { access } = this.#options;
    if (access === "idle") {
      writer.byte(RdbOpcode.idle);
      writer.size(idleSeconds(meta, now_ms));
    } else if (access === "frequency") {
      writer.byte(RdbOpcode.frequency);
      writer.byte(frequency(meta, now_ms));
    }
  }
}

function writeRaw(writer: RdbWriter, text: string): void {
  writer.raw(Buffer.from(text, "latin1"), 0, text.length);
}

function writeAux(writer: RdbWriter, name: string, value: string): void {
  writer.byte(RdbOpcode.aux);
  for (const text of [name, value]) {
    writer.string(Buffer.from(text, "latin1"), 0, text.length);
  }
}
