/**
 * `redeno aof restore`: a new directory with the log as it was at some moment.
 *
 * Promises: the old directory is only read; the new one gets its manifest last, so that one that was
 * left unfinished is never taken for a log; what was written is read again before it is called done.
 * Whole files are hard links where the file system has them, except the last one, which a server
 * will append to.
 */

import type { Disk } from "../platform/disk.ts";
import { DiskError } from "../platform/disk.ts";
import { crc32, formatHead, formatSeal } from "../persistence/aof/frames.ts";
import { type Manifest, saveManifest } from "../persistence/aof/manifest.ts";
import { fileNameOf, joinPath } from "../persistence/files.ts";
import { restoreFromArchive } from "./archive_restore.ts";
import { copyFile } from "./copy_file.ts";
import { Exit, type ExitCode, progressOf, Refusal, type ToolIo } from "./io.ts";
import { findLog, type LogFiles } from "./log_files.ts";
import { type OptionNames, type Options, UsageError } from "./options.ts";
import { findRestorePoint, isCommandLog, type RestorePoint, type Wish } from "./restore_point.ts";
import { surveyLog } from "./survey.ts";
import { formatTime } from "../numbers/time_text.ts";

/** The flags of `redeno aof restore`, besides those that every tool has. */
export const restoreOptions: OptionNames = { values: ["to-time", "to-offset", "into", "from"] };

/** Runs `redeno aof restore`. */
export async function restoreLog(io: ToolIo, options: Options): Promise<ExitCode> {
  const into = options.required("into");
  const archive = options.value("from");
  refuseOccupied(io.disk, into);
  if (archive !== undefined) return await restoreFromArchive(io, options, archive, into);
  const log = findLog(io.disk, options.word("DIR"));
  if (log.manifestError !== undefined) throw log.manifestError;
  const wish = readWish(log, options);
  const point = await findRestorePoint(io, log, wish);
  const restored = writeRestored(io, log, point, into);
  return await verify(io, point, restored, into);
}

/** @throws {Refusal} a server's data would be mixed with what is there */
function refuseOccupied(disk: Disk, into: string): void {
  const facts = disk.stat(into);
  if (facts === undefined || (facts.isDirectory && disk.readDirectory(into).length === 0)) return;
  const what = facts.isDirectory ? "is not empty" : "is a file";
  throw new UsageError(`--into ${into}: it ${what}. Name a new directory`);
}

function readWish(log: LogFiles, options: Options): Wish {
  const to_s = options.time("to-time");
  const place = options.value("to-offset");
  if ((to_s === undefined) === (place === undefined)) {
    throw new UsageError("either --to-time or --to-offset is needed");
  }
  if (to_s !== undefined) return { kind: "time", to_s };
  const match = /^(?:(.+):)?([0-9]{1,15})$/.exec(place!);
  if (match === null) {
    throw new UsageError(`--to-offset ${place}: it must be FILE:OFFSET or OFFSET`);
  }
  const [, name, offset] = match;
  const index = name === undefined
    ? log.files.length - 1
    : log.files.findIndex((file) => file.name === fileNameOf(name));
  if (index < 0) throw new UsageError(`--to-offset ${place}: '${name}' is no file of this log`);
  if (!isCommandLog(log, index)) {
    throw new Refusal(
      `${log.files[index].name} is a base: a part of it is no state that ever was. ` +
        "Name an incremental file",
    );
  }
  return { kind: "offset", index, offset: Number(offset) };
}

/** Writes the new directory; returns the path of the log in it. */
function writeRestored(io: ToolIo, log: LogFiles, point: RestorePoint, into: string): string {
  const { disk } = io;
  const ownName = fileNameOf(log.directory);
  const name = log.isSingle || /^\.*$/.test(ownName) ? "appendonlydir" : ownName;
  const directory = joinPath(into, name);
  disk.makeDirectory(directory);
  const kept = log.files.slice(0, point.index);
  for (const file of kept) linkOrCopy(io, file.path, joinPath(directory, file.name));
  const last = log.files[point.index];
  const progress = progressOf(io, point.end_bytes);
  copyFile({
    disk,
    from: last.path,
    to: joinPath(directory, last.name),
    start: 0,
    end: point.end_bytes,
    tail: partBytes(disk, last.path, point),
    progress,
  });
  progress.wipe();
  disk.syncDirectory(directory);
  saveManifest(disk, directory, `${log.prefix}.manifest`, manifestOf(log, point.index));
  disk.syncDirectory(into);
  return directory;
}

function manifestOf({ isSingle, prefix, manifest }: LogFiles, index: number): Manifest {
  if (isSingle) {
    return { base: { name: prefix, seq: 1, type: "base" }, incrs: [], histories: [] };
  }
  const { base, incrs } = manifest;
  const count = base === undefined ? index + 1 : index;
  return { base, incrs: incrs.slice(0, count), histories: [] };
}

function linkOrCopy(io: ToolIo, from: string, to: string): void {
  const { disk } = io;
  try {
    disk.link(from, to);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    // Another file system, or one without hard links.
    const end = disk.stat(from)?.size_bytes ?? 0;
    const progress = progressOf(io, end);
    copyFile({ disk, from, to, start: 0, end, progress });
    progress.wipe();
  }
}

/** The first commands of a batch in a frame of their own. */
function partBytes(disk: Disk, path: string, { part }: RestorePoint): Uint8Array | undefined {
  if (part === undefined) return undefined;
  const { batch: { data_start, chain_before, seal }, data_end, commands } = part;
  const data = new Uint8Array(data_end - data_start);
  const file = disk.open(path, "read");
  try {
    file.seek(data_start);
    for (let at = 0; at < data.length;) {
      const count = file.read(data.subarray(at));
      if (!count) throw new DiskError("read", path, "EIO", "the file has become shorter");
      at += count;
    }
  } finally {
    file.close();
  }
  const head = formatHead(data.length);
  const chain = crc32(data, 0, data.length, chain_before);
  const tail = formatSeal({ ...seal, length: data.length, commands, chain });
  const framed = new Uint8Array(head.length + data.length + tail.length);
  framed.set(head);
  framed.set(data, head.length);
  framed.set(tail, head.length + data.length);
  return framed;
}

/** Reads what was written: it must be whole and hold what was found in the old log. */
async function verify(
  io: ToolIo,
  point: RestorePoint,
  directory: string,
  into: string,
): Promise<ExitCode> {
  const { terminal, disk } = io;
  const { walks, trouble } = await surveyLog(io, findLog(disk, directory));
  const commands = walks.reduce((sum, walk) => sum + walk.commands, 0);
  if (trouble !== undefined || commands !== point.commands) {
    const found = trouble?.reason ?? `it holds ${commands} commands, not ${point.commands}`;
    terminal.print(`Result: ${directory} is not as it should be: ${found}. Do not use it`);
    return Exit.damaged;
  }
  const last = point.last_s === undefined ? "" : `, the last of ${formatTime(point.last_s)}`;
  terminal.print(`Restored ${walks.length} files, ${commands} commands${last}`);
  terminal.print(`Start a server on it: redeno --dir ${into} --appendonly yes`);
  return Exit.ok;
}
