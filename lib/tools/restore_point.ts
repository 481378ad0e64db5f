/**
 * The place in a log that a moment, or an offset, stands for: all whole units - commands, or
 * transactions - up to there are kept.
 *
 * By time, the log ends before the first batch that was written later than asked for. A command
 * without a known time is as old as the one before it.
 */

import type { Args } from "../resp/args.ts";
import { StorageError } from "../persistence/errors.ts";
import { walkFile } from "./file_walk.ts";
import { progressOf, Refusal, type ToolIo } from "./io.ts";
import type { LogFiles } from "./log_files.ts";
import { snapshotTime } from "./rdb_report.ts";
import { findTrouble } from "./survey.ts";
import { formatTime } from "../numbers/time_text.ts";
import type { FileWalk, Place, Visitor, WalkedBatch } from "./walk.ts";

/** What is asked for: all until the end of a second, or what stands before an offset in a file. */
export type Wish =
  | { readonly kind: "time"; readonly to_s: number }
  | { readonly kind: "offset"; readonly index: number; readonly offset: number };

/** A place in a log. */
export interface RestorePoint {
  /** The file that is cut; those before it are kept whole, those behind it left out. */
  readonly index: number;
  /** Bytes of it that are kept as they are. */
  readonly end_bytes: number;
  /** Its next batch is kept up to here, with a frame of its own; undefined: no part of it. */
  readonly part: BatchPart | undefined;
  /** Commands kept in all files. */
  readonly commands: number;
  /** The latest time among them, in seconds; undefined: not known. */
  readonly last_s: number | undefined;
}

/** The first units of a batch. */
export interface BatchPart {
  readonly batch: WalkedBatch;
  /** Where they end in the file. */
  readonly data_end: number;
  /** How many commands they are. */
  readonly commands: number;
}

/**
 * Finds the place, and verifies everything before it.
 *
 * @throws {StorageError} the log is damaged before that place
 * @throws {Refusal} there is no such place
 * @throws {DiskError} a file cannot be read
 */
export async function findRestorePoint(
  io: ToolIo,
  log: LogFiles,
  wish: Wish,
): Promise<RestorePoint> {
  const finder = new Finder(log, wish);
  const sizes = log.files.map(({ path }) => io.disk.stat(path)?.size_bytes ?? 0);
  const progress = progressOf(io, sizes.reduce((sum, size) => sum + size, 0));
  const walks: FileWalk[] = [];
  try {
    for (let index = 0; index < log.files.length && !finder.isFound; index++) {
      finder.enter(index);
      const walk = await walkFile(io, log.files[index], progress, finder);
      walks.push(walk);
      finder.leave(walk);
    }
  } finally {
    progress.wipe();
  }
  return finder.result(walks);
}

/** Watches the files go by, and stops where the wish is fulfilled. */
class Finder implements Visitor {
  readonly #log: LogFiles;
  readonly #wish: Wish;
  #index = 0;
  /** Commands of the files that are done. */
  #done = 0;
  /** Of the file under way: commands shown, those before the unit, and those before the batch. */
  #shown = 0;
  #beforeUnit = 0;
  #beforeBatch = 0;
  #unit_start = -1;
  #base_s: number | undefined;
  #first_s: number | undefined;
  #last_s: number | undefined;
  #point: RestorePoint | undefined;

  constructor(log: LogFiles, wish: Wish) {
    this.#log = log;
    this.#wish = wish;
  }

  get isFound(): boolean {
    return this.#point !== undefined;
  }

  /** A file begins. */
  enter(index: number): void {
    this.#index = index;
    this.#shown = this.#beforeUnit = this.#beforeBatch = 0;
    this.#unit_start = -1;
  }

  /** A file was walked over, as far as need be. */
  leave(walk: FileWalk): void {
    if (walk.file.type === "base") this.#base_s = snapshotTime(walk.rdb) ?? walk.first_s;
    if (this.isFound) return;
    this.#done += walk.commands;
    const isLast = this.#wish.kind === "offset"
      ? this.#index === this.#wish.index
      : this.#index === this.#log.files.length - 1 || walk.verdict.kind === "torn" ||
        this.#isDamageLater(walk);
    if (isLast) this.#keep(walk.good_bytes, 0);
  }

