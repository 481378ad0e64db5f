/**
 * Which files make up a log, found without changing anything and without a server's directives: the
 * names come from what lies in the directory.
 *
 * A log is named by its directory, by the directory above it, by its manifest, or - the single file
 * of a server before Redis 7 - by the file itself. A manifest that is missing or broken is told, not
 * thrown: mending it is what the tools are for.
 */

import type { Disk } from "../platform/disk.ts";
import { StorageError } from "../persistence/errors.ts";
import { type AofFile, directoryOf, fileNameOf, joinPath } from "../persistence/files.ts";
import { EMPTY_MANIFEST, type Manifest, parseManifest } from "../persistence/aof/manifest.ts";

/** The files of a log, and what else lies beside them. */
export interface LogFiles {
  /** The directory that holds them. */
  readonly directory: string;
  /** `appendfilename`: what their names begin with. */
  readonly prefix: string;
  /** What the manifest says; empty if there is none that can be read. */
  readonly manifest: Manifest;
  /** Why there is no manifest to go by; undefined: there is one, or the log is a single file. */
  readonly manifestError: StorageError | undefined;
  /** The log is one file, without a manifest. */
  readonly isSingle: boolean;
  /** Base and incremental files, in the order of replay; some may be missing on disk. */
  readonly files: readonly AofFile[];
  /** What else is in the directory. */
  readonly others: readonly OtherFile[];
}

/** A file beside those of the log. */
export interface OtherFile {
  /** Its name. */
  readonly name: string;
  /** Its length. */
  readonly size_bytes: number;
  /** Replaced, unfinished, cut off earlier, data that nothing names, or not of a log at all. */
  readonly kind: "history" | "temporary" | "cut" | "unnamed" | "foreign";
}

const MANIFEST_SUFFIX = ".manifest";
const PART_NAME = /^(.+)\.([0-9]{1,15})\.(base|incr)\.(aof|rdb)$/;
/** The usual name of a log's directory. */
const USUAL_DIRECTORY = "appendonlydir";

/** A part of a log, by its name. */
export interface PartName {
  /** `appendfilename`. */
  readonly prefix: string;
  /** Its number. */
  readonly seq: number;
  /** The part it plays. */
  readonly type: "base" | "incr";
}

/** What the name of a file says; undefined: it is no part of a log. */
export function readPartName(name: string): PartName | undefined {
  const match = PART_NAME.exec(name);
  if (match === null) return undefined;
  return { prefix: match[1], seq: Number(match[2]), type: match[3] === "base" ? "base" : "incr" };
}

/**
 * Finds the log that `path` names.
 *
 * @throws {StorageError} there is none, or more than one
 * @throws {DiskError} the directory cannot be read
 */
export function findLog(disk: Disk, path: string): LogFiles {
  const facts = disk.stat(path);
  if (facts === undefined) throw noLog(path, "there is no such file or directory");
  if (!facts.isDirectory) {
    return path.endsWith(MANIFEST_SUFFIX)
      ? describe(disk, directoryOf(path), fileNameOf(path).slice(0, -MANIFEST_SUFFIX.length))
      : describeSingle(path);
  }
  const directory = path.length > 1 ? path.replace(/\/+$/, "") : path;
  const prefix = prefixIn(disk, directory);
  if (prefix !== undefined) return describe(disk, directory, prefix);
  return findBelow(disk, directory);
}

/** The directory is not the log's own: the one that holds the log is below it. */
function findBelow(disk: Disk, directory: string): LogFiles {
  const found = disk.readDirectory(directory)
    .map((name) => joinPath(directory, name))
    .filter((path) => disk.stat(path)?.isDirectory && holdsLog(disk, path));
  const usual = found.find((path) => fileNameOf(path) === USUAL_DIRECTORY);
  const chosen = usual ?? (found.length === 1 ? found[0] : undefined);
  if (chosen !== undefined) return describe(disk, chosen, prefixIn(disk, chosen)!);
  if (found.length > 1) throw noLog(directory, `there are several: ${found.join(", ")}. Name one`);
  const single = joinPath(directory, "appendonly.aof");
  if (disk.stat(single)?.isDirectory === false) return describeSingle(single);
  throw noLog(directory, "no manifest and no file of a log is here");
}

