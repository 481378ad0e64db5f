/**
 * `redeno aof fix`: makes a log that a server refuses into one that loads, by cutting it where it is
 * broken. What is lost is shown and asked about first; nothing is deleted: the bytes cut off are
 * kept as `<file>.cut-<offset>`, files behind them as `<file>.cut-0`.
 *
 * Promise: until the answer nothing changes, and after a crash at any moment the log is either as
 * before, or cut, or can be mended by the same command; the bytes cut are safe before they are cut.
 */

import { lockDirectory } from "../persistence/aof/directory_lock.ts";
import type { Manifest } from "../persistence/aof/manifest.ts";
import { saveManifest } from "../persistence/aof/manifest.ts";
import { sealFile } from "../persistence/aof/settle.ts";
import type { StorageError } from "../persistence/errors.ts";
import { fileNameOf, joinPath } from "../persistence/files.ts";
import { printSurvey } from "./check.ts";
import { cutFile, setAside } from "./cut.ts";
import { Exit, type ExitCode, type ToolIo } from "./io.ts";
import { findLog, type LogFiles, manifestPath } from "./log_files.ts";
import { proposeManifest } from "./manifest_proposal.ts";
import type { OptionNames, Options } from "./options.ts";
import { type Survey, surveyLog } from "./survey.ts";
import { formatTime } from "../numbers/time_text.ts";
import type { FileWalk } from "./walk.ts";

/** The flags of `redeno aof fix`, besides those that every tool has. */
export const fixOptions: OptionNames = { switches: ["yes"] };

/** Runs `redeno aof fix`. */
export async function fixLog(io: ToolIo, options: Options): Promise<ExitCode> {
  const path = options.word("DIR");
  const log = findLog(io.disk, path);
  const lockPath = joinPath(log.directory, `${log.prefix}.lock`);
  const isOurs = io.disk.stat(lockPath) === undefined;
  const lock = lockDirectory(io.disk, lockPath, io.owner);
  try {
    return await new Fix(io, path, options.has("yes")).run(log);
  } finally {
    lock.close();
    if (isOurs) io.disk.remove(lockPath);
  }
}

class Fix {
  readonly #io: ToolIo;
  readonly #path: string;
  /** `--yes`: every question is answered. */
  readonly #isSure: boolean;

  constructor(io: ToolIo, path: string, isSure: boolean) {
    this.#io = io;
    this.#path = path;
    this.#isSure = isSure;
  }

