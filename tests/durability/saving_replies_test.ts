/**
 * SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE, the save points, SHUTDOWN and SIGTERM, side by side with
 * real Redis: the same replies, the same figures in INFO, the same files, the same exit codes.
 */

import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { type Command, connect, type RespClient } from "../kit/resp_client.ts";
import { ask, field, namesIn, pad, persistence, settled, until, withDir } from "./kit.ts";

const ignore = !hasRedisServer();
const DEBUG = ["--enable-debug-command", "yes"];
/** A snapshot of {@linkcode PADDING} keys takes both a second: time to ask what goes meanwhile. */
const SLOW: Record<string, string[]> = {
  redis: ["--rdb-key-save-delay", "500"],
  redeno: ["--snapshot-cpu-percent", "1"],
};
const PADDING = 1000;

/** A server under test, and a client of it. */
interface Side {
  readonly name: string;
  readonly server: Server;
  readonly client: RespClient;
}

/** Runs `script` on Redis and on redeno; what it returns must be equal. */
async function bothSay<T>(
  options: readonly string[],
  script: (side: Side) => Promise<T>,
  slow = false,
): Promise<T> {
  const results: T[] = [];
  for (const [name, start] of [["redis", startRedis], ["redeno", startRedeno]] as const) {
    const more = slow ? SLOW[name] : [];
    await using server = await start([...DEBUG, "--save", "", ...options, ...more]);
    await using client = await connect(server.port);
    results.push(await script({ name, server, client }));
  }
  assertEquals(results[1], results[0], "redeno (actual) is not as Redis (expected)");
  return results[1];
}

/** The commands and their replies, times replaced. */
async function transcript(client: RespClient, ...commands: Command[]): Promise<string[]> {
  const lines: string[] = [];
  for (const command of commands) {
    lines.push(`${command.join(" ")}: ${await client.callRaw(...command)}`);
  }
  return lines;
}

/** Whose values must be equal; times and sizes are another matter. */
const COMPARED =
  /^(rdb_(changes|bgsave|last_bgsave_status|saves|last_load)|aof_(enabled|rewrite|last_(bgrewrite|write)|rewrites)|loading)/;

async function figures(server: Server): Promise<string[]> {
  const fields = await settled(server);
  return Array.from(fields).filter(([name]) => COMPARED.test(name))
    .map(([name, value]) => `${name}:${value}`);
}

/** The figures when so many snapshots have been saved. */
async function saved(server: Server, count: number): Promise<string[]> {
  await until(() => server.log(), async () => Number(await field(server, "rdb_saves")) >= count);
  return await figures(server);
}

Deno.test({
  name: "what is asked in peace is answered as by Redis, and INFO says the same",
  ignore,
  fn: async () => {
    await bothSay([], async ({ server, client }) => [
      ...await transcript(
        client,
        ["SET", "a", "1"],
        ["SAVE"],
        ["SAVE", "x"],
        ["BGSAVE", "x"],
        ["BGSAVE", "SCHEDULE", "x"],
        ["BGREWRITEAOF", "x"],
        ["LASTSAVE", "x"],
        ["INCR", "n"],
        ["INCR", "n"],
        ["GET", "n"],
      ),
      ...await figures(server),
      ...await transcript(client, ["bgsave", "schedule"]),
      ...await figures(server),
      ...await transcript(client, ["MULTI"], ["BGSAVE"], ["LASTSAVE", "x"], ["DISCARD"]),
      ...await transcript(client, ["MULTI"], ["SAVE"], ["EXEC"]),
      ...await transcript(client, ["MULTI"], ["INCR", "n"], ["BGSAVE"], ["INCR", "n"], ["EXEC"]),
      ...await saved(server, 3),
      ...await transcript(client, ["MULTI"], ["INCR", "n"], ["BGREWRITEAOF"], ["EXEC"]),
      ...await figures(server),
      ...await transcript(client, ["BGREWRITEAOF"]),
      ...await figures(server),
      ...namesIn(server.dir),
    ]);
  },
});

for (const appendonly of ["yes", "no"]) {
  Deno.test({
    name: `BGREWRITEAOF is answered and leaves what Redis leaves: appendonly ${appendonly}`,
    ignore,
    fn: async () => {
      await bothSay(["--appendonly", appendonly], async ({ server, client }) => [
        ...await transcript(client, ["SET", "a", "1"], ["BGREWRITEAOF"]),
        ...await figures(server),
        ...await transcript(client, ["MULTI"], ["SET", "b", "1"], ["BGREWRITEAOF"], ["EXEC"]),
        ...await figures(server),
        ...await transcript(client, ["CONFIG", "RESETSTAT"]),
        ...await figures(server),
        ...await transcript(client, ["CONFIG", "SET", "appendonly", "no"], ["SET", "c", "1"]),
        ...await figures(server),
      ]);
    },
  });
}

