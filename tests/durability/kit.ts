/** What the tests of durability share: figures of INFO, waiting, directories of logs, starts. */

import { assert, assertEquals } from "../kit/assert.ts";
import { freePort, type Server } from "../kit/oracle.ts";
import { refusedStart } from "../kit/refused_start.ts";
import { type Command, connect, type RespClient } from "../kit/resp_client.ts";

/** What BGREWRITEAOF and BGSAVE answer. */
export const REWRITING = "+Background append only file rewriting started\r\n";
export const SAVING = "+Background saving started\r\n";
/** Both servers may show their data to the tests, and do not save by themselves. */
export const QUIET = ["--enable-debug-command", "yes", "--save", ""];

const WAIT_TIMEOUT_MS = 30_000;
const POLL_MS = 10;
/** A start that is refused must not take long, or serve meanwhile. */
const REFUSAL_TIMEOUT_MS = 20_000;

/** Waits. */
export function sleep(duration_ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration_ms));
}

/** Waits until `condition` holds. @throws {Error} it does not, `what` tells */
export async function until(
  what: () => string,
  condition: () => Promise<boolean> | boolean,
): Promise<void> {
  const deadline_ms = performance.now() + WAIT_TIMEOUT_MS;
  while (!await condition()) {
    assert(performance.now() < deadline_ms, `waited in vain: ${what()}`);
    await sleep(POLL_MS);
  }
}

/** Runs `action` in a directory that is removed afterwards. */
export async function withDir(action: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
  try {
    await action(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Sends a command over a connection of its own; returns the exact bytes of the reply. */
export async function ask(server: Server, ...command: Command): Promise<string> {
  await using client = await connect(server.port);
  return await client.callRaw(...command);
}

/** INFO persistence: the fields in their order. */
export async function persistence(server: Server): Promise<Map<string, string>> {
  const text = await ask(server, "INFO", "persistence");
  const fields = text.split("\r\n").filter((line) => /^[a-z_]+:/.test(line));
  return new Map(fields.map((line) => [line.split(":")[0], line.slice(line.indexOf(":") + 1)]));
}

/** One field of INFO persistence. */
export async function field(server: Server, name: string): Promise<string> {
  const value = (await persistence(server)).get(name);
  assert(value !== undefined, `INFO persistence has no ${name}`);
  return value;
}

/** Waits until no snapshot is written, for whatever. */
export async function settled(server: Server): Promise<Map<string, string>> {
  let fields = new Map<string, string>();
  const busy = ["rdb_bgsave_in_progress", "aof_rewrite_in_progress", "aof_rewrite_scheduled"];
  await until(() => server.log(), async () => {
    fields = await persistence(server);
    return busy.every((name) => fields.get(name) === "0");
  });
  return fields;
}

/** BGREWRITEAOF, to its end. */
export async function rewrite(server: Server): Promise<void> {
  assertEquals(await ask(server, "BGREWRITEAOF"), REWRITING);
  assertEquals((await settled(server)).get("aof_last_bgrewrite_status"), "ok", server.log());
}

/** DEBUG DIGEST. */
export async function digest(server: Server): Promise<string> {
  const reply = await ask(server, "DEBUG", "DIGEST");
  assert(/^\+[0-9a-f]{40}\r\n$/.test(reply), reply);
  return reply.slice(1, -2);
}

/** Keys `pad:N` with values of this size, so that a snapshot has something to do. */
export async function pad(client: RespClient, count: number, value_bytes = 64): Promise<void> {
  const value = "x".repeat(value_bytes);
  for (let from = 0; from < count; from += 500) {
    const length = Math.min(500, count - from);
    const commands = Array.from({ length }, (_, i) => ["SET", `pad:${from + i}`, value]);
    await client.pipelineRaw(commands);
  }
}

/** Names of the files in a directory, sorted; no lock, nothing that was cut off a torn tail. */
export function namesIn(dir: string): string[] {
  return Array.from(Deno.readDirSync(dir), ({ name }) => name)
    .filter((name) => !name.endsWith(".lock") && !name.includes(".cut-"))
    .sort();
}

/**
 * The log in `dir` is its manifest and the files that this names: no history, nothing unfinished. A
 * crash may have left one empty file that the next rewrite will use.
 */
export function assertTidy(dir: string): void {
  const log = `${dir}/appendonlydir`;
  const manifest = Deno.readTextFileSync(`${log}/appendonly.aof.manifest`);
  const lines = Array.from(manifest.matchAll(/^file (\S+) seq \d+ type [bi]/gm));
  assertEquals(lines.length, manifest.match(/^[^#]/gm)?.length, manifest);
  const named = lines.map(([, name]) => name);
  const unnamed = namesIn(log).filter((name) => !named.includes(name));
  const isSpare = (name: string) =>
    name.endsWith(".incr.aof") && Deno.statSync(`${log}/${name}`).size === 0;
  const spares = unnamed.filter(isSpare);
  assert(spares.length <= 1, `${spares.join(" ")} are piling up`);
  assertEquals(unnamed.filter((name) => !isSpare(name)), ["appendonly.aof.manifest"], manifest);
  for (const name of named) assert(Deno.statSync(`${log}/${name}`).isFile, name);
}

/** Everything in a directory, but locks: path within it to content, one character a byte. */
export function contents(dir: string, below = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(dir)) {
    if (isDirectory) Object.assign(found, contents(`${dir}/${name}`, `${below}${name}/`));
    else if (!name.endsWith(".lock")) {
      found[below + name] = new TextDecoder("latin1").decode(Deno.readFileSync(`${dir}/${name}`));
    }
  }
  return found;
}

/** Copies a directory with all that is in it, but locks. */
export function copyDir(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    if (isDirectory) copyDir(`${from}/${name}`, `${to}/${name}`);
    else if (!name.endsWith(".lock")) Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}

/** Runs redeno in a directory, where its start is to be refused; returns what it wrote. */
export function refusal(
  dir: string,
  options: readonly string[],
  runner: readonly string[] = [],
): Promise<string> {
  const place = ["--dir", dir, "--bind", "127.0.0.1", "--port", `${freePort()}`];
  return refusedStart([...place, ...options], { runner, timeout_ms: REFUSAL_TIMEOUT_MS });
}

/** Runs one of Redis's own tools; returns its exit code and all that it wrote. */
export async function tool(
  name: string,
  ...args: string[]
): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(name, { args }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return { code, text };
}