  async run(log: LogFiles): Promise<ExitCode> {
    if (log.manifestError !== undefined) {
      if (!await this.#mendManifest(log, log.manifestError)) return Exit.damaged;
      return await this.run(findLog(this.#io.disk, this.#path));
    }
    const survey = await surveyLog(this.#io, log);
    if (survey.trouble === undefined) {
      this.#say("Nothing to mend: all is well");
      return Exit.ok;
    }
    if (!this.#mayCut(survey)) return Exit.damaged;
    this.#cut(survey);
    return printSurvey(this.#io, await surveyLog(this.#io, findLog(this.#io.disk, this.#path)));
  }

  /** Puts a manifest where there is none that can be read; false: it was not done. */
  async #mendManifest(log: LogFiles, error: StorageError): Promise<boolean> {
    const { disk } = this.#io;
    this.#say(error.message);
    const proposal = await proposeManifest(this.#io, log);
    if (proposal === undefined) {
      this.#say("There are no files to name in a new one. Restore the directory from a backup");
      return false;
    }
    const { manifest, remarks } = proposal;
    this.#say("From what lies in the directory, the manifest could be, in this order:");
    for (const line of namesOf(manifest)) this.#say(`  ${line}`);
    for (const remark of remarks) this.#say(`  ${remark}`);
    if (!this.#confirm("Write this manifest?")) return false;
    const path = manifestPath(log);
    if (disk.stat(path) !== undefined) {
      const aside = setAside(disk, path);
      this.#say(`The old manifest is now ${aside}`);
    }
    saveManifest(disk, log.directory, fileNameOf(path), manifest);
    this.#say(`Wrote ${path}`);
    return true;
  }

  /** Shows what a cut would cost, and asks. */
  #mayCut(survey: Survey): boolean {
    const { walks, trouble } = survey;
    const { file, verdict, rdb, format, good_bytes } = walks[trouble!.index];
    const isHopeless = verdict.kind === "missing"
      ? trouble!.index === 0
      : file.type === "base" && format === "rdb" && rdb === undefined;
    this.#say(`${file.path}:${good_bytes}: ${trouble!.kind}: ${trouble!.reason}`);
    if (isHopeless) {
      this.#say("Nothing can be kept without this file. Restore it from a backup or an archive");
      return false;
    }
    for (const line of lossLines(survey)) this.#say(line);
    return this.#confirm("Cut here?");
  }

  /**
   * First the files behind leave the log, then its end is cut: the other way round, a crash in
   * between would leave a log that loads with a hole in it.
   */
  #cut({ log, walks, trouble }: Survey): void {
    const walk = walks[trouble!.index];
    const isGone = walk.verdict.kind === "missing";
    if (trouble!.kind !== "torn") {
      this.#dropFrom(log, walks.slice(isGone ? trouble!.index : trouble!.index + 1));
    }
    if (isGone) return;
    const { file, format, good_bytes, size_bytes } = walk;
    if (good_bytes < size_bytes) {
      const kept = cutFile(this.#io, walk, trouble!.kind === "torn" ? "in place" : "by copying");
      this.#say(`Cut ${file.path} at offset ${good_bytes}; the rest is now ${kept}`);
    }
    // A base counts only with its end: what is left of it is all there will be.
    if (file.type === "base" && format === "framed") {
      sealFile(this.#io.disk, file, Math.floor(this.#io.clock.now_ms() / 1000));
    }
  }

  #dropFrom(log: LogFiles, walks: readonly FileWalk[]): void {
    if (walks.length === 0) return;
    const { disk } = this.#io;
    const names = new Set(walks.map(({ file }) => file.name));
    const incrs = log.manifest.incrs.filter(({ name }) => !names.has(name));
    saveManifest(disk, log.directory, fileNameOf(manifestPath(log)), { ...log.manifest, incrs });
    for (const { file, verdict } of walks) {
      if (verdict.kind === "missing") continue;
      this.#say(`${file.path} is now ${setAside(disk, file.path)}`);
    }
    disk.syncDirectory(log.directory);
  }

  #confirm(question: string): boolean {
    if (this.#isSure) return true;
    const answer = this.#io.terminal.ask(`${question} [y/N] `);
    if (answer !== undefined && /^y(es)?$/i.test(answer)) return true;
    this.#say(
      answer === undefined
        ? "Nobody answered: nothing was changed. --yes answers yes to all"
        : "Nothing was changed",
    );
    return false;
  }

  #say(line: string): void {
    this.#io.terminal.print(line);
  }
}

function namesOf({ base, incrs }: Manifest): string[] {
  return [
    ...(base === undefined ? [] : [`${base.name} (base)`]),
    ...incrs.map(({ name }) => `${name} (incremental)`),
  ];
}

/** What is lost by cutting where the trouble begins. */
function lossLines({ walks, trouble }: Survey): string[] {
  const walk = walks[trouble!.index];
  const lines: string[] = [];
  if (walk.verdict.kind !== "missing") {
    lines.push(
      `Kept of ${walk.file.name}: ${walk.good_bytes} bytes, ${walk.commands} commands` +
        until(walk),
      `Cut off it: ${walk.size_bytes - walk.good_bytes} bytes, ${lostIn(walk)}`,
    );
  }
  if (trouble!.kind === "torn") return lines;
  for (const later of walks.slice(trouble!.index + 1)) {
    lines.push(
      `Set aside: ${later.file.name}, ${later.size_bytes} bytes, ${later.commands} commands` +
        until(later),
    );
  }
  return lines;
}

function lostIn({ verdict }: FileWalk): string {
  const lost = "lost" in verdict ? verdict.lost : undefined;
  if (lost === undefined) return "how many commands cannot be told";
  if (lost.batches === 0) return "an unfinished batch";
  const last = lost.last_s === undefined ? "" : `, the last of ${formatTime(lost.last_s)}`;
  return `${lost.batches} batches with ${lost.commands} commands${last}`;
}

function until({ last_s }: FileWalk): string {
  return last_s === undefined ? "" : `, the last of ${formatTime(last_s)}`;
}
