/**
 * The program as a process: command line and configuration, log and process id file, signals, exit
 * codes. `main.ts` runs it from the sources, `lib/bundled.ts` from one file.
 *
 *     redeno [/path/to/redis.conf] [--directive value ...] [-]
 *     redeno aof|rdb TOOL ...                      what lib/tools/ is for
 *
 * Exit codes: 0 after an orderly end, 1 if it could not start or could not go on safely.
 */

import { ensureDirSync } from "@std/fs/ensure-dir";
import { fromByteText } from "./config/byte_text.ts";
import { type CommandLine, parseCommandLine } from "./config/command_line.ts";
import type { Config } from "./config/config.ts";
import { loadConfig } from "./config/load.ts";
import { systemClock } from "./platform/clock.ts";
import { configFiles } from "./platform/std_fs/config_files.ts";
import { systemDisk } from "./platform/disk.ts";
import { lineWriter, Logger } from "./platform/logger.ts";
import { systemRandom } from "./platform/random.ts";
import { REDENO_VERSION, REDIS_VERSION } from "./platform/version.ts";
import { Server } from "./server/server.ts";
import { messageOf } from "./platform/message_of.ts";

const HELP = `Usage: redeno [/path/to/redis.conf] [--directive value ...] [-]
       redeno -                 reads the configuration from standard input
       redeno aof check|fix|restore|dump ... | redeno rdb check ...
                                tools for the files; see redeno aof --help
       redeno --version | --help

Examples:
       redeno                   with the defaults
       redeno redis.conf
       redeno --port 7000 --appendonly yes --appendfsync always
       redeno redis.conf --dir /var/lib/redeno
`;

/** The tools, as `lib/tools/at_terminal.ts` has them: a server does not load what only they need. */
export interface Tools {
  /** Runs the tool that the arguments name; resolves to the exit code. */
  runToolAtTerminal(argv: readonly string[], pid: number): Promise<number>;
}

/** Runs the program; the process ends with it, or when it is asked to. */
export async function runProgram(loadTools: () => Promise<Tools>): Promise<void> {
  try {
    await runServerOrTool(loadTools);
  } catch (error) {
    console.error(`redeno: ${messageOf(error)}`);
    Deno.exit(1);
  }
}

async function runServerOrTool(loadTools: () => Promise<Tools>): Promise<void> {
  if (namesTool(Deno.args)) {
    const { runToolAtTerminal } = await loadTools();
    return Deno.exit(await runToolAtTerminal(ownArguments(Deno.args), Deno.pid));
  }
  const commandLine = readCommandLine(Deno.args);
  if (commandLine.action === "help") return console.log(HELP.trimEnd());
  if (commandLine.action === "version") {
    return console.log(
      `redeno v=${REDENO_VERSION} redis=${REDIS_VERSION} deno=${Deno.version.deno}`,
    );
  }
  const { config, warnings } = await readConfig(commandLine);
  const logger = new Logger(systemClock, lineWriter(fromByteText(config.values.logfile)));
  logger.level = config.values.loglevel;
  for (const warning of warnings) logger.log("warning", warning);
  enterDirectory(config);
  const server = new Server({
    config,
    clock: systemClock,
    random: systemRandom(),
    disk: systemDisk,
    logger,
    exit: (code) => leave(config, code),
  });
  obeySignals(server, config, logger);
  surviveMistakes(logger);
  await run(server, config, logger);
}

/** The command line without what `deno task start` puts in front of it. */
function ownArguments(argv: readonly string[]): readonly string[] {
  return argv[0] === "--default-config" ? argv.slice(2) : argv;
}

/** Whether the tools are meant: a file of that name would be a configuration. */
function namesTool(argv: readonly string[]): boolean {
  const [word] = ownArguments(argv);
  return (word === "aof" || word === "rdb") && systemDisk.stat(word)?.isDirectory !== false;
}

/**
 * `deno task start` puts `--default-config FILE` in front of its arguments: the configuration to
 * use when they name none, neither a file nor standard input.
 */
function readCommandLine(argv: readonly string[]): CommandLine {
  const [flag, file, ...own] = argv;
  if (flag !== "--default-config") return parseCommandLine(argv);
  const commandLine = parseCommandLine(own);
  return commandLine.file === undefined && !commandLine.stdin
    ? { ...commandLine, file }
    : commandLine;
}

