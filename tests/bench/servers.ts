/**
 * The two servers under measurement, as processes.
 *
 * redeno is started with the very flags of `deno task start`, or of `deno task serve`, taken from
 * `deno.json`. Promise: while one server of a {@linkcode Pair} is measured the other is stopped
 * (SIGSTOP) and costs nothing.
 */

import { fileURLToPath } from "node:url";
import { freePort } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";
import { type Side, SIDES } from "./benchmark.ts";
import { makeTempDir, removeTempDir } from "./temp_dir.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const START_TIMEOUT_MS = 300_000;
const STOP_TIMEOUT_MS = 30_000;
/** Linux counts CPU time in these, on every machine: the kernel's USER_HZ. */
const TICKS_PER_S = 100;
/** How often a server that starts is asked. */
const POLL_MS = 1;
const LOG_CHARS_MAX = 10_000;

/** The same for both servers unless a benchmark says otherwise: memory only, no rewrites midway. */
export const QUIET = ["--save", "", "--appendonly", "no", "--auto-aof-rewrite-percentage", "0"];

const running = new Set<BenchServer>();

/** Ends every server that is still there, at once: for when the run is given up. */
export function killServers(): void {
  for (const server of running) server.kill();
}

let task = "start";

/** From now on redeno is started from the file that `deno task bundle` writes. */
export function useBundle(): void {
  task = "serve";
}

/** The command of the task that starts redeno, to be run directly: no shell, no task runner. */
export function startCommand(): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
  // A task is its command, or a record of description and command.
  const text: unknown = tasks?.[task]?.command ?? tasks?.[task];
  if (typeof text !== "string" || /["'$&|;<>\\]/.test(text)) {
    throw new Error(`deno.json: task '${task}' is not a plain command: ${JSON.stringify(text)}`);
  }
  const [program, ...args] = text.trim().split(/\s+/);
  return [program === "deno" ? Deno.execPath() : program, ...args];
}

