/**
 * The tools on logs of real servers, through the executable: what they restore or mend boots, and
 * holds what was there at the moment.
 */

import { createServer } from "../../lib/mod.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { ROOT } from "../tools/source.ts";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the executable; `stdin` is typed into it. */
async function redeno(args: readonly string[], stdin = ""): Promise<Ended> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", "--allow-write", `${ROOT}main.ts`, ...args],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(30_000),
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function inDirectory(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Runs commands, one a line, and returns the replies. */
async function ask(port: number, ...lines: string[]): Promise<string[]> {
  const client = await connect(port);
  try {
    const replies: string[] = [];
    for (const line of lines) {
      replies.push(await client.callRaw(...line.split(" ")));
    }
    return replies;
  } finally {
    await client[Symbol.asyncDispose]();
  }
}

/** Boots redeno on a directory, in this process, and asks it. */
async function boot(dir: string, ...lines: string[]): Promise<string[]> {
  const server = await createServer({
    port: 0,
    bind: "127.0.0.1",
    dir,
    appendonly: "yes",
    save: "",
  });
  try {
    return await ask(server.port, ...lines);
  } finally {
    await server.stop();
  }
}

const KEYS = ["GET counter", "LRANGE list 0 -1", "HGETALL hash", "DBSIZE"];

/** Writes for some seconds; returns what KEYS answered at the end of each. */
async function writeForSeconds(port: number, seconds: number): Promise<Map<number, string[]>> {
  const seen = new Map<number, string[]>();
  for (let i = 0; i < seconds; i++) {
    const now_ms = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 1000 - (now_ms % 1000) + 150));
    const second = Math.floor(Date.now() / 1000);
    await ask(port, "INCR counter", "MULTI", `RPUSH list ${i}`, `HSET hash f${i % 2} ${i}`, "EXEC");
    await ask(port, `SET k${i} v`);
    seen.set(second, await ask(port, ...KEYS));
    if (i === 1) await ask(port, "BGREWRITEAOF");
  }
  return seen;
}

/** Restores each second that there is, and boots. */
async function restoreEach(dir: string, seen: Map<number, string[]>): Promise<number> {
  let restored = 0;
  for (const [second, expected] of seen) {
    const into = `${dir}/at_${second}`;
    const args = ["aof", "restore", dir, "--to-time", `${second}`, "--into", into];
    const run = await redeno(args);
    if (run.code === 1) {
      assertStringIncludes(run.stderr, "it can be restored from");
      continue;
    }
    assertEquals(run.code, 0, run.stderr);
    assertEquals(await boot(into, ...KEYS), expected, `${second}: ${run.stdout}`);
    restored++;
  }
  return restored;
}

async function pointInTime(start: (options: string[], extra: { dir: string }) => Promise<Server>) {
  await inDirectory(async (dir) => {
    const options = ["--appendonly", "yes", "--aof-timestamp-enabled", "yes"];
    const server = await start(options, { dir });
    const seen = await writeForSeconds(server.port, 5);
    assert(await restoreEach(dir, seen) >= 3); // the rewrite has taken what was before it
    await server.stop();
    const check = await redeno(["aof", "check", dir]);
    assertEquals(check.code, 0, check.stdout + check.stderr);
    assertStringIncludes(check.stdout, "Result: all is well");
    const dump = await redeno(["aof", "dump", dir, "--match", "counter"]);
    assertMatch(dump.stdout, /incr\.aof:\d+ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \[0\] "(?:INCR|incr)"/);
  });
}

Deno.test("each second of a running redeno since its base can be restored and booted", () =>
  pointInTime(startRedeno));

Deno.test({
  name: "each second of a running Redis with timestamps can be restored and booted",
  ignore: !hasRedisServer(),
  fn: () => pointInTime(startRedis),
});

/** The last incremental file of a log. */
function lastIncr(dir: string): string {
  const names = Array.from(Deno.readDirSync(`${dir}/appendonlydir`), ({ name }) => name);
  return `${dir}/appendonlydir/${names.filter((name) => /incr\.aof$/.test(name)).sort().at(-1)}`;
}

