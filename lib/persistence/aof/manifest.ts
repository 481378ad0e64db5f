/**
 * The manifest of a multi-part append-only file: which files, in which order, make up the data.
 *
 *     file appendonly.aof.1.base.rdb seq 1 type b        BASE: the data at some moment, at most one
 *     file appendonly.aof.1.incr.aof seq 1 type i        INCR: the commands after it, in order
 *     file appendonly.aof.0.incr.aof seq 1 type h        HISTORY: replaced, to be removed
 *
 * Redis 7 and later and Valkey read and write the same file. A line is a run of `key value` pairs,
 * values quoted where they must be; a line that starts with `#` is a comment; pairs with other keys
 * are for later versions and are passed over. `frames yes` is ours (lib/persistence/README.md), and so
 * is the checksum in the last line (manifest_check.ts).
 *
 * Promise: whatever is not exactly such a file is refused with its line, and a manifest on disk is
 * only ever replaced as a whole.
 */

import type { Disk, DiskFile } from "../../platform/disk.ts";
import { StorageError } from "../errors.ts";
import { checkProblem, withChecksum } from "./manifest_check.ts";
import { quoteName, splitPairs } from "./manifest_words.ts";
import { joinPath, removeQuietly, writeFully } from "../files.ts";

/** The part a file plays. */
export type ManifestFileType = "base" | "incr" | "history";

/** One file of a multi-part append-only file. */
export interface ManifestFile {
  /** File name, without a directory. */
  readonly name: string;
  /** Its number, from 1; incremental files are replayed in its order. */
  readonly seq: number;
  /** The part it plays. */
  readonly type: ManifestFileType;
  /** Its batches are framed, even if a crash has left a hole at its start, or it is empty. */
  readonly framed?: boolean;
}

/** What a manifest says. */
export interface Manifest {
  /** The file to replay first, if there is one. */
  readonly base: ManifestFile | undefined;
  /** The files to replay after it, in order. */
  readonly incrs: readonly ManifestFile[];
  /** Files that count no longer and may be removed. */
  readonly histories: readonly ManifestFile[];
}

/** A manifest that names no file. */
export const EMPTY_MANIFEST: Manifest = { base: undefined, incrs: [], histories: [] };

/** Longest line that Redis reads, its newline included. */
const LINE_LENGTH_MAX = 1024;

const TYPE_LETTERS: Record<ManifestFileType, string> = { base: "b", incr: "i", history: "h" };

/**
 * Reads a manifest.
 *
 * @param text the file's content, one character a byte
 * @param path the file's path, for error messages
 * @throws {StorageError} of kind `manifest`, with the line and the reason
 */
export function parseManifest(text: string, path: string): Manifest {
  if (text === "") throw refuse(path, undefined, "the manifest is empty");
  if (!text.endsWith("\n")) {
    const line = text.split("\n").length;
    throw refuse(path, line, "the last line has no newline: the end of the file is missing");
  }
  const files: ManifestFile[] = [];
  const lines = text.slice(0, -1).split("\n");
  const problem = checkProblem(lines);
  if (problem !== undefined) throw refuse(path, problem.line, problem.reason);
  for (let i = 0; i < lines.length; i++) {
    if (lines[i].startsWith("#")) continue;
    files.push(parseLine(lines[i], path, i + 1, files));
  }
  if (files.length === 0) {
    throw refuse(path, undefined, "the manifest names no file");
  }
  return {
    base: files.find((file) => file.type === "base"),
    incrs: files.filter((file) => file.type === "incr"),
    histories: files.filter((file) => file.type === "history"),
  };
}

function parseLine(
  line: string,
  path: string,
  number: number,
  before: readonly ManifestFile[],
): ManifestFile {
  if (line.length + 1 > LINE_LENGTH_MAX) {
    throw refuse(path, number, `the line is longer than ${LINE_LENGTH_MAX} bytes`);
  }
  if (line.includes("\0")) throw refuse(path, number, "the line has zero bytes, as after a crash");
  const pairs = splitPairs(line);
  if (typeof pairs === "string") throw refuse(path, number, pairs);
  const name = pairs.get("file");
  const seq = pairs.get("seq");
  const letter = pairs.get("type");
  if (name === undefined || seq === undefined || letter === undefined) {
    throw refuse(path, number, "the line must say 'file <name> seq <number> type <b|i|h>'");
  }
  if (name === "" || name === "." || name === ".." || /[/\\\0]/.test(name)) {
    throw refuse(path, number, `'${name}' must be a file name, not a path`);
  }
  if (!/^[1-9][0-9]{0,15}$/.test(seq) || !Number.isSafeInteger(Number(seq))) {
    throw refuse(path, number, `'seq ${seq}' must be a positive integer`);
  }
  const type = typeOf(letter);
  if (type === undefined) throw refuse(path, number, `unknown file type '${letter}'`);
  const frames = pairs.get("frames") ?? "no";
  if (frames !== "yes" && frames !== "no") {
    throw refuse(path, number, `'frames ${frames}' must be yes or no`);
  }
  const isFramed = type !== "history" && frames === "yes";
  const file: ManifestFile = { name, seq: Number(seq), type, ...isFramed && { framed: true } };
  const conflict = conflictWith(file, before);
  if (conflict !== undefined) throw refuse(path, number, conflict);
  return file;
}

