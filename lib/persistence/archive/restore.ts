/**
 * Brings the log of a server back from an archive, as it was at the end of a second or as late as
 * the archive has it.
 *
 * Promises: every byte is verified against the checksum in its object's name, every batch against
 * its own; the result holds whole transactions only; the manifest is written last, so that what was
 * left unfinished is never taken for a log; and the archive is only read; its server may go on with it meanwhile.
 */

import type { Disk } from "../../platform/disk.ts";
import { saveManifest } from "../aof/manifest.ts";
import { type Log, StorageError } from "../errors.ts";
import { joinPath, writeFully } from "../files.ts";
import { findLogEnd, type LogEnd } from "./log_end.ts";
import { readChunk } from "./chunk_reader.ts";
import { partKey, type PlannedFile, planRestore, type RestorePlan } from "./restore_plan.ts";
import type { ArchiveSink } from "./sink.ts";
import { formatTime } from "../../numbers/time_text.ts";

/** What is to be restored, and where to. */
export interface RestoreOptions {
  /** The disk of the new log. */
  readonly disk: Disk;
  readonly archive: ArchiveSink;
  /** The new log's own directory (`.../appendonlydir`): must not exist, or be empty. */
  readonly into: string;
  /** All that was written up to the end of this second since the epoch; missing: all there is. */
  readonly to_time_s?: number;
  /** Number of the history; missing: the newest that reaches back so far. */
  readonly history?: number;
  readonly log: Log;
  /** Bytes written, and how many it will be. */
  readonly onProgress?: (done_bytes: number, total_bytes: number) => void;
}

/** What was restored. */
export interface RestoreResult {
  readonly history: number;
  /** Names of the files, in order. */
  readonly files: readonly string[];
  readonly size_bytes: number;
  /** When the last batch was written, in seconds; undefined: none was, or nothing tells. */
  readonly last_s: number | undefined;
}

/**
 * Restores a log.
 *
 * @throws {StorageError} the archive is damaged, or does not have that moment
 * @throws {DiskError} `into` cannot be written
 */
export async function restoreArchive(options: RestoreOptions): Promise<RestoreResult> {
  const { disk, archive, into, to_time_s, log } = options;
  refuseOccupied(disk, into);
  const plan = await planRestore(archive, to_time_s, options.history);
  log("notice", `Restoring ${plan.files.length} files of history ${plan.history}`);
  disk.makeDirectory(into);
  let done_bytes = 0;
  for (const file of plan.files) {
    await writeFile(options, plan.history, file, (added_bytes) => {
      done_bytes += added_bytes;
      options.onProgress?.(done_bytes, plan.total_bytes);
    });
  }
  const incrs = plan.files.filter(({ type }) => type === "incr");
  const end = cutLog(options, plan, incrs);
  const kept = incrs.slice(0, end.index + 1);
  for (const { name } of incrs.slice(kept.length)) disk.remove(joinPath(into, name));
  disk.syncDirectory(into);
  const base = plan.files.find(({ type }) => type === "base");
  saveManifest(disk, into, `${plan.catalog.prefix}.manifest`, {
    base: base && { name: base.name, seq: base.seq, type: "base" },
    incrs: kept.map(({ name, seq }) => ({ name, seq, type: "incr" })),
    histories: [],
  });
  const files = [...base === undefined ? [] : [base.name], ...kept.map(({ name }) => name)];
  const size_bytes = files.reduce(
    (sum, name) => sum + (disk.stat(joinPath(into, name))?.size_bytes ?? 0),
    0,
  );
  return { history: plan.history, files, size_bytes, last_s: end.last_s };
}

function refuseOccupied(disk: Disk, into: string): void {
  const facts = disk.stat(into);
  if (facts === undefined || (facts.isDirectory && disk.readDirectory(into).length === 0)) return;
  throw new StorageError(
    "disk",
    into,
    undefined,
    `it ${facts.isDirectory ? "is not empty" : "is a file"}. Name a new directory`,
  );
}

async function writeFile(
  { disk, archive, into }: RestoreOptions,
  history: number,
  { name, seq, type, chunks }: PlannedFile,
  onWritten: (added_bytes: number) => void,
): Promise<void> {
  const path = joinPath(into, name);
  const file = disk.open(path, "create");
  try {
    for (const chunk of chunks) {
      const bytes = await readChunk(archive, history, partKey(type, seq), chunk);
      writeFully(file, bytes, path);
      onWritten(bytes.length);
    }
    file.sync();
  } finally {
    file.close();
  }
}

/** Ends the log where it is to end. */
function cutLog(
  { disk, archive, into, to_time_s, log }: RestoreOptions,
  { base }: RestorePlan,
  incrs: readonly PlannedFile[],
): LogEnd {
  if (incrs.length === 0) return { index: -1, end_bytes: 0, isEarlier: false, last_s: undefined };
  const end = findLogEnd(disk, incrs.map(({ name }) => joinPath(into, name)), to_time_s);
  const { name, size_bytes } = incrs[end.index];
  if (!end.isEarlier) refuseLost(archive, incrs[end.index], end);
  const isNothing = base.seq === 0 && end.index === 0 && end.end_bytes === 0;
  if (to_time_s !== undefined && isNothing && size_bytes > 0) {
    throw new StorageError(
      "unsupported",
      archive.name,
      undefined,
      `the log begins later than ${to_time_s}. Ask for a later moment`,
    );
  }
  if (end.end_bytes === size_bytes) return end;
  const path = joinPath(into, name);
  log("notice", `${name} ends at ${end.end_bytes}, of ${size_bytes} bytes in the archive`);
  const file = disk.open(path, "append");
  try {
    file.truncate(end.end_bytes);
    file.sync();
  } finally {
    file.close();
  }
  return end;
}

/** Refuses to end where something was archived behind it and is gone. */
function refuseLost(archive: ArchiveSink, file: PlannedFile, { last_s }: LogEnd): void {
  const { name, size_bytes, stored_bytes } = file;
  if (size_bytes >= stored_bytes) return;
  const earlier = last_s === undefined
    ? "an earlier moment"
    : `a moment before ${formatTime(last_s)}`;
  throw new StorageError(
    "damaged",
    `${archive.name}: ${name}`,
    size_bytes,
    `the archive must have ${stored_bytes} bytes of it, the object that begins here is missing. ` +
      `Get it back from another copy of the archive, or restore ${earlier}`,
  );
}