function holdsLog(disk: Disk, directory: string): boolean {
  return prefixIn(disk, directory) !== undefined;
}

/** What the names of the log's files begin with; undefined: there is no log here. */
function prefixIn(disk: Disk, directory: string): string | undefined {
  const names = disk.readDirectory(directory);
  const manifests = names.filter((name) =>
    name.endsWith(MANIFEST_SUFFIX) && !name.startsWith("temp-")
  );
  if (manifests.length > 1) {
    throw noLog(directory, `there are several manifests: ${manifests.join(", ")}. Name one`);
  }
  if (manifests.length === 1) return manifests[0].slice(0, -MANIFEST_SUFFIX.length);
  const prefixes = new Set(
    names.map((name) => readPartName(name)?.prefix).filter((prefix) => prefix !== undefined)
      .filter((prefix) => !prefix.startsWith("temp-")),
  );
  if (prefixes.size > 1) {
    throw noLog(directory, `files of several logs are here: ${[...prefixes].join(", ")}`);
  }
  return prefixes.values().next().value;
}

/** The path of a log's manifest. */
export function manifestPath(log: LogFiles): string {
  return joinPath(log.directory, log.prefix + MANIFEST_SUFFIX);
}

function describe(disk: Disk, directory: string, prefix: string): LogFiles {
  const { manifest, manifestError } = readManifest(disk, directory, prefix);
  const files = filesOf(directory, manifest);
  const others = otherFiles(disk, directory, prefix, manifest);
  return { directory, prefix, manifest, manifestError, isSingle: false, files, others };
}

/** The files that a manifest has replayed, in order. */
export function filesOf(directory: string, { base, incrs }: Manifest): AofFile[] {
  const all = base === undefined ? incrs : [base, ...incrs];
  return all.map(({ name, type, framed }) => ({
    path: joinPath(directory, name),
    name,
    type: type === "base" ? "base" : "incr",
    ...framed && { framed },
  }));
}

function readManifest(
  disk: Disk,
  directory: string,
  prefix: string,
): { manifest: Manifest; manifestError: StorageError | undefined } {
  const path = joinPath(directory, prefix + MANIFEST_SUFFIX);
  try {
    if (disk.stat(path) === undefined) {
      throw new StorageError("manifest", path, undefined, "the manifest is missing");
    }
    return { manifest: parseManifest(disk.readText(path), path), manifestError: undefined };
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return { manifest: EMPTY_MANIFEST, manifestError: error };
  }
}

function describeSingle(path: string): LogFiles {
  const name = fileNameOf(path);
  const directory = directoryOf(path);
  return {
    directory,
    prefix: name,
    manifest: EMPTY_MANIFEST,
    manifestError: undefined,
    isSingle: true,
    files: [{ path: joinPath(directory, name), name, type: "base" }],
    others: [],
  };
}

function otherFiles(
  disk: Disk,
  directory: string,
  prefix: string,
  { base, incrs, histories }: Manifest,
): OtherFile[] {
  const own = new Set([`${prefix}${MANIFEST_SUFFIX}`, `${prefix}.lock`]);
  for (const { name } of base === undefined ? incrs : [base, ...incrs]) own.add(name);
  const old = new Set(histories.map(({ name }) => name));
  return disk.readDirectory(directory).filter((name) => !own.has(name)).map((name) => ({
    name,
    size_bytes: disk.stat(joinPath(directory, name))?.size_bytes ?? 0,
    kind: old.has(name) ? "history" : kindOf(name, prefix),
  }));
}

function kindOf(name: string, prefix: string): OtherFile["kind"] {
  if (name.startsWith("temp-")) return "temporary";
  if (/\.cut-[0-9]+$/.test(name)) return "cut";
  return readPartName(name)?.prefix === prefix ? "unnamed" : "foreign";
}

function noLog(path: string, reason: string): StorageError {
  return new StorageError("manifest", path, undefined, reason);
}