function typeOf(letter: string): ManifestFileType | undefined {
  if (letter === "b") return "base";
  if (letter === "i") return "incr";
  if (letter === "h") return "history";
  return undefined;
}

function conflictWith(file: ManifestFile, before: readonly ManifestFile[]): string | undefined {
  if (before.some((other) => other.name === file.name)) {
    return `the file '${file.name}' is named twice`;
  }
  if (file.type === "base" && before.some((other) => other.type === "base")) {
    return "there is a second base file";
  }
  const last = file.type === "incr" && before.findLast((other) => other.type === "incr");
  if (last && file.seq <= last.seq) {
    return `incremental file ${file.seq} comes after ${last.seq}: numbers must rise`;
  }
  return undefined;
}

function refuse(path: string, line: number | undefined, reason: string): StorageError {
  const what = line === undefined ? "manifest" : "line";
  return new StorageError(
    "manifest",
    path,
    line,
    `${reason}. Mend the ${what} ('redeno aof check' shows the files that are there), or restore ` +
      "the directory from a backup or an archive",
  );
}

/**
 * A manifest as text, one character a byte, in Redis's order: base, histories, incrementals; with its
 * checksum.
 */
export function formatManifest(manifest: Manifest): string {
  const files = [
    ...(manifest.base === undefined ? [] : [manifest.base]),
    ...manifest.histories,
    ...manifest.incrs,
  ];
  const text = files.map(({ name, seq, type, framed }) => {
    const frames = type !== "history" && framed === true ? " frames yes" : "";
    return `file ${quoteName(name)} seq ${seq} type ${TYPE_LETTERS[type]}${frames}\n`;
  }).join("");
  return withChecksum(text);
}

/**
 * Puts a manifest in the place of the one on disk: after a crash at any moment there is either
 * the old one or the new one, whole.
 *
 * @throws {DiskError} the old one is still there, unless only the last step, the fsync of the
 * directory, failed: then either may be there after a crash of the machine
 */
export function saveManifest(
  disk: Disk,
  directory: string,
  fileName: string,
  manifest: Manifest,
): void {
  const temporary = joinPath(directory, `temp-${fileName}`);
  try {
    const file = writeTemporary(disk, temporary, manifest);
    try {
      file.sync();
    } finally {
      file.close();
    }
    disk.rename(temporary, joinPath(directory, fileName));
  } catch (error) {
    removeQuietly(disk, temporary);
    throw error;
  }
  disk.syncDirectory(directory);
}

/** As {@linkcode saveManifest}, but no turn of the event loop waits for an fsync. One at a time. */
export async function saveManifestInBackground(
  disk: Disk,
  directory: string,
  fileName: string,
  manifest: Manifest,
): Promise<void> {
  const temporary = joinPath(directory, `temp-${fileName}`);
  try {
    const file = writeTemporary(disk, temporary, manifest);
    try {
      await file.syncInBackground();
    } finally {
      file.close();
    }
    disk.rename(temporary, joinPath(directory, fileName));
  } catch (error) {
    removeQuietly(disk, temporary);
    throw error;
  }
  await disk.syncDirectoryInBackground(directory);
}

function writeTemporary(disk: Disk, path: string, manifest: Manifest): DiskFile {
  const text = formatManifest(manifest);
  const back = parseManifest(text, path); // what was written can be read: the pair of parse
  if (back.incrs.length !== manifest.incrs.length) throw new Error("manifest does not read back");
  const file = disk.open(path, "replace");
  try {
    writeFully(file, Uint8Array.from(text, (letter) => letter.charCodeAt(0)), path);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}
