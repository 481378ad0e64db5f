/**
 * What of an archive makes the log of some moment: a history, a base, the incremental files behind
 * it, and the chunks that each of them consists of.
 *
 * Promise: a plan is whole. A chunk that is missing is told, with its file and offset, before
 * anything is written.
 */

import { StorageError } from "../errors.ts";
import { readCatalog } from "./archive_state.ts";
import {
  type ArchivedBase,
  type ArchivedIncr,
  baseFor,
  type Catalog,
  runBehind,
} from "./catalog.ts";
import { catalogName, chain, type Chunk, type HistoryObjects, type PartKey } from "./names.ts";
import type { ArchiveSink } from "./sink.ts";
import { withObjects } from "./steady_list.ts";
import { formatTime } from "../../numbers/time_text.ts";

/** A file to be restored. */
export interface PlannedFile {
  readonly name: string;
  readonly seq: number;
  readonly type: "base" | "incr";
  /** As long as its chunks. */
  readonly size_bytes: number;
  /** So much of it was archived, if that is more. */
  readonly stored_bytes: number;
  /** Its chunks in order. */
  readonly chunks: readonly Chunk[];
}

/** What is to be restored. */
export interface RestorePlan {
  readonly history: number;
  readonly catalog: Catalog;
  readonly base: ArchivedBase;
  /** In the order in which they are replayed. */
  readonly files: readonly PlannedFile[];
  readonly total_bytes: number;
}

/** What the file `seq` of that type is called in the names of objects. */
export function partKey(type: PlannedFile["type"], seq: number): PartKey {
  return `${type === "base" ? "b" : "i"}${seq}`;
}

/**
 * Plans the restoration of the moment `to_time_s`; undefined: of the latest there is.
 *
 * @param wanted number of the history; undefined: the newest that reaches back so far
 * @throws {StorageError} the archive is damaged, or does not reach back so far
 */
export function planRestore(
  sink: ArchiveSink,
  to_time_s: number | undefined,
  wanted?: number,
): Promise<RestorePlan> {
  return withObjects(
    sink,
    (histories) => planAmong(histories, sink, to_time_s, wanted),
    ({ files }) => files.every(({ size_bytes, stored_bytes }) => size_bytes >= stored_bytes),
  );
}

async function planAmong(
  histories: ReadonlyMap<number, HistoryObjects>,
  sink: ArchiveSink,
  to_time_s: number | undefined,
  wanted: number | undefined,
): Promise<RestorePlan> {
  const numbers = [...histories.keys()].sort((a, b) => b - a)
    .filter((number) => wanted === undefined || number === wanted);
  const passed: string[] = [];
  for (const [i, number] of numbers.entries()) {
    const objects = histories.get(number)!;
    const catalog = await newestCatalog(sink, number, objects);
    if (catalog === undefined || catalog.bases.length === 0) {
      passed.push(`history ${number} has no base that is whole`);
      continue;
    }
    const base = baseFor(catalog, to_time_s);
    const isOldest = i === numbers.length - 1;
    const isInTime = to_time_s === undefined || isOldest || catalog.began_s <= to_time_s;
    if (base !== undefined && isInTime) return planFrom(sink, number, objects, catalog, base);
    const first_s = Math.max(catalog.bases[0].time_s, isOldest ? 0 : catalog.began_s);
    passed.push(`history ${number} can be restored from ${formatTime(first_s)} (${first_s}) on`);
  }
  const found = passed.length === 0 ? "there is no archive here" : passed.join("; ");
  const asked = to_time_s === undefined
    ? ""
    : `, asked for was ${formatTime(to_time_s)} (${to_time_s})`;
  throw new StorageError("unsupported", sink.name, undefined, `${found}${asked}`);
}

async function newestCatalog(
  sink: ArchiveSink,
  history: number,
  { catalogs }: HistoryObjects,
): Promise<Catalog | undefined> {
  const version = Math.max(0, ...catalogs.keys());
  const crc = catalogs.get(version);
  return crc === undefined
    ? undefined
    : await readCatalog(sink, catalogName(history, version, crc), crc);
}

function planFrom(
  sink: ArchiveSink,
  history: number,
  { chunks }: HistoryObjects,
  catalog: Catalog,
  base: ArchivedBase,
): RestorePlan {
  const plan = (
    type: "base" | "incr",
    { seq, name, size_bytes: size, stored_bytes = 0 }: ArchivedIncr,
  ) => {
    const key = partKey(type, seq);
    const { whole } = chain(chunks.get(key) ?? []);
    const last = whole.at(-1);
    const end = last === undefined ? 0 : last.offset + last.length;
    if (size !== null && end !== size) {
      throw new StorageError(
        "damaged",
        `${sink.name}/h${history}.${key}.*`,
        end,
        `of ${name} the archive must have ${size} bytes, the object that begins at ${end} is ` +
          "missing. Get it back from another copy of the archive, or restore an earlier moment",
      );
    }
    return { name, seq, type, size_bytes: end, stored_bytes, chunks: whole };
  };
  const files = runBehind(catalog, base)
    .map((incr) => plan("incr", incr));
  if (base.seq !== 0) files.unshift(plan("base", base));
  const total_bytes = files.reduce((sum, file) => sum + file.size_bytes, 0);
  return { history, catalog, base, files, total_bytes };
}
