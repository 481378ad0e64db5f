/**
 * All files of a log, walked over, counted, and judged together: the end may be torn only where no
 * later file has any bytes.
 */

import type { Args } from "../resp/args.ts";
import { walkFile } from "./file_walk.ts";
import { progressOf, type ToolIo } from "./io.ts";
import type { LogFiles } from "./log_files.ts";
import type { FileWalk, Place, Visitor } from "./walk.ts";

/** What was found in a log. */
export interface Survey {
  readonly log: LogFiles;
  /** One for each file, in order. */
  readonly walks: readonly FileWalk[];
  /** How many commands of each name, in small letters. */
  readonly byName: ReadonlyMap<string, number>;
  /** How many commands in each database. */
  readonly byDb: ReadonlyMap<number, number>;
  /** The first file that is not whole; undefined: all are. */
  readonly trouble: Trouble | undefined;
}

/** What keeps a log from being whole. */
export interface Trouble {
  /** Index of the file. */
  readonly index: number;
  /** A server may cut a torn end when it starts; damage it refuses. */
  readonly kind: "torn" | "damaged";
  /** What is wrong. */
  readonly reason: string;
}

/** A longer name is none: it is counted under its beginning. */
const NAME_BYTES_MAX = 64;

/**
 * Walks over all files.
 *
 * @throws {DiskError} one cannot be read
 */
export async function surveyLog(io: ToolIo, log: LogFiles): Promise<Survey> {
  const counts = new Counts();
  const sizes = log.files.map(({ path }) => io.disk.stat(path)?.size_bytes ?? 0);
  const progress = progressOf(io, sizes.reduce((sum, size) => sum + size, 0));
  const walks: FileWalk[] = [];
  try {
    for (const file of log.files) walks.push(await walkFile(io, file, progress, counts));
  } finally {
    progress.wipe();
  }
  const { byName, byDb } = counts;
  return { log, walks, byName, byDb, trouble: findTrouble(walks) };
}

/** The first file that is not whole, and what that means where it stands. */
export function findTrouble(walks: readonly FileWalk[]): Trouble | undefined {
  const index = walks.findIndex(({ verdict }, i) => verdict.kind !== "whole" || lacksEnd(walks, i));
  if (index < 0) return undefined;
  const { verdict, file, format } = walks[index];
  if (verdict.kind === "whole") return { index, kind: "damaged", reason: END_MISSING };
  if (verdict.kind === "torn" && file.type === "base" && format === "framed") {
    return { index, kind: "damaged", reason: `${verdict.reason} - but a base was safe, all of it` };
  }
  const isEnd = index === walks.length - 1 ||
    (walks[index].file.type === "incr" &&
      walks.slice(index + 1).every(({ size_bytes }) => size_bytes === 0));
  if (verdict.kind !== "torn") return { index, kind: "damaged", reason: verdict.reason };
  if (isEnd) return { index, kind: "torn", reason: verdict.reason };
  return {
    index,
    kind: "damaged",
    reason: `${verdict.reason} - but this was not the end of the log: another file follows`,
  };
}

const END_MISSING = "its end is missing: the file was complete, and does not end with its seal";

/** As in loading: nothing is written to a file of ours before the one before it is complete. */
function lacksEnd(walks: readonly FileWalk[], index: number): boolean {
  const { file, size_bytes, format, foreign_at, isComplete } = walks[index];
  const isOurs = format === "framed" || (file.framed === true && size_bytes === 0);
  if (!isOurs || foreign_at !== undefined || isComplete) return false;
  if (file.type === "base") return true;
  return walks.slice(index + 1).find((later) => later.size_bytes > 0)?.format === "framed";
}

class Counts implements Visitor {
  readonly byName = new Map<string, number>();
  readonly byDb = new Map<number, number>();

  command(args: Args, { db }: Place): boolean {
    const name = args.buf.toString(
      "latin1",
      args.start(0),
      Math.min(args.end(0), args.start(0) + NAME_BYTES_MAX),
    ).toLowerCase();
    this.byName.set(name, (this.byName.get(name) ?? 0) + 1);
    this.byDb.set(db, (this.byDb.get(db) ?? 0) + 1);
    return true;
  }
}
