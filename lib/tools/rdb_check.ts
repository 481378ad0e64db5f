/** `redeno rdb check`: reads a whole snapshot file and says what is in it, or what is wrong. */

import { fileNameOf } from "../persistence/files.ts";
import { StorageError } from "../persistence/errors.ts";
import { checkRdb, type RdbReport } from "../persistence/rdb/check.ts";
import { Exit, type ExitCode, progressOf, type ToolIo } from "./io.ts";
import type { Options } from "./options.ts";
import { rdbLines } from "./rdb_report.ts";

/** Runs `redeno rdb check`. */
export async function checkSnapshot(io: ToolIo, options: Options): Promise<ExitCode> {
  const path = options.word("FILE");
  const { terminal } = io;
  try {
    const { report, size_bytes } = await readSnapshot(io, path);
    if (!io.quiet) {
      terminal.print(`${path}:`);
      for (const line of rdbLines(report)) terminal.print(line);
    }
    if (report.end_bytes === size_bytes) {
      terminal.print("Result: all is well");
      return Exit.ok;
    }
    const rest = size_bytes - report.end_bytes;
    terminal.print(`Result: damaged: ${path}:${report.end_bytes}: ${rest} bytes follow the end`);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    terminal.print(`Result: damaged: ${error.message}`);
  }
  return Exit.damaged;
}

async function readSnapshot(
  io: ToolIo,
  path: string,
): Promise<{ report: RdbReport; size_bytes: number }> {
  const { clock, seed } = io;
  const file = io.disk.open(path, "read");
  const size_bytes = file.size();
  const progress = progressOf(io, size_bytes);
  progress.label = fileNameOf(path);
  let told_bytes = 0;
  try {
    const onProgress = (bytes: number) => {
      progress.add(bytes - told_bytes);
      told_bytes = bytes;
    };
    const report = await checkRdb({ file, path, verify: true, clock, seed, onProgress });
    return { report, size_bytes };
  } finally {
    progress.wipe();
    file.close();
  }
}
