/**
 * Replays an append-only file: the base, then the incremental files in the manifest's order, with
 * the decoder that also reads from clients.
 *
 * Promises: a broken log is never silently half-loaded, and of a framed file no byte is executed
 * that was not verified (verified_source.ts). Only the last file with data may end too early, and
 * only with `aof-load-truncated yes`: it is cut - after its last whole batch; without frames, after
 * its last whole command, or before its last MULTI, if that has no EXEC - before this returns, so
 * before anything can be appended; the bytes cut are kept beside it. Everything else that is wrong
 * stops the load with file, offset and reason, and no file has been touched.
 */

import type { Clock } from "../../platform/clock.ts";
import type { Disk, DiskFile } from "../../platform/disk.ts";
import type { Args } from "../../resp/args.ts";
import { COMMANDS_AHEAD } from "../../keyspace/lookahead.ts";
import { Decoder, ProtocolError } from "../../resp/decoder.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { EncodingLimits } from "../../types/rdb/limits.ts";
import type { Log } from "../errors.ts";
import type { AofFile } from "../files.ts";
import { KeyDelay } from "../key_delay.ts";
import { loadRdb } from "../rdb/load.ts";
import { readAt } from "./file_end.ts";
import { beginsFramed } from "./framing.ts";
import * as problems from "./load_problems.ts";
import { inspectTail } from "./tail.ts";
import { cutTail } from "./tail_cut.ts";
import { VerifiedSource } from "./verified_source.ts";

/** Bytes read from a file at once. */
const CHUNK_BYTES = 1024 * 1024;
/** The event loop gets a turn after this much work, so that clients hear -LOADING. */
const SLICE_MS = 25;
/** The clock is asked once in this many commands (a power of two). */
const COMMANDS_PER_LOOK = 512;
/** ... and once in this many bytes read. */
const BYTES_PER_LOOK = 64 * 1024;
/** Progress is told this often. */
const PROGRESS_INTERVAL_MS = 1000;
/** What an RDB begins with. */
const RDB_MAGIC = "REDIS";
/** Redis's default for `proto-max-bulk-len`. */
const BULK_BYTES_MAX = 512 * 1024 * 1024;

/** Who carries out the commands of a log. */
export interface ReplayTarget {
  /** A file begins or the last one has ended: database 0 is selected, an open MULTI is forgotten. */
  reset(): void;
  /**
   * Carries out one command, MULTI and EXEC included (what stands between them takes effect at
   * EXEC). `args` are valid during the call only. Returns the error reply, if it is one.
   */
  execute(args: Args, offset: number): string | undefined;
  /** More commands wait in the decoder: their data may be read ahead. */
  lookAhead(decoder: Decoder): void;
}

/** How far a load has come. */
export interface LoadProgress {
  /** Bytes read. */
  readonly loaded_bytes: number;
  /** Bytes there are. */
  readonly total_bytes: number;
}

/** What to load, and how. */
export interface LoadOptions {
  /** The disk that the files are on. */
  readonly disk: Disk;
  /** The files, in order; the last one with data may have a torn tail. */
  readonly files: readonly AofFile[];
  /** Who carries out the commands. */
  readonly target: ReplayTarget;
  /** `aof-load-truncated`: whether a torn tail is cut rather than refused. */
  readonly loadTruncated: boolean;
  /** What happens if a command answers with an error: stop the load (the default), or only log. */
  readonly refusedCommand?: "stop" | "log";
  /** Longest argument in bytes; at least Redis's 512 MiB is taken. */
  readonly bulkBytesMax?: number;
  /** Where an RDB is loaded into; without it a file that begins with one is refused. */
  readonly keyspace?: Keyspace;
  /** How collections are kept; goes with `keyspace`. */
  readonly limits?: EncodingLimits;
  /** `rdbchecksum`: whether the checksum of an RDB is compared. Missing: yes. */
  readonly verify?: boolean;
  /** `key-load-delay`, for each command as well. Missing: none. */
  readonly keyDelay_us?: () => number;
  /** Time. */
  readonly clock: Clock;
  /** The server's log. */
  readonly log: Log;
  /** Called about once a second. */
  readonly onProgress?: (progress: LoadProgress) => void;
}

