/**
 * Goes through an RDB file from its header to its checksum, and shows what is in it to a visitor.
 *
 *     REDIS0010 fa <name> <value> ... fe <database> fb <keys> <expiring>
 *         fc <expiry> <type> <key> <value> ... ff <8 bytes LE: CRC64 of all before, 0: none>
 *
 * Promise: what is broken, cut off or unknown throws a {@linkcode StorageError} that names file,
 * offset, reason and what to do; a checksum that does not fit does so after all has been shown. The
 * event loop gets a turn every 50 ms, or after the value that takes longer.
 */

import type { Clock } from "../../platform/clock.ts";
import type { DiskFile } from "../../platform/disk.ts";
import type { Int64 } from "../../numbers/int64.ts";
import { RdbEmptyError, RdbError } from "../../types/rdb/error.ts";
import { RDB_VERSION_FIELD_EXPIRY } from "../../types/rdb/types.ts";
import type { StorageError } from "../errors.ts";
import { KeyDelay } from "../key_delay.ts";
import { keyName, RdbProblems } from "./problems.ts";
import { RdbFileReader } from "./file_reader.ts";
import {
  moduleName,
  ModuleType,
  RDB_CHECKSUM_BYTES,
  RDB_HEADER_BYTES,
  RDB_MAGIC,
  RDB_VERSION_CHECKSUM,
  RdbOpcode,
} from "./opcodes.ts";

/**
 * The event loop gets a turn after this much work: about as often as Redis looks at its clients (once
 * in 2 MiB of a file). A turn costs 1 to 2 ms, as a timer takes no less.
 */
const SLICE_MS = 50;
/** The clock is asked once in this many steps (a power of two). */
const STEPS_PER_LOOK = 64;
/** In the place of a time, an idle time or a frequency: there is none. */
export const NOT_GIVEN = -1;
/** Bytes of a key and its value, at least: type, length, length. */
const ENTRY_BYTES_MIN = 3;
/** Scripts, which servers before 5.0 kept in such fields: Redis ignores them too. */
const SCRIPT_FIELD = "lua";

/** What to go through, and how. */
export interface RdbScanOptions {
  /** Open for reading. */
  readonly file: DiskFile;
  /** Its name, for messages. */
  readonly path: string;
  /** The RDB begins here; 0 if missing. */
  readonly from_bytes?: number;
  /** Whether the checksum is compared (`rdbchecksum`). */
  readonly verify: boolean;
  /** Time. */
  readonly clock: Clock;
  /** `key-load-delay`. Missing: none. */
  readonly keyDelay_us?: () => number;
  /** Called before each turn of the event loop, with the offset reached. */
  readonly onProgress?: (bytes: number) => void;
  /** Bytes read at once; for tests. */
  readonly window_bytes?: number;
}

/** What is known of a key before its value has been read. */
export interface RdbEntry {
  /** How the value is written. */
  type: number;
  /** Its database. */
  db: number;
  /** When it expires, in ms since the epoch; {@linkcode NOT_GIVEN}: never. */
  expiry_ms: number;
  /** For how many seconds it was not used, or {@linkcode NOT_GIVEN}. */
  idle_s: number;
  /** How often it was used, or {@linkcode NOT_GIVEN}. */
  frequency: number;
}

/** Who is shown what is in a file. */
export interface RdbVisitor {
  /** A field on the file itself (latin1). */
  aux(name: string, value: string): void;
  /** A database begins. @param problems makes the error if it cannot be. */
  selectDb(index: number, problems: RdbProblems): void;
  /**
   * A key, `reader.key`, comes, and its value is to be read now.
   *
   * @throws {RdbError} it is broken. {@linkcode RdbEmptyError}: it is passed over.
   */
  value(entry: RdbEntry, reader: RdbFileReader): void;
  /** So many keys are about to come, so many of them with an expiry: a hint, which may be wrong. */
  resize(keys: number, expiring: number): void;
  /** A key was passed over, as its collection had no elements. */
  skippedEmpty(key: string): void;
}

/** What was found of the checksum. */
export type RdbChecksum = "correct" | "not computed" | "not compared" | "none before version 5";

/** What the file says of itself. */
export interface RdbScanResult {
  /** The offset behind the checksum. */
  readonly end_bytes: number;
  readonly version: number;
  /** How many libraries of functions were passed over. */
  readonly functions: number;
  readonly checksum: RdbChecksum;
}

