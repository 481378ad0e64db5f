/**
 * A manifest for files that have lost theirs, as far as it can be told from their names and times.
 *
 * The base with the highest number is the latest. Incremental files whose last batch is older than
 * that base were replaced by it: to replay them on top of it would bring back what was deleted since.
 */

import type { Manifest, ManifestFile } from "../persistence/aof/manifest.ts";
import { joinPath } from "../persistence/files.ts";
import { walkFile } from "./file_walk.ts";
import { progressOf, type ToolIo } from "./io.ts";
import { type LogFiles, readPartName } from "./log_files.ts";
import { snapshotTime } from "./rdb_report.ts";
import { formatTime } from "../numbers/time_text.ts";

/** What could be the manifest. */
export interface Proposal {
  readonly manifest: Manifest;
  /** What was left out, and why: one line each. */
  readonly remarks: readonly string[];
}

/** Proposes a manifest; undefined: there are no files to name. @throws {DiskError} */
export async function proposeManifest(
  io: ToolIo,
  log: LogFiles,
): Promise<Proposal | undefined> {
  const parts = log.others.filter(({ kind }) => kind === "unnamed").map(({ name }) => ({
    name,
    ...readPartName(name)!,
  })).sort((a, b) => a.seq - b.seq);
  const bases = parts.filter(({ type }) => type === "base");
  const base = bases.at(-1);
  const remarks = bases.slice(0, -1).map(({ name }) =>
    `${name} is left out: a later base is there`
  );
  const base_s = base === undefined ? undefined : await timeOfBase(io, log.directory, base.name);
  const incrs: ManifestFile[] = [];
  for (const { name, seq } of parts.filter(({ type }) => type === "incr")) {
    const last_s = base_s === undefined ? undefined : await lastTime(io, log.directory, name);
    if (base_s !== undefined && last_s !== undefined && last_s < base_s) {
      remarks.push(
        `${name} is left out: it ends at ${formatTime(last_s)}, before the base was begun ` +
          `(${formatTime(base_s)})`,
      );
      continue;
    }
    incrs.push({ name, seq, type: "incr" });
  }
  if (base === undefined && incrs.length === 0) return undefined;
  if (base === undefined) remarks.push("there is no base: the data begins with the first file");
  return {
    manifest: {
      base: base && { name: base.name, seq: base.seq, type: "base" },
      incrs,
      histories: [],
    },
    remarks,
  };
}

async function timeOfBase(io: ToolIo, directory: string, name: string) {
  const file = { path: joinPath(directory, name), name, type: "base" } as const;
  return snapshotTime((await walkFile(io, file, progressOf(io, 0))).rdb);
}

async function lastTime(io: ToolIo, directory: string, name: string) {
  const file = { path: joinPath(directory, name), name, type: "incr" } as const;
  return (await walkFile(io, file, progressOf(io, 0))).last_s;
}