Deno.test({
  name: "INFO persistence has Redis's fields in Redis's order",
  ignore,
  fn: async () => {
    for (const appendonly of ["yes", "no"]) {
      const names: string[][] = [];
      for (const start of [startRedis, startRedeno]) {
        await using server = await start(["--appendonly", appendonly]);
        names.push(Array.from((await persistence(server)).keys()));
      }
      const [redis, redeno] = names;
      assertEquals(redeno.filter((name) => redis.includes(name)), redis);
    }
  },
});

Deno.test({
  name: "while a snapshot is saved, others are refused or wait, as in Redis",
  ignore,
  fn: async () => {
    await bothSay(["--appendonly", "yes"], async ({ server, client }) => {
      await pad(client, PADDING);
      const during = [
        ...await transcript(
          client,
          ["BGSAVE"],
          ["BGSAVE"],
          ["BGSAVE", "SCHEDULE"],
          ["SAVE"],
          ["SET", "a", "1"],
          ["BGREWRITEAOF"],
          ["BGREWRITEAOF"],
        ),
        await field(server, "rdb_bgsave_in_progress"),
        await field(server, "aof_rewrite_scheduled"),
        await field(server, "current_save_keys_total"),
      ];
      return [...during, ...await figures(server)];
    }, true);
  },
});

Deno.test({
  name: "while the log is rewritten, a snapshot is refused or put off, as in Redis",
  ignore,
  fn: async () => {
    await bothSay(["--appendonly", "yes"], async ({ server, client }) => {
      await pad(client, PADDING);
      const during = [
        ...await transcript(
          client,
          ["BGREWRITEAOF"],
          ["BGREWRITEAOF"],
          ["BGSAVE"],
          ["BGSAVE", "SCHEDULE"],
          ["BGSAVE", "SCHEDULE"],
        ),
        await field(server, "aof_rewrite_in_progress"),
        await field(server, "rdb_bgsave_in_progress"),
      ];
      const after = await saved(server, 1);
      return [...during, ...after, ...await transcript(client, ["SAVE"])];
    }, true);
  },
});

Deno.test({
  name: "a save point saves, moves LASTSAVE, and starts the count of changes anew",
  ignore,
  fn: async () => {
    await bothSay([], async ({ server, client }) => {
      const before = Number((await client.callRaw("LASTSAVE")).slice(1, -2));
      await client.pipelineRaw([["INCR", "a"], ["INCR", "a"], ["CONFIG", "SET", "save", "1 2"]]);
      const changes = await field(server, "rdb_changes_since_last_save");
      await saved(server, 1);
      const after = Number((await client.callRaw("LASTSAVE")).slice(1, -2));
      assert(after > before && after - before < 30, `${before} ${after}`);
      assertEquals(await field(server, "rdb_last_save_time"), String(after));
      assertMatch(server.log(), /2 changes in 1 seconds\. Saving\.\.\./);
      assertMatch(server.log(), /Background saving started by pid \d+/);
      assertMatch(server.log(), /DB saved on disk/);
      assertMatch(server.log(), /Background saving terminated with success/);
      return [changes, ...await figures(server), ...namesIn(server.dir)];
    });
  },
});

Deno.test({
  name: "after a snapshot that failed writes are refused, unless so configured, until one succeeds",
  ignore,
  fn: async () => {
    await bothSay(["--appendonly", "no"], async ({ server, client }) => {
      Deno.mkdirSync(`${server.dir}/dump.rdb`);
      const lines = await transcript(client, ["SET", "a", "1"], ["SAVE"], ["BGSAVE"]);
      lines.push(...await figures(server));
      const writes: Command[] = [["SET", "a", "2"], ["GET", "a"], ["DEL", "nothing"], ["MULTI"]];
      lines.push(...await transcript(client, ...writes, ["INCR", "a"], ["EXEC"])); // no save points
      lines.push(...await transcript(client, ["CONFIG", "SET", "save", "3600 1"], ...writes));
      lines.push(...await transcript(client, ["GET", "a"], ["INCR", "a"], ["EXEC"]));
      await client.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "no");
      lines.push(...await transcript(client, ["INCR", "a"]));
      await client.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes");
      lines.push(...await transcript(client, ["INCR", "a"]));
      Deno.removeSync(`${server.dir}/dump.rdb`);
      lines.push(...await transcript(client, ["BGSAVE"]), ...await figures(server));
      lines.push(...await transcript(client, ["INCR", "a"]));
      return [...lines, ...await figures(server), ...namesIn(server.dir)];
    });
  },
});

