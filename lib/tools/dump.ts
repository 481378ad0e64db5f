/**
 * `redeno aof dump`: the commands of a log, one a line, with their places.
 *
 *     appendonly.aof.2.incr.aof:1234 2026-11-22T13:26:11Z [0] "SET" "k" "v"
 *
 * With `--json` each line is an object with `file`, `offset`, `time` (seconds), `db` and `command`.
 */

import type { AofFile } from "../persistence/files.ts";
import type { RdbReport } from "../persistence/rdb/check.ts";
import { NOT_GIVEN, scanRdb } from "../persistence/rdb/scan.ts";
import type { Args } from "../resp/args.ts";
import { decodeValue } from "../types/rdb/decode.ts";
import { DumpFilter } from "./dump_filter.ts";
import { walkFile } from "./file_walk.ts";
import { Exit, type ExitCode, progressOf, type ToolIo } from "./io.ts";
import { findLog } from "./log_files.ts";
import type { OptionNames, Options } from "./options.ts";
import { jsonValue, quote } from "./quote.ts";
import { rdbLines } from "./rdb_report.ts";
import { findTrouble } from "./survey.ts";
import { formatTime } from "../numbers/time_text.ts";
import type { FileWalk, Place, Visitor } from "./walk.ts";

/** The flags of `redeno aof dump`, besides those that every tool has. */
export const dumpOptions: OptionNames = {
  values: ["match", "db", "from-time", "to-time", "command"],
  switches: ["json", "base"],
};

/** Runs `redeno aof dump`. */
export async function dumpLog(io: ToolIo, options: Options): Promise<ExitCode> {
  const log = findLog(io.disk, options.word("DIR"));
  if (log.manifestError !== undefined) throw log.manifestError;
  const filter = new DumpFilter(options);
  const printer = new Printer(io, filter, options);
  // Lines and a bar would overwrite each other, so there is none.
  const progress = progressOf({ ...io, quiet: true }, 0);
  const walks: FileWalk[] = [];
  for (const file of log.files) {
    if (io.terminal.isGone) break;
    const walk = await walkFile(io, file, progress, printer);
    walks.push(walk);
    if (walk.verdict.kind === "damaged" || walk.verdict.kind === "missing") break;
  }
  return tellTrouble(io, walks);
}

function tellTrouble(io: ToolIo, walks: readonly FileWalk[]): ExitCode {
  const trouble = findTrouble(walks);
  if (trouble === undefined) return Exit.ok;
  const { file, good_bytes } = walks[trouble.index];
  io.terminal.remark(`${file.path}:${good_bytes}: ${trouble.kind}: ${trouble.reason}`);
  return trouble.kind === "torn" ? Exit.torn : Exit.damaged;
}

class Printer implements Visitor {
  readonly #io: ToolIo;
  readonly #filter: DumpFilter;
  readonly #isJson: boolean;
  readonly #withKeys: boolean;

  constructor(io: ToolIo, filter: DumpFilter, options: Options) {
    this.#io = io;
    this.#filter = filter;
    this.#isJson = options.has("json");
    this.#withKeys = options.has("base");
  }

  command(args: Args, place: Place): boolean {
    const { terminal } = this.#io;
    if (this.#filter.takes(args, place)) {
      terminal.print(this.#isJson ? jsonLine(args, place) : plainLine(args, place));
    }
    return !terminal.isGone;
  }

  /** The keys if asked for, else a summary; in JSON there are only keys and commands. */
  async snapshot(file: AofFile, report: RdbReport): Promise<void> {
    if (this.#withKeys) return await this.#keys(file);
    if (this.#isJson) return;
    const { terminal } = this.#io;
    terminal.print(`# ${file.name}: a snapshot`);
    for (const line of rdbLines(report)) terminal.print(`#${line}`);
  }

  async #keys(file: AofFile): Promise<void> {
    const { disk, clock, seed, terminal } = this.#io;
    const handle = disk.open(file.path, "read");
    try {
      await scanRdb({ file: handle, path: file.path, verify: false, clock }, {
        aux: () => undefined,
        selectDb: () => undefined,
        resize: () => undefined,
        skippedEmpty: () => undefined,
        value: ({ db, expiry_ms, type: rdbType }, reader) => {
          const { type } = decodeValue(reader, rdbType, seed);
          const { key } = reader;
          if (!this.#filter.takesKey(key, db)) return;
          const expires_ms = expiry_ms === NOT_GIVEN ? undefined : expiry_ms;
          terminal.print(this.#keyLine(file, db, key.bytes(0), type, expires_ms));
        },
      });
    } finally {
      handle.close();
    }
  }

  #keyLine(
    file: AofFile,
    db: number,
    key: Uint8Array,
    type: string,
    expires_ms: number | undefined,
  ): string {
    if (this.#isJson) {
      return JSON.stringify({ file: file.name, db, key: jsonValue(key), type, expires_ms });
    }
    const expiry = expires_ms === undefined
      ? ""
      : ` expires ${formatTime(Math.floor(expires_ms / 1000))}`;
    return `${file.name} [${db}] ${quote(key)} ${type}${expiry}`;
  }
}

function plainLine(args: Args, { file, offset, time_s, db }: Place): string {
  let line = `${file.name}:${offset} ${time_s === undefined ? "-" : formatTime(time_s)} [${db}]`;
  for (let i = 0; i < args.count; i++) line += ` ${quote(args.bytes(i))}`;
  return line;
}

function jsonLine(args: Args, { file, offset, time_s, db }: Place): string {
  const command = Array.from({ length: args.count }, (_, i) => jsonValue(args.bytes(i)));
  return JSON.stringify({ file: file.name, offset, time: time_s, db, command });
}
