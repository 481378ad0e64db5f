/**
 * A real redis-server to compare the configuration with, and just enough RESP to talk to it.
 */

import { loadConfig, type LoadedConfig } from "../../lib/config/load.ts";
import { parseCommandLine } from "../../lib/config/command_line.ts";
import type { Config } from "../../lib/config/config.ts";

/** Directives that only redeno has. */
export const OWN_DIRECTIVES: readonly string[] = [
  "aof-archive-dir",
  "aof-archive-interval",
  "aof-archive-retention",
  "aof-checksums",
  "aof-replay-errors",
  "snapshot-cpu-percent",
];

/** A configuration without the lines of directives that only redeno has. */
export function withoutOwnDirectives(text: string): string {
  return text.replace(new RegExp(`^(${OWN_DIRECTIVES.join("|")}) .*\n`, "gm"), "");
}

/** Whether redis-server can be started here; says so if it cannot. */
export function hasRedis(): boolean {
  try {
    return new Deno.Command("redis-server", { args: ["--version"] }).outputSync().success;
  } catch {
    console.log("redis-server is not installed: the comparison with it is skipped");
    return false;
  }
}

/** An error reply. */
export class ReplyError extends Error {}

/** A redis-server on a free port, in a directory of its own. */
export class Redis {
  readonly #process: Deno.ChildProcess;
  readonly #directory: string;
  #conn: Deno.TcpConn | undefined;
  #pending = "";

  private constructor(process: Deno.ChildProcess, directory: string) {
    this.#process = process;
    this.#directory = directory;
  }

  /** Starts a server with a configuration on its standard input. */
  static async start(configuration = ""): Promise<Redis> {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const directory = Deno.makeTempDirSync();
    const process = new Deno.Command("redis-server", {
      args: ["-", "--port", `${port}`, "--bind", "127.0.0.1", "--dir", directory],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode(configuration));
    await writer.close();
    const redis = new Redis(process, directory);
    for (let tries = 0; tries < 100 && !redis.#conn; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      redis.#conn = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
    }
    if (!redis.#conn) throw new Error("redis-server did not come up");
    return redis;
  }

  /** Sends a command and reads its reply: a text, or a list of texts. */
  async ask(...words: string[]): Promise<string | string[]> {
    const conn = this.#conn!;
    const bulks = words.map((word) => `$${word.length}\r\n${word}\r\n`);
    const bytes = Uint8Array.from(
      `*${words.length}\r\n${bulks.join("")}`,
      (char) => char.charCodeAt(0),
    );
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
    return await this.#reply();
  }

  /** CONFIG GET as a map. */
  async get(...patterns: string[]): Promise<Map<string, string>> {
    const flat = await this.ask("CONFIG", "GET", ...patterns) as string[];
    const pairs = new Map<string, string>();
    for (let i = 0; i < flat.length; i += 2) pairs.set(flat[i], flat[i + 1]);
    return pairs;
  }

  /** CONFIG SET; gives the error text after `ERR `, or undefined. */
  async set(...words: string[]): Promise<string | undefined> {
    try {
      await this.ask("CONFIG", "SET", ...words);
      return undefined;
    } catch (error) {
      if (error instanceof ReplyError) return error.message.replace(/^ERR /, "");
      throw error;
    }
  }

  /** Ends the server and removes its directory. */
  async stop(): Promise<void> {
    this.#conn?.close();
    this.#process.kill("SIGKILL");
    await this.#process.status;
    Deno.removeSync(this.#directory, { recursive: true });
  }

  async #reply(): Promise<string | string[]> {
    const line = await this.#take("\r\n");
    const rest = line.slice(1);
    if (line[0] === "-") throw new ReplyError(rest);
    if (line[0] === "$") return (await this.#takeCount(Number(rest) + 2)).slice(0, -2);
    if (line[0] !== "*") return rest;
    const items: string[] = [];
    for (let i = 0; i < Number(rest); i++) items.push(await this.#reply() as string);
    return items;
  }

  async #take(end: string): Promise<string> {
    while (!this.#pending.includes(end)) await this.#read();
    return (await this.#takeCount(this.#pending.indexOf(end) + end.length)).slice(0, -end.length);
  }

  async #takeCount(count: number): Promise<string> {
    while (this.#pending.length < count) await this.#read();
    const taken = this.#pending.slice(0, count);
    this.#pending = this.#pending.slice(count);
    return taken;
  }

  async #read(): Promise<void> {
    const chunk = new Uint8Array(65536);
    const count = await this.#conn!.read(chunk);
    if (count === null) throw new Error("redis-server closed the connection");
    this.#pending += String.fromCharCode(...chunk.subarray(0, count));
  }
}

/** What redis-server says about the first bad line of a configuration; undefined if all is well. */
export async function redisComplaint(configuration: string): Promise<string | undefined> {
  const sentinel = "no-such-directive 1";
  const directory = Deno.makeTempDirSync(); // a `logfile` is made even when the start fails
  const process = new Deno.Command("redis-server", {
    args: ["-"],
    cwd: directory,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${configuration}\n${sentinel}\n`));
  await writer.close();
  const { stderr } = await process.output();
  Deno.removeSync(directory, { recursive: true });
  const found = /\n>>> '([^\n]*)'\n([^\n]*)/.exec(new TextDecoder().decode(stderr));
  if (!found) throw new Error("redis-server said nothing about the line it cannot know");
  return found[1] === sentinel ? undefined : found[2];
}

/** Loads a configuration from memory: files by path, an optional name of the first one. */
export function load(
  contents: Readonly<Record<string, string>>,
  argv: readonly string[] = [],
  stdin?: string,
): LoadedConfig {
  const { file, overrides } = parseCommandLine(argv);
  const files = {
    directory: "/start",
    readText(path: string): string {
      if (contents[path] === undefined) throw new Error("No such file or directory");
      return contents[path];
    },
    expandGlob(pattern: string): string[] {
      const start = pattern.slice(0, pattern.indexOf("*"));
      return Object.keys(contents).filter((path) => path.startsWith(start)).sort();
    },
  };
  return loadConfig({
    ...(file === undefined ? {} : { file }),
    ...(stdin === undefined ? {} : { stdin }),
    overrides,
    files,
  });
}

/** The configuration that a text gives. */
export function configOf(text: string, argv: readonly string[] = []): Config {
  return load({ "redis.conf": text }, ["redis.conf", ...argv]).config;
}