  batch({ seal }: WalkedBatch): boolean {
    this.#beforeBatch = this.#shown;
    if (this.#isLater(seal.time_s)) return this.#keep(seal.offset, this.#shown);
    this.#sawTime(seal.time_s);
    return true;
  }

  command(_args: Args, place: Place): boolean {
    if (place.unit_start !== this.#unit_start) {
      this.#unit_start = place.unit_start;
      this.#beforeUnit = place.number - 1;
    }
    this.#shown = place.number;
    const { batch, unit_start } = place;
    if (batch === undefined && this.#isLater(place.time_s)) {
      return this.#keep(unit_start, this.#beforeUnit);
    }
    if (!this.#isBehind(place)) {
      this.#sawTime(place.time_s);
      return true;
    }
    if (batch === undefined || unit_start === batch.seal.offset) {
      return this.#keep(unit_start, this.#beforeUnit);
    }
    const commands = this.#beforeUnit - this.#beforeBatch;
    const part = { batch, data_end: unit_start, commands };
    return this.#keep(batch.seal.offset, this.#beforeUnit, part);
  }

  /** The place that was found. @throws {StorageError} @throws {Refusal} */
  result(walks: readonly FileWalk[]): RestorePoint {
    this.#refuseDamage(walks);
    if (this.#wish.kind === "time") this.#refuseEarly(this.#wish.to_s);
    return { ...this.#point!, last_s: this.#last_s };
  }

  /** A place before damage can be had; one behind it, or after a hole, cannot. */
  #refuseDamage(walks: readonly FileWalk[]): void {
    const trouble = findTrouble(walks);
    if (trouble === undefined) return;
    const { file, good_bytes } = walks[trouble.index];
    const isPointHere = this.#point?.index === trouble.index;
    if (isPointHere && trouble.kind === "torn") return;
    if (isPointHere && this.#wish.kind === "offset" && this.#wish.offset <= good_bytes) return;
    if (isPointHere && this.#isDamageLater(walks[trouble.index])) return;
    throw new StorageError(
      "damaged",
      file.path,
      good_bytes,
      `${trouble.reason}. The log can be restored up to here: --to-offset ${file.name}:${good_bytes}`,
    );
  }

  #refuseEarly(to_s: number): void {
    const earliest_s = this.#base_s ?? this.#first_s;
    if (earliest_s === undefined) {
      throw new Refusal(
        "the log tells no times: it was written without aof-checksums and without " +
          "aof-timestamp-enabled. Use --to-offset",
      );
    }
    if (to_s >= earliest_s) return;
    throw new Refusal(
      `the log begins later than ${formatTime(to_s)}: it can be restored from ` +
        `${formatTime(earliest_s)} (${earliest_s}) on`,
    );
  }

  /** Sets the place; false, as an answer to the walk. */
  #keep(end_bytes: number, commandsHere: number, part?: BatchPart): false {
    const commands = this.#done + commandsHere;
    this.#point = { index: this.#index, end_bytes, part, commands, last_s: undefined };
    return false;
  }

  #isLater(time_s: number | undefined): boolean {
    const isLater = this.#wish.kind === "time" && time_s !== undefined &&
      time_s > this.#wish.to_s && isCommandLog(this.#log, this.#index);
    if (isLater) this.#first_s ??= time_s;
    return isLater;
  }

  /** Whether a file is damaged only in a batch, and behind it, that was written later. */
  #isDamageLater({ verdict }: FileWalk): boolean {
    return verdict.kind === "damaged" && this.#isLater(verdict.lost?.own_s);
  }

  #isBehind({ end }: Place): boolean {
    return this.#wish.kind === "offset" && this.#index === this.#wish.index &&
      end > this.#wish.offset;
  }

  #sawTime(time_s: number | undefined): void {
    if (time_s === undefined) return;
    this.#first_s ??= time_s;
    this.#last_s = Math.max(this.#last_s ?? time_s, time_s);
  }
}

/**
 * Whether a file holds commands as they came, so that a part of it is a state that once was: of a
 * rewritten base only the whole is.
 */
export function isCommandLog({ files, prefix }: LogFiles, index: number): boolean {
  const { type, name } = files[index];
  return type === "incr" || name === prefix;
}