/** Reads the file, standard input and the command line, in this order. */
async function readConfig(commandLine: CommandLine) {
  const stdin = commandLine.stdin
    ? new TextDecoder("latin1").decode(await new Response(Deno.stdin.readable).arrayBuffer())
    : undefined;
  return loadConfig({
    file: commandLine.file,
    stdin,
    overrides: commandLine.overrides,
    files: configFiles(),
  });
}

/** The working directory is made if it is missing, and entered, as Redis does. */
function enterDirectory(config: Config): void {
  const path = fromByteText(config.values.dir);
  try {
    ensureDirSync(path);
    Deno.chdir(path);
  } catch (error) {
    throw new Error(`Can't use 'dir' ${path}: ${messageOf(error)}`);
  }
}

async function run(server: Server, config: Config, logger: Logger): Promise<void> {
  logger.log("notice", `redeno ${REDENO_VERSION} is starting, pid ${Deno.pid}`);
  try {
    await server.start();
  } catch (error) { // who has a log looks there; the terminal is told in any case
    if (config.values.logfile !== "") logger.log("warning", messageOf(error));
    throw error;
  }
  writePidFile(config, logger);
  for (const line of readyLines(server)) logger.log("notice", line);
}

/** Where clients may connect, line by line. */
function* readyLines({ port, socketName }: Server): Generator<string> {
  if (port !== 0) yield `Ready to accept connections on port ${port}`;
  if (socketName !== "") yield `The server is now ready to accept connections at ${socketName}`;
  if (port === 0 && socketName === "") yield "No port is open";
}

/** One Ctrl-C reaches a program that npx started twice: from the terminal, and passed on by npm. */
const SAME_SIGNAL_MS = 500;

/**
 * A mistake of redeno's own that nothing has caught is logged; without this it would end the
 * process, and everybody's connection with it.
 */
function surviveMistakes(logger: Logger): void {
  const tell = (event: Event, error: unknown) => {
    event.preventDefault();
    const text = error instanceof Error ? error.stack : String(error);
    logger.log("warning", `Internal error, please report it: ${text}`);
  };
  globalThis.addEventListener("unhandledrejection", (event) => tell(event, event.reason));
  globalThis.addEventListener("error", (event) => tell(event, event.error));
}

/** SIGTERM and SIGINT end in order; a second SIGINT ends at once. */
function obeySignals(server: Server, config: Config, logger: Logger): void {
  let asked_ms: number | undefined;
  const end = (signal: string) => {
    const now_ms = systemClock.monotonic_ms();
    if (asked_ms !== undefined) {
      if (signal === "SIGINT" && now_ms - asked_ms > SAME_SIGNAL_MS) leave(config, 1);
      return;
    }
    asked_ms = now_ms;
    logger.log("warning", `Received ${signal} scheduling shutdown...`);
    const flags = config.values[signal === "SIGINT" ? "shutdown-on-sigint" : "shutdown-on-sigterm"];
    const save = flags.includes("save") ? true : flags.includes("nosave") ? false : undefined;
    const [now, force] = [flags.includes("now"), flags.includes("force")];
    server.shutdown({ save, now, force }).catch(() => {
      asked_ms = undefined; // what is wrong may be mended, and the next signal is another try
      logger.log(
        "warning",
        `${signal} received but errors trying to shut down the server, check the logs for more ` +
          "information",
      );
    });
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => end(signal));
  }
}

function writePidFile(config: Config, logger: Logger): void {
  const path = fromByteText(config.values.pidfile);
  if (path === "") return;
  try {
    Deno.writeTextFileSync(path, `${Deno.pid}\n`);
  } catch (error) {
    logger.log("warning", `Can't write the pid file ${path}: ${messageOf(error)}`);
  }
}

function leave(config: Config, code: number): void {
  const pidFile = fromByteText(config.values.pidfile);
  try {
    if (pidFile !== "") Deno.removeSync(pidFile);
  } catch {
    // It was never written, or somebody else has removed it.
  }
  Deno.exit(code);
}