Deno.test("a damaged log of redeno is refused, mended after a typed yes, and boots", async () => {
  await inDirectory(async (dir) => {
    const server = await startRedeno(["--appendonly", "yes", "--appendfsync", "always"], { dir });
    for (let i = 0; i < 10; i++) await ask(server.port, `SET key${i} value${i}`);
    const busy = await redeno(["aof", "fix", dir, "--yes"]);
    assertEquals(busy.code, 3, busy.stdout);
    assertStringIncludes(busy.stderr, "in use by");
    await server.kill();

    const path = lastIncr(dir);
    const bytes = await Deno.readFile(path);
    const at = new TextDecoder("latin1").decode(bytes).indexOf("value5");
    bytes[at] ^= 1;
    await Deno.writeFile(path, bytes);
    const check = await redeno(["aof", "check", `${dir}/appendonlydir`]);
    assertEquals(check.code, 1, check.stdout);
    assertStringIncludes(check.stdout, "DAMAGED at offset");
    assertEquals((await redeno(["aof", "fix", dir])).code, 1); // nobody answers
    assertEquals((await redeno(["aof", "fix", dir], "no\n")).code, 1);
    assertEquals(await Deno.readFile(path), bytes);

    const fix = await redeno(["aof", "fix", dir], "y\n");
    assertEquals(fix.code, 0, fix.stdout + fix.stderr);
    assertEquals(await boot(dir, "DBSIZE", "GET key4", "GET key5"), [
      ":5\r\n",
      "$6\r\nvalue4\r\n",
      "$-1\r\n",
    ]);
  });
});

Deno.test("a torn end ends with 2, and after a fix with 0", async () => {
  await inDirectory(async (dir) => {
    const server = await startRedeno(["--appendonly", "yes"], { dir });
    await ask(server.port, "SET a 1", "SET b 2");
    await server.kill();
    const path = lastIncr(dir);
    await Deno.truncate(path, (await Deno.stat(path)).size - 5);
    assertEquals((await redeno(["aof", "check", dir])).code, 2);
    assertEquals((await redeno(["aof", "fix", dir, "--yes"])).code, 0);
    assertEquals((await redeno(["aof", "check", dir])).code, 0);
    assertEquals((await boot(dir, "GET a", "DBSIZE")).length, 2);
  });
});

Deno.test({
  name: "a log of Redis that is torn or has lost its manifest is mended, and Redis loads it",
  ignore: !hasRedisServer(),
  async fn() {
    await inDirectory(async (dir) => {
      const options = ["--appendonly", "yes"];
      const redis = await startRedis(options, { dir });
      await ask(redis.port, "SET a 1", "SADD s x y z", "SET b 2");
      await redis.stop();
      const path = lastIncr(dir);
      await Deno.truncate(path, (await Deno.stat(path)).size - 5);
      await Deno.remove(`${dir}/appendonlydir/appendonly.aof.manifest`);
      assertEquals((await redeno(["aof", "check", dir])).code, 1);
      const fix = await redeno(["aof", "fix", dir], "y\ny\n");
      assertEquals(fix.code, 0, fix.stdout + fix.stderr);
      await using again = await startRedis(options, { dir });
      const replies = await ask(again.port, "DBSIZE", "GET a");
      assertEquals(replies, [":2\r\n", "$1\r\n1\r\n"]);
    });
  },
});

Deno.test({
  name: "a snapshot of Redis is checked, and the single file of an old server with a preamble",
  ignore: !hasRedisServer(),
  async fn() {
    await inDirectory(async (dir) => {
      const redis = await startRedis([], { dir });
      await ask(redis.port, "SET a 1", "RPUSH l 1 2 3", "SAVE");
      await redis.stop();
      const rdb = await redeno(["rdb", "check", `${dir}/dump.rdb`]);
      assertEquals(rdb.code, 0, rdb.stdout + rdb.stderr);
      assertStringIncludes(rdb.stdout, "db0: 2 keys");
      const snapshot = await Deno.readFile(`${dir}/dump.rdb`);
      const commands = new TextEncoder().encode("*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n");
      await Deno.writeFile(`${dir}/appendonly.aof`, new Uint8Array([...snapshot, ...commands]));
      const single = await redeno(["aof", "check", `${dir}/appendonly.aof`]);
      assertEquals(single.code, 0, single.stdout);
      assertStringIncludes(single.stdout, "commands 1\n");
      const keys = await redeno(["aof", "dump", dir, "--base"]);
      assertStringIncludes(keys.stdout, 'appendonly.aof [0] "l" list');
      snapshot[20] ^= 1;
      await Deno.writeFile(`${dir}/dump.rdb`, snapshot);
      assertEquals((await redeno(["rdb", "check", `${dir}/dump.rdb`])).code, 1);
    });
  },
});

Deno.test("the executable tells wrong usage from a configuration of that name", async () => {
  await inDirectory(async (dir) => {
    assertEquals((await redeno(["aof", "check"])).code, 3);
    assertEquals((await redeno(["rdb", "check", `${dir}/none`])).code, 3);
    const help = await redeno(["--default-config", "redis.conf", "aof", "dump", "--help"]);
    assertEquals([help.code, help.stdout.slice(0, 22)], [0, "Usage: redeno aof dump"]);
    assertStringIncludes((await redeno(["--help"])).stdout, "redeno aof --help");
  });
});
