/**
 * Makes a directory that a server can be started on, while the server that has the data goes on.
 *
 *     path/appendonlydir/...     hard links of the log's files, and an empty one to go on with
 *     path/dump.rdb              or, where nothing is logged, a snapshot
 *     path/backup.json           the last step: now it is a backup (marker.ts)
 *
 * Promises: the files are those of one moment, and on stable storage when the marker is there; the
 * server they come from never writes to them again, and one that is started on the backup appends to
 * the empty file only, so neither changes what they share. Where there are no hard links the files
 * are opened at that moment and copied from there: a rewrite may remove their names meanwhile.
 */

import type { BackgroundDisk, BackgroundFile } from "../../platform/background_disk.ts";
import type { Clock } from "../../platform/clock.ts";
import { REDENO_VERSION } from "../../platform/version.ts";
import { checksumInSlices } from "../archive/chunk_copier.ts";
import type { LogFacts } from "../archive/log_source.ts";
import { crc32 } from "../aof/frames.ts";
import { formatManifest, type ManifestFile } from "../aof/manifest.ts";
import { StorageError } from "../errors.ts";
import { directoryOf, joinPath } from "../files.ts";
import { type BackupFile, type BackupMarker, formatMarker, MARKER_NAME } from "./marker.ts";

const CHUNK_BYTES = 1 << 20;

/** A backup to be made. */
export interface BackupOptions {
  readonly disk: BackgroundDisk;
  readonly clock: Clock;
  /** The directory, which {@linkcode refuseOccupied} accepts. */
  readonly path: string;
  /** Told the bytes that are done, and how many there are. */
  readonly onProgress: (done_bytes: number, total_bytes: number) => void;
  /** Asked now and then; true ends it. */
  readonly isAborted: () => boolean;
}

/** Thrown where a backup was ended before it was complete. */
export class BackupAborted extends Error {
  /** Nothing is known beyond that. */
  constructor() {
    super("it was ended before it was complete");
  }
}

/** A file that was taken at the moment of the backup. */
interface TakenFile {
  /** Where it is to be, within the backup. */
  readonly name: string;
  readonly file: BackgroundFile;
  /** Whether it is linked there already. */
  readonly isLinked: boolean;
}

/**
 * Refuses a directory that has anything in it, but for what an unfinished attempt leaves.
 *
 * @throws {StorageError} say so, and take another
 */
export async function refuseOccupied(
  disk: BackgroundDisk,
  path: string,
  logName: string,
): Promise<void> {
  const names = await disk.readDirectory(path) ?? [];
  const inside = await disk.readDirectory(joinPath(path, logName)) ?? [];
  if (names.every((name) => name === logName) && inside.length === 0) return;
  throw new StorageError("disk", path, undefined, "the directory is not empty. Name a new one");
}

/**
 * Makes a backup of a log.
 *
 * @param logName `appenddirname`
 * @param seal resolves to the log's files when all but the last are sealed; they are taken in the
 * same turn
 */
export async function backupLog(
  options: BackupOptions,
  logName: string,
  seal: () => Promise<LogFacts>,
): Promise<BackupMarker> {
  const { disk, path, clock } = options;
  const began_s = seconds(clock);
  const directory = joinPath(path, logName);
  await disk.makeDirectory(directory);
  const made: string[] = [];
  let taken: TakenFile[] = [];
  try {
    const facts = await seal();
    taken = take(disk, facts, path, logName, made);
    const files = await finishFiles(options, taken, made);
    const next = facts.incrs.at(-1)!;
    const manifest = manifestOf(facts, next);
    const small: [string, Uint8Array][] = [
      [next.name, new Uint8Array(0)],
      [`${facts.appendFileName}.manifest`, manifest],
    ];
    for (const [name, bytes] of small) {
      made.push(joinPath(directory, name));
      files.push({ ...await writeWhole(disk, directory, name, bytes), name: `${logName}/${name}` });
    }
    await disk.syncDirectory(directory);
    return await complete(options, { method: "log", began_s, files }, made);
  } catch (error) {
    await removeAll(disk, made);
    throw error;
  } finally {
    for (const { file } of taken) file.close();
  }
}

/**
 * Makes a backup of the data where nothing is logged.
 *
 * @param fileName `dbfilename`
 * @param save writes a snapshot to a path
 */
export async function backupSnapshot(
  options: BackupOptions,
  fileName: string,
  save: (path: string) => Promise<void>,
): Promise<BackupMarker> {
  const { disk, path, clock } = options;
  const began_s = seconds(clock);
  await disk.makeDirectory(path);
  const made = [joinPath(path, fileName)];
  try {
    await save(made[0]);
    const file = disk.openNow(made[0]);
    try {
      const taken = [{ name: fileName, file, isLinked: true }];
      const files = await finishFiles(options, taken, made);
      return await complete(options, { method: "snapshot", began_s, files }, made);
    } finally {
      file.close();
    }
  } catch (error) {
    await removeAll(disk, made);
    throw error;
  }
}