Deno.test({
  name: "a log that cannot be turned on is told as by Redis, without a path, and stays off",
  ignore,
  fn: async () => {
    const on = ["CONFIG", "SET", "appendonly", "yes"];
    const asked = [["BGREWRITEAOF"], on, ["CONFIG", "GET", "appendonly"], ["SET", "a", "1"]];
    const refused = await bothSay([], async ({ server, client }) => {
      Deno.writeTextFileSync(`${server.dir}/appendonlydir`, "in the way");
      const lines = await transcript(client, ...asked);
      lines.push(
        await field(server, "aof_last_bgrewrite_status"),
        await field(server, "aof_enabled"),
      );
      Deno.removeSync(`${server.dir}/appendonlydir`);
      lines.push(...await transcript(client, on, ["INCR", "a"], ["CONFIG", "GET", "appendonly"]));
      await settled(server); // Redis does not end before
      return lines;
    });
    // Here it may also fail later, in the background: the same is said.
    await using server = await startRedeno(["--save", ""]);
    await using client = await connect(server.port);
    Deno.mkdirSync(`${server.dir}/appendonlydir/temp-appendonly.aof.base`, { recursive: true });
    assertEquals(await transcript(client, ...asked.slice(1)), refused.slice(1, 4));
    assertMatch(server.log(), /cannot be turned on: .*temp-appendonly\.aof\.base: Is a directory/);
    assertEquals(await client.callRaw("PING"), "+PONG\r\n", "one reply to each command");
  },
});

/** Ends a server in some way; tells how it ended and what it left. */
async function ending(
  { server, client }: Side,
  how: string[] | Deno.Signal,
): Promise<(string | number)[]> {
  await client.call("SET", "a", "1");
  if (typeof how === "string") server.process.kill(how);
  else await client.send(...how);
  const { code } = await server.exited;
  return [code, ...namesIn(server.dir)];
}

const ENDINGS: readonly [string, string[] | Deno.Signal][] = [
  ["SHUTDOWN", ["SHUTDOWN"]],
  ["SHUTDOWN SAVE", ["SHUTDOWN", "SAVE"]],
  ["SHUTDOWN NOSAVE", ["SHUTDOWN", "NOSAVE"]],
  ["SIGTERM", "SIGTERM"],
  ["SIGINT", "SIGINT"],
];

for (const [title, how] of ENDINGS) {
  Deno.test({
    name: `${title} saves, or does not, as in Redis`,
    ignore,
    fn: async () => {
      for (const save of ["", "3600 1"]) {
        await bothSay(["--save", save], (side) => ending(side, how));
      }
      if (title === "SIGTERM") {
        const flags = ["--shutdown-on-sigterm", "save", "--save", ""];
        assertEquals(await bothSay(flags, (side) => ending(side, how)), [0, "dump.rdb"]);
      }
    },
  });
}

Deno.test({
  name: "an end that cannot save is none: SHUTDOWN is refused and SIGTERM without effect",
  ignore,
  fn: async () => {
    await bothSay(["--save", "3600 1"], async ({ server, client }) => {
      await client.call("SET", "a", "1");
      Deno.mkdirSync(`${server.dir}/dump.rdb`);
      const lines = await transcript(client, ["SHUTDOWN"], ["SHUTDOWN", "SAVE"], ["GET", "a"]);
      server.process.kill("SIGTERM");
      const refused = /SIGTERM[^]*rrors trying to shut down the server/;
      await until(() => server.log(), () => refused.test(server.log()));
      assertMatch(server.log(), /Error trying to save the DB, can't exit/);
      lines.push(await ask(server, "GET", "a"));
      Deno.removeSync(`${server.dir}/dump.rdb`);
      server.process.kill("SIGTERM");
      return [...lines, (await server.exited).code, ...namesIn(server.dir)];
    });
  },
});

Deno.test("an end during a snapshot gives it up, saves anew, and leaves nothing unfinished", async () => {
  await withDir(async (dir) => {
    const options = [...DEBUG, ...SLOW.redeno, "--save", "3600 1"];
    await using server = await startRedeno(options, { dir });
    await using client = await connect(server.port);
    await pad(client, PADDING);
    await client.callRaw("BGSAVE");
    await client.callRaw("SET", "late", "1");
    assertEquals(await field(server, "rdb_bgsave_in_progress"), "1");
    assertEquals((await server.stop()).code, 0, server.log());
    assertEquals(namesIn(dir), ["dump.rdb"]);
    await using again = await startRedeno(options, { dir });
    assertEquals(await ask(again, "DBSIZE"), `:${PADDING + 1}\r\n`);
    assertMatch(
      again.log(),
      new RegExp(`Done loading RDB, keys loaded: ${PADDING + 1}, keys expired: 0`),
    );
    assertEquals(await field(again, "rdb_last_load_keys_loaded"), String(PADDING + 1));
    assertEquals(await field(again, "rdb_changes_since_last_save"), "0");
  });
});