/** What was loaded. */
export interface LoadResult {
  /** Commands carried out. */
  readonly commands: number;
  /** Bytes of the files, after a cut. */
  readonly size_bytes: number;
  /** Bytes cut from the last file. */
  readonly cut_bytes: number;
  /** Keys loaded from an RDB. */
  readonly keys: number;
  /** Batches verified. */
  readonly batches: number;
  /** When the first and the last of them were written, in seconds since the epoch. */
  readonly first_s: number | undefined;
  readonly last_s: number | undefined;
}

/**
 * Replays files.
 *
 * @throws {StorageError} what is wrong, and where
 * @throws {DiskError} a file cannot be read, or not be cut
 */
export async function loadAof(options: LoadOptions): Promise<LoadResult> {
  const load = new Load(options);
  try {
    for (let i = 0; i < options.files.length; i++) await load.replay(i);
  } finally {
    options.target.reset();
  }
  return load.finish();
}

/** Where a file is to be cut. */
interface Cut {
  readonly file: AofFile;
  readonly size_bytes: number;
  readonly removed_bytes: number;
  /** Within what the file ends. */
  readonly what: string;
}

class Load {
  readonly #options: LoadOptions;
  readonly #sizes: readonly number[];
  readonly #began_ms: number;
  #sliceBegan_ms: number;
  #told_ms: number;
  #commands = 0;
  #keys = 0;
  #batches = 0;
  #first_s: number | undefined;
  #last_s: number | undefined;
  /** Bytes of the files that are done, and of all so far. */
  #earlierFiles_bytes = 0;
  #loaded_bytes = 0;
  readonly #total_bytes: number;
  /** Offset of the MULTI that has no EXEC yet; -1: none. */
  #multiAt = -1;
  #cut: Cut | undefined;
  readonly #delay: KeyDelay;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#delay = new KeyDelay(options.keyDelay_us);
    this.#began_ms = this.#sliceBegan_ms = this.#told_ms = options.clock.monotonic_ms();
    this.#sizes = options.files.map(({ path }) => options.disk.stat(path)?.size_bytes ?? 0);
    this.#total_bytes = this.#sizes.reduce((sum, size_bytes) => sum + size_bytes, 0);
  }

  /** Replays a file by its index; what is to be cut of it is remembered until all is well. */
  async replay(index: number): Promise<void> {
    const { disk, target, clock, log, files } = this.#options;
    const aofFile = files[index];
    const began_ms = clock.monotonic_ms();
    const file = disk.open(aofFile.path, "read");
    try {
      target.reset();
      this.#multiAt = -1;
      const rdb_bytes = await this.#loadRdb(file, aofFile);
      const source = new VerifiedSource(file, rdb_bytes, aofFile.framed);
      const wholeTo = await this.#decode(source, aofFile);
      this.#checkEnd(file, source, wholeTo, index);
      this.#earlierFiles_bytes += this.#sizes[index];
      this.#batches += source.batches;
      this.#first_s ??= source.first_s;
      this.#last_s = source.last_s ?? this.#last_s;
    } finally {
      file.close();
    }
    const took_s = ((clock.monotonic_ms() - began_ms) / 1000).toFixed(3);
    log("notice", `DB loaded from ${aofFile.type} file ${aofFile.name}: ${took_s} seconds`);
  }

  /** Cuts the torn tail, if there was one, and says what was loaded. */
  finish(): LoadResult {
    const { disk, clock, log } = this.#options;
    const cut = this.#cut;
    if (cut !== undefined) {
      const kept = cutTail(disk, cut.file.path, cut.size_bytes);
      log(
        "warning",
        `!!! AOF ${cut.file.path} ended within a ${cut.what}: truncated at offset ` +
          `${cut.size_bytes}, ${cut.removed_bytes} bytes removed, kept in ${kept} ` +
          "(aof-load-truncated is enabled) !!!",
      );
    }
    const took_s = ((clock.monotonic_ms() - this.#began_ms) / 1000).toFixed(3);
    log("notice", `DB loaded from append only file: ${took_s} seconds`);
    const cut_bytes = cut?.removed_bytes ?? 0;
    return {
      commands: this.#commands,
      keys: this.#keys,
      batches: this.#batches,
      first_s: this.#first_s,
      last_s: this.#last_s,
      size_bytes: this.#total_bytes - cut_bytes,
      cut_bytes,
    };
  }

  /** Loads the RDB that a file begins with, if there is one; returns its length. */
  async #loadRdb(file: DiskFile, aofFile: AofFile): Promise<number> {
    const { keyspace, limits, verify = true, keyDelay_us, clock, log, onProgress } = this.#options;
    const magic = readAt(file, 0, RDB_MAGIC.length);
    if (magic.length === 0 && aofFile.name.endsWith(".rdb")) throw problems.emptyRdb(aofFile);
    if (String.fromCharCode(...magic) !== RDB_MAGIC) return 0;
    if (keyspace === undefined || limits === undefined) throw problems.noRdb(aofFile);
    log("notice", "Reading RDB base file on AOF loading...");
    const before_bytes = this.#earlierFiles_bytes;
    const { end_bytes, keys } = await loadRdb({
      file,
      path: aofFile.path,
      keyspace,
      limits,
      verify,
      dropExpired: false, // the log goes on with keys that have expired by now
      keyDelay_us,
      clock,
      log,
      onProgress: (bytes) => {
        if (!this.#isTimeToTell()) return;
        onProgress?.({ loaded_bytes: before_bytes + bytes, total_bytes: this.#total_bytes });
      },
    });
    this.#keys += keys;
    this.#sliceBegan_ms = clock.monotonic_ms();
    return end_bytes;
  }

  /** Feeds the decoder; returns the offset up to which there are whole commands. */
  async #decode(source: VerifiedSource, aofFile: AofFile): Promise<number> {
    const bulkBytesMax = Math.max(BULK_BYTES_MAX, this.#options.bulkBytesMax ?? 0);
    const decoder = new Decoder(
      { bulkBytesMax, queryBytesMax: Number.MAX_SAFE_INTEGER, authenticated: true },
      { strict: true, bufferBytes: CHUNK_BYTES },
    );
    const { target } = this.#options;
    let unlooked_bytes = 0;
    let isDelayed = this.#delay.isOn;
    while (true) {
      try {
        while (decoder.next()) {
          this.#execute(decoder.args, source.delta + decoder.commandStart, aofFile);
          if (this.#commands % COMMANDS_AHEAD === 0) target.lookAhead(decoder);
          if (isDelayed) await this.#pause();
          if (this.#commands % COMMANDS_PER_LOOK !== 0) continue;
          isDelayed = this.#delay.isOn;
          if (this.#sliceIsOver()) await this.#rest();
        }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        const reason = `${error.message} at offset ${source.delta + error.offset}`;
        throw problems.badFormat(aofFile, source.delta + decoder.commandStart, reason);
      }
      const count = source.read(decoder.space());
      if (count === 0) {
        const isWhole = decoder.commandStart === source.given_bytes;
        return isWhole ? source.offset : source.delta + decoder.commandStart;
      }
      decoder.filled(count);
      this.#loaded_bytes = this.#earlierFiles_bytes + source.offset;
      unlooked_bytes += count;
      if (unlooked_bytes < BYTES_PER_LOOK) continue;
      unlooked_bytes = 0;
      if (this.#sliceIsOver()) await this.#rest();
    }
  }

  #execute(args: Args, offset: number, aofFile: AofFile): void {
    const length = args.length(0);
    if (length === 5) {
      if (args.count === 1 && this.#multiAt < 0 && args.is(0, "MULTI")) this.#multiAt = offset;
    } else if (length === 4) {
      if (args.is(0, "EXEC")) this.#multiAt = -1;
    } else if (length === 7 && args.is(0, "DISCARD")) {
      this.#multiAt = -1;
    }
    this.#commands++;
    const refusal = this.#options.target.execute(args, offset);
    if (refusal !== undefined) this.#refused(args.text(0), offset, aofFile, refusal);
  }

  #refused(name: string, offset: number, aofFile: AofFile, refusal: string): void {
    const error = problems.refusedCommand(aofFile, offset, name, refusal);
    if (this.#options.refusedCommand !== "log") throw error;
    this.#options.log("warning", error.message);
  }

  /** What is behind the last whole command, if anything: a tail to be cut, or an error. */
  #checkEnd(file: DiskFile, source: VerifiedSource, wholeTo: number, index: number): void {
    const aofFile = this.#options.files[index];
    const { end, framed, foreignFrom } = source;
    const place = { batch: source.batches + 1, commandsBefore: this.#commands };
    // A base of ours counts only when all of it is safe: nothing of it is torn.
    if (end.kind === "damaged" || (end.kind === "torn" && aofFile.type === "base")) {
      throw problems.damagedBatch(aofFile, end, place);
    }
    const within = this.#multiAt >= 0 ? this.#multiAt : wholeTo;
    if (framed && within < (foreignFrom ?? source.offset)) {
      throw problems.badFormat(aofFile, within, "a batch ends within a command or a transaction");
    }
    if (this.#lacksSeal(source, index)) throw problems.unsealed(aofFile, source.offset, place);
    const cutAt = end.kind === "torn" ? end.offset : within;
    const removed_bytes = file.size() - cutAt;
    if (removed_bytes === 0) return;
    let what = this.#multiAt >= 0 ? "MULTI" : "command";
    if (end.kind === "torn") {
      what = `batch (${end.reason})`;
    } else if (wholeTo < file.size()) {
      const tail = inspectTail(file, wholeTo);
      if (tail.kind === "damaged") throw problems.badFormat(aofFile, wholeTo, tail.reason);
    }
    const tail = { offset: cutAt, removed_bytes, what };
    if (!this.#mayBeTorn(index)) throw problems.tornTooEarly(aofFile, tail, place);
    if (!this.#options.loadTruncated) throw problems.truncated(aofFile, tail);
    this.#cut = { file: aofFile, size_bytes: cutAt, removed_bytes, what };
  }

  /**
   * Whether a file of ours has lost its end. Nothing is written to a file of ours before the one
   * before it has its seal, and a base counts only with it. Other servers know of no seals.
   */
  #lacksSeal({ end, framed, foreignFrom, sealed }: VerifiedSource, index: number): boolean {
    const { files } = this.#options;
    const isOurs = framed || (files[index].framed === true && this.#sizes[index] === 0);
    if (!isOurs || foreignFrom !== undefined || end.kind !== "whole" || sealed) return false;
    if (files[index].type === "base") return true;
    const next = files.findIndex((_file, i) => i > index && this.#sizes[i] > 0);
    return next >= 0 && this.#isFramed(files[next]);
  }

  #isFramed({ path, framed }: AofFile): boolean {
    const file = this.#options.disk.open(path, "read");
    try {
      return beginsFramed(file, framed);
    } finally {
      file.close();
    }
  }

  /** Only the last file with data: nothing is written to one before those before it are safe. */
  #mayBeTorn(index: number): boolean {
    const { files } = this.#options;
    if (index === files.length - 1) return true;
    return files[index].type === "incr" && this.#sizes.slice(index + 1).every((size) => size === 0);
  }

  /** What `key-load-delay` asks for after each command. */
  async #pause(): Promise<void> {
    const pause_ms = this.#delay.after(1);
    if (pause_ms > 0) await this.#rest(pause_ms);
  }

  #sliceIsOver(): boolean {
    return this.#options.clock.monotonic_ms() - this.#sliceBegan_ms >= SLICE_MS;
  }

  #isTimeToTell(): boolean {
    const now_ms = this.#options.clock.monotonic_ms();
    if (now_ms - this.#told_ms < PROGRESS_INTERVAL_MS) return false;
    this.#told_ms = now_ms;
    return true;
  }

  /** Lets the event loop have its turn, and tells the progress if it is time. */
  async #rest(pause_ms = 0): Promise<void> {
    const { clock, onProgress } = this.#options;
    if (this.#isTimeToTell()) {
      onProgress?.({ loaded_bytes: this.#loaded_bytes, total_bytes: this.#total_bytes });
    }
    await new Promise<void>((resolve) => clock.after(pause_ms, resolve));
    this.#sliceBegan_ms = clock.monotonic_ms();
  }
}