/** Goes through a file. */
export async function scanRdb(
  options: RdbScanOptions,
  visitor: RdbVisitor,
): Promise<RdbScanResult> {
  const scan = new Scan(options, visitor);
  return await scan.run();
}

class Scan {
  readonly #options: RdbScanOptions;
  readonly #visitor: RdbVisitor;
  readonly #reader: RdbFileReader;
  readonly #problems: RdbProblems;
  readonly #entry: RdbEntry = {
    type: 0,
    db: 0,
    expiry_ms: NOT_GIVEN,
    idle_s: NOT_GIVEN,
    frequency: NOT_GIVEN,
  };
  readonly #delay: KeyDelay;
  /** Keys read since the last look at the clock. */
  #keysUnlooked = 0;
  #functions = 0;
  /** A key was read, and the reader is in its value. */
  #inValue = false;

  constructor(options: RdbScanOptions, visitor: RdbVisitor) {
    const { file, path, from_bytes = 0, verify, window_bytes } = options;
    this.#options = options;
    this.#visitor = visitor;
    this.#reader = new RdbFileReader({ file, from_bytes, verify, window_bytes });
    this.#problems = new RdbProblems(path, from_bytes);
    this.#delay = new KeyDelay(options.keyDelay_us);
  }

  async run(): Promise<RdbScanResult> {
    const { clock } = this.#options;
    const version = this.#attempt(() => this.#header());
    for (let sliceBegan_ms = clock.monotonic_ms();;) {
      this.#keysUnlooked = 0;
      if (this.#attempt(() => this.#steps())) break;
      const pause_ms = this.#delay.after(this.#keysUnlooked);
      if (pause_ms === 0 && clock.monotonic_ms() - sliceBegan_ms < SLICE_MS) continue;
      this.#options.onProgress?.(this.#reader.offset_bytes);
      await new Promise<void>((resolve) => clock.after(pause_ms, resolve));
      sliceBegan_ms = clock.monotonic_ms();
    }
    const checksum = this.#attempt(() => this.#checksum(version));
    const end_bytes = this.#reader.offset_bytes;
    this.#options.onProgress?.(end_bytes);
    return { end_bytes, version, functions: this.#functions, checksum };
  }

  /** Does a part of the work; what is thrown is given its place in the file. */
  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof RdbError) && !(error instanceof RangeError)) throw error;
      const { key } = this.#reader;
      const where = this.#inValue
        ? `the value of key ${keyName(key.text(0))} in database ${this.#entry.db} cannot be read: `
        : "";
      if (error instanceof RdbError) throw this.#problems.damaged(where + error.reason);
      // What V8 says when a buffer cannot be had.
      throw this.#problems.unsupported(`${where}${error.message}`, "Give this server more memory");
    }
  }

  /** Reads the header; returns the version. */
  #header(): number {
    const reader = this.#reader;
    const at = reader.left < RDB_HEADER_BYTES
      ? reader.skip(reader.left)
      : reader.skip(RDB_HEADER_BYTES);
    const text = reader.buf.toString("latin1", at, reader.at);
    if (!RDB_MAGIC.startsWith(text.slice(0, RDB_MAGIC.length))) {
      throw new RdbError("wrong signature: this is no RDB file", 0);
    }
    if (text.length < RDB_HEADER_BYTES) throw new RdbError("the file ends within its header", 0);
    const digits = text.slice(RDB_MAGIC.length);
    const version = /^\d{4}$/.test(digits) ? Number(digits) : 0;
    if (version < 1) throw new RdbError(`'${digits}' is no version`, 0);
    if (version > RDB_VERSION_FIELD_EXPIRY) {
      throw this.#problems.unsupported(
        `Can't handle RDB format version ${version}, ${RDB_VERSION_FIELD_EXPIRY} is the latest known`,
        "A newer server wrote it: load it there, and bring the data over with its AOF " +
          "(aof-use-rdb-preamble no) or with DUMP and RESTORE",
      );
    }
    return version;
  }

  /** Some steps; true: the end mark was read. */
  #steps(): boolean {
    const keysMax = this.#delay.isOn ? 1 : STEPS_PER_LOOK;
    for (let i = 0; i < STEPS_PER_LOOK && this.#keysUnlooked < keysMax; i++) {
      this.#problems.offset_bytes = this.#reader.offset_bytes;
      const opcode = this.#reader.byte();
      if (opcode < RdbOpcode.slotInfo) this.#value(opcode);
      else if (opcode === RdbOpcode.end) return true;
      else this.#opcode(opcode);
    }
    return false;
  }

  #value(type: number): void {
    const reader = this.#reader;
    const entry = this.#entry;
    entry.type = type;
    reader.readKey();
    if (type === ModuleType.module || type === ModuleType.preGa) this.#refuseModule(type);
    this.#inValue = true;
    try {
      this.#visitor.value(entry, reader);
    } catch (error) {
      if (!(error instanceof RdbEmptyError)) throw error;
      this.#visitor.skippedEmpty(reader.key.text(0));
    }
    this.#inValue = false;
    this.#keysUnlooked++;
    entry.expiry_ms = entry.idle_s = entry.frequency = NOT_GIVEN;
  }

  #opcode(opcode: number): void {
    const reader = this.#reader;
    const entry = this.#entry;
    switch (opcode) {
      case RdbOpcode.expiry_ms:
        entry.expiry_ms = Number(reader.int64());
        return;
      case RdbOpcode.expiry_s: {
        const at = reader.skip(4);
        const seconds = reader.buf.readInt32LE(at);
        entry.expiry_ms = seconds === NOT_GIVEN ? NOT_GIVEN : seconds * 1000;
        return;
      }
      case RdbOpcode.idle:
        entry.idle_s = Number(reader.length64());
        return;
      case RdbOpcode.frequency:
        entry.frequency = reader.byte();
        return;
      case RdbOpcode.aux:
        return this.#aux();
      case RdbOpcode.selectDb:
        entry.db = reader.length();
        return this.#visitor.selectDb(entry.db, this.#problems);
      case RdbOpcode.resizeDb: // only a hint
        return this.#resize();
      case RdbOpcode.slotInfo:
        reader.length64();
        reader.length64();
        return void reader.length64();
      case RdbOpcode.function:
        reader.string();
        this.#functions++;
        return;
      case RdbOpcode.functionPreGa:
        throw this.#problems.unsupported(
          "Pre-release function format not supported",
          "Load it in the server that wrote it, FUNCTION FLUSH there, and save again",
        );
      default: // moduleAux: there are no others
        throw this.#moduleProblem("AUX module data", reader.length64());
    }
  }

  #resize(): void {
    const reader = this.#reader;
    const keys = Number(reader.length64());
    const expiring = Number(reader.length64());
    const keys_max = Math.floor(reader.left / ENTRY_BYTES_MIN);
    this.#visitor.resize(Math.min(keys, keys_max), Math.min(expiring, keys_max));
  }

  #aux(): void {
    const reader = this.#reader;
    reader.string();
    const name = reader.bytes.toString("latin1", reader.start, reader.stop);
    reader.string();
    if (name === SCRIPT_FIELD) return;
    this.#visitor.aux(name, reader.bytes.toString("latin1", reader.start, reader.stop));
  }

  #refuseModule(type: number): never {
    const what = `a module's value in key ${keyName(this.#reader.key.text(0))}`;
    if (type === ModuleType.preGa) throw this.#moduleProblem(what, undefined);
    throw this.#moduleProblem(what, this.#reader.length64());
  }

  #moduleProblem(what: string, id: Int64 | undefined): StorageError {
    const name = id === undefined ? "" : `: no matching module '${moduleName(id)}'`;
    return this.#problems.unsupported(
      `the file contains ${what}, which can't be loaded${name}`,
      "Modules are not supported. Load it in the server that wrote it, remove what the module " +
        "keeps, and save again without the module",
    );
  }

  #checksum(version: number): RdbChecksum {
    const reader = this.#reader;
    this.#problems.offset_bytes = reader.offset_bytes;
    const actual = reader.checksum();
    if (version < RDB_VERSION_CHECKSUM) return "none before version 5";
    const at = reader.skip(RDB_CHECKSUM_BYTES);
    const low = reader.buf.readUInt32LE(at);
    const high = reader.buf.readUInt32LE(at + 4);
    if (low === 0 && high === 0) return "not computed";
    if (actual === undefined) return "not compared";
    if (low !== actual.low || high !== actual.high) {
      const expected = hex64(actual.low, actual.high);
      throw this.#problems.damaged(
        `RDB CRC error: Wrong RDB checksum expected: (${expected}) but got (${hex64(low, high)})`,
      );
    }
    return "correct";
  }
}

function hex64(low: number, high: number): string {
  return (BigInt(high) << 32n | BigInt(low)).toString(16);
}