/** Links or opens the sealed files, all in this turn, so that a rewrite cannot come in between. */
function take(
  disk: BackgroundDisk,
  facts: LogFacts,
  path: string,
  logName: string,
  made: string[],
): TakenFile[] {
  const parts = [...facts.base === undefined ? [] : [facts.base], ...facts.incrs.slice(0, -1)];
  const taken: TakenFile[] = [];
  try {
    for (const { name } of parts) {
      const from = joinPath(facts.directory, name);
      const within = `${logName}/${name}`;
      const file = disk.openNow(from);
      const isLinked = tryLink(disk, from, joinPath(path, within));
      taken.push({ name: within, file, isLinked });
      if (isLinked) made.push(joinPath(path, within));
    }
    return taken;
  } catch (error) {
    for (const { file } of taken) file.close();
    throw error;
  }
}

/** False where it cannot be: another file system, or one without hard links. */
function tryLink(disk: BackgroundDisk, from: string, to: string): boolean {
  try {
    disk.linkNow(from, to);
    return true;
  } catch {
    return false; // the copy that is made instead tells what is wrong, if it is more than that
  }
}

/** Copies what could not be linked, and takes everybody's checksum. */
async function finishFiles(
  options: BackupOptions,
  taken: readonly TakenFile[],
  made: string[],
): Promise<BackupFile[]> {
  const { disk, path, onProgress } = options;
  const sizes: number[] = [];
  for (const { file } of taken) sizes.push(await file.size());
  const total_bytes = sizes.reduce((sum, size) => sum + size, 0);
  let done_bytes = 0;
  const files: BackupFile[] = [];
  onProgress(0, total_bytes);
  for (const [i, { name, file, isLinked }] of taken.entries()) {
    const to = joinPath(path, name);
    if (!isLinked) made.push(to);
    const copy = isLinked ? undefined : await disk.create(to);
    try {
      const onDone = (added_bytes: number) => onProgress(done_bytes += added_bytes, total_bytes);
      const crc = await passOver(options, file, sizes[i], copy, onDone);
      await copy?.sync();
      files.push({ name, size_bytes: sizes[i], crc32: hex(crc) });
    } finally {
      copy?.close();
    }
  }
  return files;
}

/** Reads a file in pieces and copies it, if need be; resolves to its CRC-32. */
async function passOver(
  { clock, isAborted }: BackupOptions,
  file: BackgroundFile,
  size_bytes: number,
  copy: BackgroundFile | undefined,
  onDone: (added_bytes: number) => void,
): Promise<number> {
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, size_bytes));
  let crc = 0;
  for (let at = 0; at < size_bytes;) {
    if (isAborted()) throw new BackupAborted();
    const count = await file.readAt(at, buffer.subarray(0, Math.min(CHUNK_BYTES, size_bytes - at)));
    if (count === 0) throw new Error(`a sealed file has become shorter than ${size_bytes} bytes`);
    const bytes = buffer.subarray(0, count);
    crc = await checksumInSlices(bytes, clock, crc);
    await copy?.append(bytes);
    at += count;
    onDone(count);
  }
  return crc;
}

/** The manifest of the copy: the empty file comes last, so that nothing else is appended to. */
function manifestOf({ base, incrs }: LogFacts, next: ManifestFile): Uint8Array {
  const sealed = incrs.slice(0, -1);
  const text = formatManifest({ base, incrs: [...sealed, next], histories: [] });
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Writes the marker: the backup is complete. */
async function complete(
  { disk, clock, path, isAborted }: BackupOptions,
  marker: Pick<BackupMarker, "method" | "began_s" | "files">,
  made: string[],
): Promise<BackupMarker> {
  await disk.syncDirectory(path);
  await disk.syncDirectory(directoryOf(path));
  if (isAborted()) throw new BackupAborted();
  const whole = { version: REDENO_VERSION, ...marker, ended_s: seconds(clock) };
  made.push(joinPath(path, MARKER_NAME));
  await writeWhole(disk, path, MARKER_NAME, formatMarker(whole));
  await disk.syncDirectory(path);
  return whole;
}

/** Writes a small file so that it is there whole or not at all. */
async function writeWhole(
  disk: BackgroundDisk,
  directory: string,
  name: string,
  bytes: Uint8Array,
): Promise<BackupFile> {
  const temporary = joinPath(directory, `temp-${name}`);
  try {
    const file = await disk.create(temporary);
    try {
      await file.append(bytes);
      await file.sync();
    } finally {
      file.close();
    }
    await disk.rename(temporary, joinPath(directory, name));
  } catch (error) {
    await removeAll(disk, [temporary]);
    throw error;
  }
  return { name, size_bytes: bytes.length, crc32: hex(crc32(bytes, 0, bytes.length, 0)) };
}

/** The first error is the one to tell; what cannot be removed has no marker, and is no backup. */
async function removeAll(disk: BackgroundDisk, paths: readonly string[]): Promise<void> {
  for (const path of paths.toReversed()) await disk.remove(path).catch(() => {});
}

function seconds(clock: Clock): number {
  return Math.floor(clock.now_ms() / 1000);
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}
