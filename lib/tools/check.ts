/**
 * `redeno aof check`: reads a whole log and says whether it is as it was written.
 *
 *     appendonly.aof.2.incr.aof: incremental, 1.2 MB (1258291 bytes), checksummed
 *       batches 311, commands 20412, from 2026-11-22T13:26:11Z to 2026-11-22T14:02:50Z
 *       DAMAGED at offset 88211, in batch 22, after 1404 commands: the checksum of the batch is wrong ...
 */

import type { StorageError } from "../persistence/errors.ts";
import { Exit, type ExitCode, type ToolIo } from "./io.ts";
import { findLog, type LogFiles, manifestPath, type OtherFile } from "./log_files.ts";
import type { OptionNames, Options } from "./options.ts";
import { formatBytes } from "./progress.ts";
import { rdbLines } from "./rdb_report.ts";
import { type Survey, surveyLog } from "./survey.ts";
import { formatTime } from "../numbers/time_text.ts";
import type { FileFormat, FileWalk } from "./walk.ts";

/** The flags of `redeno aof check`, besides those that every tool has. */
export const checkOptions: OptionNames = {};

/** Runs `redeno aof check`. */
export async function checkLog(io: ToolIo, options: Options): Promise<ExitCode> {
  const log = findLog(io.disk, options.word("DIR"));
  const survey = await surveyLog(io, log);
  return printSurvey(io, survey);
}

/** Prints what was found; returns the exit code that goes with it. */
export function printSurvey(io: ToolIo, survey: Survey): ExitCode {
  const { log, walks, trouble } = survey;
  const print = (line: string) => io.terminal.print(line);
  if (!io.quiet) {
    for (const line of headLines(log)) print(line);
    walks.forEach((walk, index) => {
      const kind = trouble?.index === index ? trouble.kind : walk.verdict.kind;
      const reason = trouble?.index === index ? trouble.reason : undefined;
      for (const line of walkLines(walk, kind, reason)) print(line);
    });
    for (const line of countLines(survey)) print(line);
    for (const line of log.others.map(otherLine)) print(line);
  }
  const { code, text } = resultOf(survey, log.manifestError);
  print(text);
  return code;
}

function headLines(log: LogFiles): string[] {
  if (log.isSingle) return [`${log.files[0].path}: a single file, without a manifest`];
  const { base, incrs, histories } = log.manifest;
  if (log.manifestError !== undefined) return [log.manifestError.message];
  return [
    `${manifestPath(log)}: ${base === undefined ? "no base" : "1 base"}, ${incrs.length} ` +
    `incremental, ${histories.length} history`,
  ];
}

const FORMATS: Record<FileFormat, string> = {
  empty: "empty",
  rdb: "RDB snapshot",
  framed: "checksummed",
  plain: "without checksums",
};

function walkLines(walk: FileWalk, kind: string, reason: string | undefined): string[] {
  const { file, size_bytes, format, batches, commands, foreign_at, rdb } = walk;
  const type = file.type === "base" ? "base" : "incremental";
  const size = size_bytes < 1024
    ? `${size_bytes} bytes`
    : `${formatBytes(size_bytes)} (${size_bytes} bytes)`;
  const lines = [`${file.name}: ${type}, ${size}, ${FORMATS[format]}`];
  if (rdb !== undefined) lines.push(...rdbLines(rdb));
  if (rdb === undefined || commands > 0) {
    const counted = format === "framed" ? `batches ${batches}, commands` : "commands";
    lines.push(
      `  ${counted} ${commands}${timesOf(walk)}${walk.isSealed ? ", ended in order" : ""}`,
    );
  }
  if (foreign_at !== undefined) {
    lines.push(`  from offset ${foreign_at} on without checksums: another server went on here`);
  }
  return [...lines, verdictLine(walk, kind, reason)];
}

function timesOf({ first_s, last_s }: { first_s?: number; last_s?: number }): string {
  if (first_s === undefined || last_s === undefined) return "";
  return `, from ${formatTime(first_s)} to ${formatTime(last_s)}`;
}

function verdictLine(walk: FileWalk, kind: string, reason: string | undefined): string {
  const { verdict, good_bytes, format, batches, commands } = walk;
  if (verdict.kind === "whole") return "  whole";
  if (verdict.kind === "missing") return `  MISSING: ${verdict.reason}`;
  const batch = format === "framed" && walk.foreign_at === undefined
    ? `, in batch ${batches + 1}`
    : "";
  const lost = verdict.lost === undefined || verdict.lost.batches === 0
    ? ""
    : `; behind it ${verdict.lost.batches} batches with ${verdict.lost.commands} commands have ` +
      "their '#S' line";
  return `  ${kind.toUpperCase()} at offset ${good_bytes}${batch}, after ${commands} commands: ` +
    `${reason ?? verdict.reason}${lost}`;
}

function countLines({ walks, byName, byDb }: Survey): string[] {
  if (byName.size === 0) return [];
  const first_s = smallest(walks.map((walk) => walk.first_s));
  const last_s = smallest(walks.map((walk) => walk.last_s), -1);
  const names = [...byName].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} ${count}`);
  const dbs = [...byDb].sort((a, b) => a[0] - b[0]).map(([db, count]) => `db${db} ${count}`);
  const times = first_s === undefined || last_s === undefined
    ? "unknown: there are neither checksums nor timestamps"
    : `from ${formatTime(first_s)} to ${formatTime(last_s)}`;
  return [
    `Commands by name: ${names.join(", ")}`,
    `Commands by database: ${dbs.join(", ")}`,
    `Time: ${times}`,
  ];
}

/** The smallest of the numbers there are; with `sign` -1 the largest. */
function smallest(values: readonly (number | undefined)[], sign = 1): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : sign * Math.min(...known.map((value) => sign * value));
}

const KINDS: Record<OtherFile["kind"], string> = {
  history: "history: replaced by a rewrite, will be removed",
  temporary: "unfinished work, will be removed",
  cut: "bytes that were cut off a file and kept",
  unnamed: "looks like a part of this log, but the manifest does not name it",
  foreign: "not a file of this log",
};

function otherLine({ name, size_bytes, kind }: OtherFile): string {
  return `Beside it: ${name} (${size_bytes} bytes): ${KINDS[kind]}`;
}

function resultOf(
  { log, walks, trouble }: Survey,
  manifestError: StorageError | undefined,
): { code: ExitCode; text: string } {
  if (manifestError !== undefined) {
    const remedy = log.others.some(({ kind }) => kind === "unnamed")
      ? "'redeno aof fix' can propose one"
      : "Restore the directory from a backup";
    return {
      code: Exit.damaged,
      text: `Result: damaged: ${manifestError.message}. ${remedy}`,
    };
  }
  if (trouble === undefined) return { code: Exit.ok, text: "Result: all is well" };
  const { file, good_bytes } = walks[trouble.index];
  if (trouble.kind === "torn") {
    return {
      code: Exit.torn,
      text: `Result: the end is torn: a server would cut ${file.name} at offset ${good_bytes} ` +
        "and start (aof-load-truncated yes); 'redeno aof fix' does the same",
    };
  }
  return {
    code: Exit.damaged,
    text: `Result: damaged: ${file.name}:${good_bytes}: ${trouble.reason}. Restore from a backup ` +
      "or an archive, or let 'redeno aof fix' cut there",
  };
}
