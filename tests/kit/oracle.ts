/**
 * Servers for tests: the real `redis-server` as the oracle, and redeno as a child process.
 *
 * Each listens on a free port of 127.0.0.1 in a directory of its own and is ended by its own handle.
 * Promise: what `startRedis` and `startRedeno` return answers PING already; what does not start
 * fails the test with everything it wrote.
 *
 *     await using redis = await startRedis(["--appendonly", "yes"]);
 *     await using redeno = await startRedeno([]);
 */

import { connect } from "./resp_client.ts";
import { fileURLToPath } from "node:url";

/** A running server. */
export interface Server extends AsyncDisposable {
  /** The port it listens on, at 127.0.0.1. */
  readonly port: number;
  /** Its working directory. */
  readonly dir: string;
  /** Its process; end it with `stop` or `kill`. */
  readonly process: Deno.ChildProcess;
  /** Settles when the process is gone. */
  readonly exited: Promise<Deno.CommandStatus>;
  /** Everything it wrote to stdout and stderr so far. */
  log(): string;
  /** Asks it to end (SIGTERM), waits, and removes the directory if it was made here. */
  stop(): Promise<Deno.CommandStatus>;
  /** `kill -9`; the directory stays until `stop`, so that a new server can be started on it. */
  kill(): Promise<Deno.CommandStatus>;
}

/** What may be laid down beyond the server's own options. */
export interface StartOptions {
  /** Work in this directory, and do not remove it. */
  dir?: string;
  /** Listen on this port. */
  port?: number;
  /** More environment variables. */
  env?: Record<string, string>;
  /** How long the start may take; 10,000 where not given. */
  timeout_ms?: number;
}

/** A server that ended instead of answering. */
export class StartError extends Error {
  /** The exit code, or undefined where it was still running when the time was up. */
  readonly code: number | undefined;
  /** What it wrote. */
  readonly log: string;

  /** Made by the functions of this file. */
  constructor(program: string, code: number | undefined, log: string) {
    const how = code === undefined ? "does not answer" : `ended with code ${code}`;
    super(`${program} ${how}; it wrote:\n${log}`);
    this.code = code;
    this.log = log;
  }
}

const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 10;
/** Another process may take a free port before the server does: then another port is tried. */
const PORT_ATTEMPTS = 3;
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

let redisFound: boolean | undefined;

/** Whether `redis-server` can be run here; says so once where it cannot. */
export function hasRedisServer(): boolean {
  if (redisFound !== undefined) return redisFound;
  try {
    const { success } = new Deno.Command("redis-server", { args: ["--version"] }).outputSync();
    redisFound = success;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    redisFound = false;
  }
  if (!redisFound) console.log("redis-server is not installed: tests against it are skipped");
  return redisFound;
}

/** Starts the real Redis without snapshots; `options` are its command line, as `["--save", "60 1"]`. */
export function startRedis(
  options: readonly string[] = [],
  extra: StartOptions = {},
): Promise<Server> {
  return start("redis-server", ["--save", "", ...options], extra);
}

/** Starts redeno from this checkout; `options` are its command line after `main.ts`. */
export function startRedeno(
  options: readonly string[] = [],
  extra: StartOptions = {},
): Promise<Server> {
  const run = ["run", "--no-prompt", "-A", `${ROOT}main.ts`];
  return start(Deno.execPath(), [...run, ...options], extra);
}

/** A port of 127.0.0.1 that nobody listened on a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function start(program: string, args: string[], extra: StartOptions): Promise<Server> {
  for (let attempt = 1;; attempt++) {
    try {
      return await startOnce(program, args, extra);
    } catch (error) {
      const taken = error instanceof StartError && /address (already )?in use/i.test(error.log);
      if (!taken || extra.port !== undefined || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function startOnce(program: string, args: string[], extra: StartOptions): Promise<Server> {
  const dir = extra.dir ?? await Deno.makeTempDir({ prefix: "redeno_test_" });
  const port = extra.port ?? freePort();
  const place = ["--port", String(port), "--dir", dir, "--bind", "127.0.0.1"];
  const process = new Deno.Command(program, {
    args: [...args, ...place],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...extra.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const server = new ChildServer(process, port, dir, extra.dir === undefined);
  try {
    await answersPing(server, program, extra.timeout_ms ?? START_TIMEOUT_MS);
  } catch (error) {
    await server.kill();
    await server.stop();
    throw error;
  }
  return server;
}

class ChildServer implements Server {
  readonly exited: Promise<Deno.CommandStatus>;
  #log = "";
  #running = true;

  constructor(
    readonly process: Deno.ChildProcess,
    readonly port: number,
    readonly dir: string,
    readonly ownsDir: boolean,
  ) {
    const written = [this.#collect(process.stdout), this.#collect(process.stderr)];
    this.exited = process.status.then(async (status) => {
      this.#running = false;
      await Promise.all(written);
      return status;
    });
  }

  log(): string {
    return this.#log;
  }

  async stop(): Promise<Deno.CommandStatus> {
    this.#signal("SIGTERM");
    const timer = setTimeout(() => this.#signal("SIGKILL"), STOP_TIMEOUT_MS);
    const status = await this.exited;
    clearTimeout(timer);
    if (this.ownsDir) await removeDir(this.dir);
    return status;
  }

  async kill(): Promise<Deno.CommandStatus> {
    this.#signal("SIGKILL");
    return await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #signal(signal: Deno.Signal): void {
    if (this.#running) this.process.kill(signal);
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.#log += text;
  }
}

async function answersPing(server: ChildServer, program: string, timeout_ms: number) {
  const deadline = performance.now() + timeout_ms;
  let ended: Deno.CommandStatus | undefined;
  server.exited.then((status) => ended = status);
  while (performance.now() < deadline) {
    const answered = await pings(server.port);
    // Asked after the ping: on a port lost to another server, that one would have answered.
    if (ended !== undefined) throw new StartError(program, ended.code, server.log());
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new StartError(program, undefined, server.log());
}

/** Whether PING is answered: `-LOADING` is not ready, `-NOAUTH` is as ready as it gets. */
async function pings(port: number): Promise<boolean> {
  try {
    await using client = await connect(port, { timeout_ms: 1000 });
    const reply = await client.call("PING");
    return reply.type === "simple" || (reply.type === "error" && /^NOAUTH/.test(reply.value));
  } catch {
    // Not listening yet, or closed while starting: the caller asks again until its deadline.
    return false;
  }
}

async function removeDir(dir: string): Promise<void> {
  try {
    await Deno.remove(dir, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
