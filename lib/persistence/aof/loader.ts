/**
 * Replays an append-only file: the base, then the incremental files in the manifest's order, with
 * the decoder that also reads from clients.
 *
 * Promises: a broken log is never silently half-loaded. Only the last file may end too early, and
 * only with `aof-load-truncated yes`: it is cut after its last whole command - or before its last
 * MULTI, if that has no EXEC - before this returns, so before anything can be appended. Everything
 * else that is wrong stops the load with file, offset and reason, and no file has been touched.
 */

import type { Clock } from "../../platform/clock.ts";
import type { Disk, DiskFile } from "../../platform/disk.ts";
import type { Args } from "../../resp/args.ts";
import { Decoder, ProtocolError } from "../../resp/decoder.ts";
import { type Log, StorageError } from "../errors.ts";
import type { AofFile } from "../files.ts";
import { rdbPreambleLength } from "./rdb_preamble.ts";
import { inspectTail } from "./tail.ts";

/** Bytes read from a file at once. */
const CHUNK_BYTES = 1024 * 1024;
/** The event loop gets a turn after this much work, so that clients hear -LOADING. */
const SLICE_MS = 25;
/** The clock is asked once in this many commands (a power of two). */
const COMMANDS_PER_LOOK = 512;
/** Progress is told this often. */
const PROGRESS_INTERVAL_MS = 1000;
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
  /** The files, in order; the last one may have a torn tail. */
  readonly files: readonly AofFile[];
  /** Who carries out the commands. */
  readonly target: ReplayTarget;
  /** `aof-load-truncated`: whether a torn tail is cut rather than refused. */
  readonly loadTruncated: boolean;
  /** What happens if a command answers with an error: stop the load (the default), or only log. */
  readonly refusedCommand?: "stop" | "log";
  /** Longest argument in bytes; at least Redis's 512 MiB is taken. */
  readonly bulkBytesMax?: number;
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
    for (const file of options.files) await load.replay(file, file === options.files.at(-1));
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
}

