/** `redeno aof restore --from ARCHIVE`: the log out of the second copy that a server has kept. */

import { DirectorySink } from "../persistence/archive/directory_sink.ts";
import { restoreArchive } from "../persistence/archive/restore.ts";
import { joinPath } from "../persistence/files.ts";
import { backgroundDisk } from "../platform/background_disk.ts";
import { Exit, type ExitCode, type ToolIo } from "./io.ts";
import { findLog } from "./log_files.ts";
import { type Options, UsageError } from "./options.ts";
import { Progress } from "./progress.ts";
import { surveyLog } from "./survey.ts";
import { formatTime } from "../numbers/time_text.ts";

/**
 * Restores the log of an archive into `into`, and reads it again.
 *
 * @throws {StorageError} the archive is damaged, or does not have that moment
 * @throws {UsageError}
 */
export async function restoreFromArchive(
  io: ToolIo,
  options: Options,
  archive: string,
  into: string,
): Promise<ExitCode> {
  if (options.words.length > 0) throw new UsageError("either DIR or --from ARCHIVE, not both");
  if (options.value("to-offset") !== undefined) {
    throw new UsageError("an archive is restored by --to-time only");
  }
  const { disk, terminal } = io;
  const directory = joinPath(into, "appendonlydir");
  let progress: Progress | undefined;
  let told_bytes = 0;
  const { files, history, last_s } = await restoreArchive({
    disk,
    archive: new DirectorySink(backgroundDisk(disk), archive),
    into: directory,
    to_time_s: options.time("to-time"),
    log: (_level, text) => io.quiet ? undefined : terminal.print(text),
    onProgress: (done_bytes, total_bytes) => {
      progress ??= new Progress(io.quiet ? undefined : terminal, io.clock, total_bytes);
      progress.add(done_bytes - told_bytes);
      told_bytes = done_bytes;
    },
  });
  progress?.wipe();
  const { trouble } = await surveyLog(io, findLog(disk, directory));
  if (trouble !== undefined) {
    terminal.print(`Result: ${directory} is not as it should be: ${trouble.reason}. Do not use it`);
    return Exit.damaged;
  }
  const last = last_s === undefined ? "" : `, the last batch of ${formatTime(last_s)}`;
  terminal.print(`Restored ${files.length} files of history ${history}${last}`);
  terminal.print(`Start a server on it: redeno --dir ${into} --appendonly yes`);
  return Exit.ok;
}
