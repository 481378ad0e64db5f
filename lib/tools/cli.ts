/**
 * The tools in the executable: `redeno aof ...` and `redeno rdb ...`. Finds the tool, reads its
 * options, and turns whatever happens into an exit code.
 */

import { drawHashSeed } from "../memory/hash.ts";
import { StorageError } from "../persistence/errors.ts";
import type { Clock } from "../platform/clock.ts";
import { type Disk, DiskError } from "../platform/disk.ts";
import type { Random } from "../platform/random.ts";
import type { Terminal } from "../platform/terminal.ts";
import { checkLog, checkOptions } from "./check.ts";
import { dumpLog, dumpOptions } from "./dump.ts";
import { fixLog, fixOptions } from "./fix.ts";
import { HELP, TOOLS_HELP } from "./help.ts";
import { Exit, type ExitCode, Refusal, type ToolIo } from "./io.ts";
import { type OptionNames, Options, UsageError } from "./options.ts";
import { checkSnapshot } from "./rdb_check.ts";
import { restoreLog, restoreOptions } from "./restore.ts";

/** What a tool may use of the world outside. */
export interface ToolWorld {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly terminal: Terminal;
  /** The process, for the message to others that find a directory taken. */
  readonly pid: number;
}

interface Tool {
  readonly options: OptionNames;
  readonly run: (io: ToolIo, options: Options) => Promise<ExitCode>;
}

const tools: ReadonlyMap<string, Tool> = new Map([
  ["aof check", { options: checkOptions, run: checkLog }],
  ["aof fix", { options: fixOptions, run: fixLog }],
  ["aof restore", { options: restoreOptions, run: restoreLog }],
  ["aof dump", { options: dumpOptions, run: dumpLog }],
  ["rdb check", { options: {}, run: checkSnapshot }],
]);

/**
 * Runs the tool that a command line names, such as `aof check DIR`; resolves to the exit code.
 * Nothing that a file can hold makes it throw.
 */
export async function runTool(argv: readonly string[], world: ToolWorld): Promise<ExitCode> {
  const { terminal } = world;
  const name = argv.slice(0, 2).join(" ");
  const tool = tools.get(name);
  try {
    return await choose(tool, name, argv, world);
  } catch (error) {
    const { code, text } = explain(error, name);
    terminal.remark(text);
    return code;
  } finally {
    terminal.flush();
  }
}

async function choose(
  tool: Tool | undefined,
  name: string,
  argv: readonly string[],
  world: ToolWorld,
): Promise<ExitCode> {
  const { terminal, disk, clock, random, pid } = world;
  if (tool === undefined) {
    const asksForHelp = argv.includes("--help") || argv.includes("-h");
    if (!asksForHelp) throw new UsageError(`there is no tool '${name}'`);
    terminal.print(TOOLS_HELP.trimEnd());
    return Exit.ok;
  }
  if (argv.includes("--help") || argv.includes("-h")) {
    terminal.print(HELP[name].trimEnd());
    return Exit.ok;
  }
  const options = new Options(argv.slice(2), {
    values: tool.options.values,
    switches: [...(tool.options.switches ?? []), "quiet"],
  });
  const io: ToolIo = {
    disk,
    clock,
    terminal,
    seed: drawHashSeed(random),
    owner: `redeno ${name}, pid ${pid}`,
    quiet: options.has("quiet"),
  };
  return await tool.run(io, options);
}

function explain(error: unknown, name: string): { code: ExitCode; text: string } {
  if (error instanceof UsageError) {
    const help = tools.has(name) ? `redeno ${name} --help` : "redeno aof --help";
    return { code: Exit.unusable, text: `redeno ${name}: ${error.message}. See '${help}'` };
  }
  if (error instanceof Refusal) return { code: Exit.damaged, text: `redeno: ${error.message}` };
  if (error instanceof DiskError) return { code: Exit.unusable, text: `redeno: ${error.message}` };
  if (!(error instanceof StorageError)) throw error;
  const isAboutData = ["damaged", "truncated", "unsupported"].includes(error.kind);
  return { code: isAboutData ? Exit.damaged : Exit.unusable, text: `redeno: ${error.message}` };
}