/** Starts one server on a free port and waits for its first PONG; `dir` is made where not given. */
export async function startServer(
  side: Side,
  options: readonly string[],
  dir?: string,
): Promise<BenchServer> {
  const place = dir ?? await makeTempDir();
  const server = new BenchServer(side, options, place, dir === undefined);
  try {
    await server.ready();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** A server process. */
export class BenchServer implements AsyncDisposable {
  /** Which one. */
  readonly side: Side;
  /** Where it listens, at 127.0.0.1. */
  readonly port: number = freePort();
  readonly #dir: string;
  readonly #ownsDir: boolean;
  readonly #process: Deno.ChildProcess;
  readonly #spawned_ms = performance.now();
  readonly #exited: Promise<unknown>;
  readonly #gone = new AbortController();
  #log = "";
  #startup_ms = 0;

  /** Spawns it; use {@linkcode startServer}, which waits until it answers. */
  constructor(side: Side, options: readonly string[], dir: string, ownsDir: boolean) {
    this.side = side;
    this.#dir = dir;
    this.#ownsDir = ownsDir;
    const [program, ...flags] = side === "redis" ? ["redis-server"] : startCommand();
    const place = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", dir];
    this.#process = new Deno.Command(program, {
      args: [...flags, ...options, ...place],
      cwd: ROOT,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    running.add(this);
    const written = [this.#collect(this.#process.stdout), this.#collect(this.#process.stderr)];
    this.#exited = this.#process.status.then(() => {
      this.#markGone();
      return Promise.all(written);
    });
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Aborted when the process has ended or is being ended by force. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** What to say of a server that ended by itself. */
  lastWords(): string {
    return `${this.side} ended; it wrote:\n${this.#log}`;
  }

  /** From spawning it to its first PONG that is not `-LOADING`. */
  get startup_ms(): number {
    return this.#startup_ms;
  }

  /** Waits for the first PONG. */
  async ready(): Promise<void> {
    const deadline = this.#spawned_ms + START_TIMEOUT_MS;
    while (!this.gone.aborted && performance.now() < deadline) {
      try {
        await using client = await connect(this.port);
        while (!this.gone.aborted) {
          const reply = await client.call("PING");
          if (reply.type === "simple") {
            this.#startup_ms = performance.now() - this.#spawned_ms;
            return;
          }
          await sleep(POLL_MS);
        }
      } catch {
        // Not listening yet.
        await sleep(POLL_MS);
      }
    }
    const how = this.gone.aborted ? "ended while starting" : "does not answer";
    throw new Error(`${this.side} ${how}; it wrote:\n${this.#log}`);
  }

  /** CPU time of all its threads so far, in user mode and in the kernel. */
  cpu_us(): number {
    const stat = Deno.readTextFileSync(`/proc/${this.#process.pid}/stat`);
    // Behind the name, which may hold anything: utime and stime are fields 14 and 15 of the line.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S * 1e6;
  }

  /** Resident memory, counted exactly (`VmRSS` may be off by some dozens of pages). */
  rss_bytes(): number {
    const text = Deno.readTextFileSync(`/proc/${this.#process.pid}/smaps_rollup`);
    const match = /^Rss:\s+(\d+) kB$/m.exec(text);
    if (match === null) throw new Error(`no Rss in the smaps_rollup of ${this.side}`);
    return Number(match[1]) * 1024;
  }

  /** Opens a connection. */
  connect(): Promise<RespClient> {
    return connect(this.port, { timeout_ms: STOP_TIMEOUT_MS });
  }

  /** How many keys its first database holds. */
  async keys(): Promise<number> {
    await using client = await this.connect();
    const reply = await client.call("DBSIZE");
    if (reply.type !== "int") throw new Error(`${this.side}: DBSIZE answered ${reply.type}`);
    return Number(reply.value);
  }

  /** Which of the commands it knows, by COMMAND INFO. */
  async knownCommands(names: readonly string[]): Promise<Set<string>> {
    await using client = await this.connect();
    const reply = await client.call("COMMAND", "INFO", ...names);
    if (reply.type !== "array") {
      throw new Error(`${this.side}: COMMAND INFO answered ${reply.type}`);
    }
    return new Set(names.filter((_, i) => reply.items[i].type === "array"));
  }

  /** Takes the CPU from it, until {@linkcode resume}. */
  pause(): void {
    this.#signal("SIGSTOP");
  }

  /** Lets it go on. */
  resume(): void {
    this.#signal("SIGCONT");
  }

  /** Ends it at once. */
  kill(): void {
    this.#signal("SIGKILL");
    this.#markGone();
  }

  /** Ends it in order and removes the directory that was made for it. */
  async stop(): Promise<void> {
    this.resume();
    this.#signal("SIGTERM");
    const timer = setTimeout(() => this.kill(), STOP_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
    if (this.#ownsDir) await removeTempDir(this.#dir);
  }

  /** `stop`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #markGone(): void {
    running.delete(this);
    this.#gone.abort();
  }

  #signal(signal: Deno.Signal): void {
    if (!this.#gone.signal.aborted) this.#process.kill(signal);
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#log = (this.#log + text).slice(-LOG_CHARS_MAX);
    }
  }
}

/** Both servers, of which one runs at a time. */
export class Pair implements AsyncDisposable {
  readonly #servers: Record<Side, BenchServer>;

  /** Takes over two running servers; use {@linkcode startPair}. */
  constructor(redeno: BenchServer, redis: BenchServer) {
    this.#servers = { redeno, redis };
  }

  /** Runs `work` on one server while the other is stopped. */
  async alone<T>(side: Side, work: (server: BenchServer) => Promise<T>): Promise<T> {
    for (const other of SIDES) {
      if (other !== side) this.#servers[other].pause();
    }
    this.#servers[side].resume();
    return await work(this.#servers[side]);
  }

  /** Runs `work` on each server in turn. */
  async each(work: (server: BenchServer) => Promise<void>): Promise<void> {
    for (const side of SIDES) await this.alone(side, work);
  }

  /** Ends both. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const side of SIDES) await this.#servers[side].stop();
  }
}

/** Starts both servers with the same options. */
export async function startPair(options: readonly string[]): Promise<Pair> {
  const redeno = await startServer("redeno", options);
  try {
    return new Pair(redeno, await startServer("redis", options));
  } catch (error) {
    await redeno.stop();
    throw error;
  }
}

/** Waits. */
export function sleep(delay_ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delay_ms));
}