class Load {
  readonly #options: LoadOptions;
  readonly #began_ms: number;
  #sliceBegan_ms: number;
  #told_ms: number;
  #commands = 0;
  #loaded_bytes = 0;
  #total_bytes = 0;
  /** Offset of the MULTI that has no EXEC yet; -1: none. */
  #multiAt = -1;
  #cut: Cut | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#began_ms = this.#sliceBegan_ms = this.#told_ms = options.clock.monotonic_ms();
    for (const { path } of options.files) {
      this.#total_bytes += options.disk.stat(path)?.size_bytes ?? 0;
    }
  }

  /** Replays one file; what is to be cut of it is remembered until all is well. */
  async replay(aofFile: AofFile, isLast: boolean): Promise<void> {
    const { disk, target, clock, log } = this.#options;
    const began_ms = clock.monotonic_ms();
    const file = disk.open(aofFile.path, "read");
    try {
      target.reset();
      this.#multiAt = -1;
      const preamble_bytes = rdbPreambleLength(file, aofFile.path);
      file.seek(preamble_bytes);
      this.#loaded_bytes += preamble_bytes;
      const wholeTo = await this.#decode(file, aofFile, preamble_bytes);
      this.#checkEnd(file, aofFile, wholeTo, isLast);
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
      const file = disk.open(cut.file.path, "append");
      try {
        file.truncate(cut.size_bytes);
        file.sync();
      } finally {
        file.close();
      }
      log(
        "warning",
        `!!! AOF ${cut.file.path} ended within a ${this.#multiAt < 0 ? "command" : "MULTI"}: ` +
          `truncated at offset ${cut.size_bytes}, ${cut.removed_bytes} bytes removed ` +
          "(aof-load-truncated is enabled) !!!",
      );
    }
    const took_s = ((clock.monotonic_ms() - this.#began_ms) / 1000).toFixed(3);
    log("notice", `DB loaded from append only file: ${took_s} seconds`);
    const cut_bytes = cut?.removed_bytes ?? 0;
    return { commands: this.#commands, size_bytes: this.#total_bytes - cut_bytes, cut_bytes };
  }

  /** Feeds the decoder; returns the offset up to which there are whole commands. */
  async #decode(file: DiskFile, aofFile: AofFile, base: number): Promise<number> {
    const bulkBytesMax = Math.max(BULK_BYTES_MAX, this.#options.bulkBytesMax ?? 0);
    const decoder = new Decoder(
      { bulkBytesMax, queryBytesMax: Number.MAX_SAFE_INTEGER, authenticated: true },
      { strict: true, bufferBytes: CHUNK_BYTES },
    );
    while (true) {
      try {
        while (decoder.next()) {
          this.#execute(decoder.args, base + decoder.commandStart, aofFile);
          if (this.#commands % COMMANDS_PER_LOOK === 0 && this.#sliceIsOver()) await this.#rest();
        }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        const reason = `${error.message} at offset ${base + error.offset}`;
        throw badFormat(aofFile, base + decoder.commandStart, reason);
      }
      const count = file.read(decoder.space());
      if (count === null || count === 0) return base + decoder.commandStart;
      decoder.filled(count);
      this.#loaded_bytes += count;
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
    const error = new StorageError(
      "command",
      aofFile.path,
      offset,
      `the command '${name}' was refused when replayed: ${refusal}. No file was changed`,
    );
    if (this.#options.refusedCommand !== "log") throw error;
    this.#options.log("warning", error.message);
  }

  #checkEnd(file: DiskFile, aofFile: AofFile, wholeTo: number, isLast: boolean): void {
    const size = file.size();
    const end = this.#multiAt >= 0 ? this.#multiAt : wholeTo;
    if (end === size) return;
    if (wholeTo < size) {
      const tail = inspectTail(file, wholeTo);
      if (tail.kind === "damaged") throw badFormat(aofFile, wholeTo, tail.reason);
    }
    const what = this.#multiAt >= 0 ? "transaction (MULTI without EXEC)" : "command";
    if (!isLast) {
      throw new StorageError(
        "damaged",
        aofFile.path,
        end,
        `the file ends within a ${what}, and it is not the last file. Restore it from a backup`,
      );
    }
    if (!this.#options.loadTruncated) {
      throw new StorageError(
        "truncated",
        aofFile.path,
        end,
        `Unexpected end of file: it ends within a ${what}, ${size - end} bytes after the last ` +
          "whole one. You can: 1) Make a backup of your AOF file, then use redis-check-aof " +
          "--fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' " +
          "configuration option to yes and restart the server",
      );
    }
    this.#cut = { file: aofFile, size_bytes: end, removed_bytes: size - end };
  }

  #sliceIsOver(): boolean {
    return this.#options.clock.monotonic_ms() - this.#sliceBegan_ms >= SLICE_MS;
  }

  /** Lets the event loop have its turn, and tells the progress if it is time. */
  async #rest(): Promise<void> {
    const { clock, onProgress } = this.#options;
    if (clock.monotonic_ms() - this.#told_ms >= PROGRESS_INTERVAL_MS) {
      this.#told_ms = clock.monotonic_ms();
      onProgress?.({ loaded_bytes: this.#loaded_bytes, total_bytes: this.#total_bytes });
    }
    await new Promise<void>((resolve) => clock.after(0, resolve));
    this.#sliceBegan_ms = clock.monotonic_ms();
  }
}

function badFormat(aofFile: AofFile, offset: number, reason: string): StorageError {
  return new StorageError(
    "damaged",
    aofFile.path,
    offset,
    `Bad file format: the command here cannot be read: ${reason}. No file was changed. Restore the file from a backup, or make ` +
      "a copy and use redis-check-aof --fix <filename.manifest>, which drops everything from " +
      "here on",
  );
}
