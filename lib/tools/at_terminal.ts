/** A tool run by a person: with the disk, the clock and the terminal of this machine. */

import { systemClock } from "../platform/clock.ts";
import { systemDisk } from "../platform/disk.ts";
import { systemRandom } from "../platform/random.ts";
import { SystemTerminal } from "../platform/terminal.ts";
import { runTool } from "./cli.ts";
import type { ExitCode } from "./io.ts";

/**
 * Runs the tool that the arguments name, such as `aof check DIR`; resolves to the exit code.
 *
 * @param pid the process, for the message to others that find a directory taken
 */
export function runToolAtTerminal(argv: readonly string[], pid: number): Promise<ExitCode> {
  return runTool(argv, {
    disk: systemDisk,
    clock: systemClock,
    random: systemRandom(),
    terminal: new SystemTerminal(),
    pid,
  });
}
