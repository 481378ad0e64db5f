/** `rename-command`: what is refused, what clients see, and that the log is loaded again. */

import { renamedCommands } from "../../lib/commands/command_renames.ts";
import { commands } from "../../lib/commands/table.ts";
import { configOf, redisComplaint } from "../config/oracle.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../kit/assert.ts";
import { type Command, Pair } from "../kit/differential.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { refusedStart } from "../kit/refused_start.ts";
import { connect } from "../kit/resp_client.ts";
import { ask, type Plain, plain } from "./introspection_kit.ts";
import { logged } from "./logged.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const strict = { sanitizeOps: true, sanitizeResources: true };

const RENAMES = [
  ["SET", "put"],
  ["get", "Fetch\xc9"],
  ["CONFIG", "conf"],
  ["XGROUP", "xg"],
  ["CLIENT", "a client"],
  ["MULTI", "begin"],
  ["EXEC", "commit"],
  ["DISCARD", "rollback"],
  ["SUBSCRIBE", "sub"],
  ["UNSUBSCRIBE", "unsub"],
  ["SPOP", "spop2"],
  ["spop2", "pick"],
  ["FLUSHALL", ""],
  ["FLUSHDB", "flushall"],
  ["DEL", ""],
];
const CONFIG_TEXT = RENAMES.map((words) => `rename-command "${words.join('" "')}"\n`).join("");

/** A server with {@linkcode RENAMES}; in a file, since words of the command line are UTF-8. */
async function renamed(
  start: typeof startRedeno,
  options: readonly string[] = [],
  dir?: string,
): Promise<Server> {
  const file = await Deno.makeTempFile();
  await Deno.writeFile(file, Uint8Array.from(CONFIG_TEXT, (char) => char.charCodeAt(0)));
  try {
    return await start(["--include", file, "--save", "", ...options], { dir });
  } finally {
    await Deno.remove(file);
  }
}

/** The message without its beginning; undefined: there is nothing to complain about. */
function complaint(text: string): string | undefined {
  try {
    renamedCommands(commands, configOf(text).commandRenames);
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/^.*': /, "");
  }
}

const NO_SUCH = "there is no such command";
const TAKEN = "the new name is another command's";
const ARGUMENTS = "rename-command takes a command and its new name";
/** What Redis says of the same lines. */
const IN_REDIS = new Map([
  [NO_SUCH, "No such command in rename-command"],
  [TAKEN, "Target command name already exists"],
  [ARGUMENTS, "Bad directive or wrong number of arguments"],
]);

const FILES: readonly (readonly [lines: string, complaint?: string])[] = [
  ["rename-command nosuch x", NO_SUCH],
  ['rename-command "" x', NO_SUCH],
  ['rename-command "get|x" x', NO_SUCH],
  ['rename-command "config|get|x" x', NO_SUCH],
  ["rename-command GET x\nrename-command GET y", NO_SUCH],
  ['rename-command GET ""\nrename-command get ""', NO_SUCH],
  ['rename-command GET "a|b"\nrename-command "a|b" c', NO_SUCH],
  ["rename-command GET SET", TAKEN],
  ["rename-command GET x\nrename-command SET X", TAKEN],
  ["rename-command", ARGUMENTS],
  ["rename-command GET", ARGUMENTS],
  ["rename-command GET a b", ARGUMENTS],
  ["rename-command GET get"],
  ["rename-command GET x\nrename-command x y"],
  ["RENAME-command GET x\nrename-command SET get"],
  ["rename-command GET \"a b\"\nrename-command SET 'c'"],
  ['rename-command GET ""\nrename-command SET ""'],
  ['rename-command GET "\\xc9"\nrename-command SET "\\xe9"'],
];

Deno.test("lines are accepted and refused as Redis does", { ...withRedis }, async () => {
  for (const [lines, expected] of FILES) {
    assertStrictEquals(complaint(lines), expected, lines);
    const theirs = expected === undefined ? undefined : IN_REDIS.get(expected);
    assertStrictEquals(await redisComplaint(lines), theirs, lines);
  }
});

Deno.test("subcommands, at which Redis crashes, cannot be renamed", () => {
  assertStrictEquals(complaint('rename-command "CONFIG|get" x'), "subcommands cannot be renamed");
});

Deno.test("renaming changes the names alone, and not the table that it begins with", () => {
  const { commandRenames } = configOf('rename-command GET Fetch\nrename-command SET ""');
  const table = renamedCommands(commands, commandRenames);
  assertStrictEquals(table.get("fetch"), commands.get("get"));
  assertStrictEquals(table.get("get"), undefined);
  assertStrictEquals(table.size, commands.size - 1);
  assert(commands.has("set") && !commands.has("fetch"));
  assertStrictEquals(renamedCommands(commands, []), commands);
  assertThrows(() => renamedCommands(table, commandRenames), Error, "redis.conf:1: 'rename-");
});

Deno.test("a start with a wrong line is refused and says which", strict, async () => {
  const written = await refusedStart(["-"], { stdin: "port 0\nrename-command GET set\n" });
  const line = "standard input:2: 'rename-command GET set': the new name is another command's";
  assertStringIncludes(written, line);
});

/** Answered byte for byte as Redis answers; no command here is in the map of another order. */
const SCRIPT: readonly Command[] = [
  ["put", "a", "1"],
  ["PUT", "a", "1", "NX", "XX"],
  ["SET", "a", "1"],
  ["Fetch\xc9", "a"],
  ["fETCH\xc9", "a"],
  ["fetch\xe9", "a"],
  ["fetch\xc9"],
  ["get", "a"],
  ["spop2", "a"],
  ["pick", "nokey"],
  ["flushall"],
  ["del", "a"],
  ["config", "get", "hz"],
  ["conf"],
  ["conf", "nosuch"],
  ["A Client", "nosuch\0", "x"],
  ["CONF", "get", "rename-command"],
  ["conf", "get", "*rename*"],
  ["conf", "set", "rename-command", "GET x"],
  ["conf", "get", "hz"],
  ["conf", "get"],
  ["xg", "create", "nokey", "g"],
  ["xg", "create", "nokey", "g", "0"],
  ["a client", "getname"],
  ["a client", "no-evict"],
  ["multi"],
  ["commit"],
  ["rollback"],
  ["begin"],
  ["begin"],
  ["put", "b", "2"],
  ["fetch\xc9", "b"],
  ["get", "b"],
  ["sub"],
  ["exec"],
  ["COMMIT"],
  ["begin"],
  ["put", "b", "2"],
  ["fetch\xc9", "b"],
  ["commit"],
  ["begin"],
  ["put", "b", "3"],
  ["rollback"],
  ["begin"],
  ["commit", "x"],
  ["commit"],
  ["command", "getkeys", "put", "a", "b"],
  ["command", "getkeys", "FETCH\xc9", "a"],
  ["command", "getkeys", "set", "a", "b"],
  ["command", "getkeys", "xg", "create", "k", "g", "0"],
  ["command", "getkeys", "xgroup", "create", "k", "g", "0"],
  ["command", "info", "set", "get", "config", "config|get", "del", "nosuch"],
  ["command", "list", "filterby", "pattern", "get"],
  ["command", "list", "filterby", "pattern", "fetch*"],
  ["command", "list", "filterby", "pattern", "del"],
  ["command", "docs", "get", "fetch", "del", "config|get"],
  ["sub", "x"],
  ["put", "a", "1"],
  ["subscribe", "y"],
  ["ping", "z"],
  ["unsub", "x"],
  ["fetch\xc9", "b"],
];

Deno.test({
  name: "renamed commands answer as in Redis, by their new names only",
  ...withRedis,
  async fn() {
    await using redis = await renamed(startRedis);
    await using redeno = await renamed(startRedeno);
    await using pair = await Pair.open(redis.port, redeno.port);
    for (const command of SCRIPT) await pair.both(...command);
  },
});

Deno.test({
  name: "COMMAND and the statistics call renamed commands by their own names, as in Redis",
  ...withRedis,
  async fn() {
    await using redis = await renamed(startRedis);
    await using redeno = await renamed(startRedeno);
    assertEquals(await shownNames(redeno), await shownNames(redis));
  },
});

/** The names under which commands show after some calls. */
async function shownNames(server: Server) {
  await using client = await connect(server.port);
  const names = async (...words: string[]) => await ask(client, ...words) as string[];
  const infos = async (...asked: string[]) => {
    const reply = await ask(client, "COMMAND", "INFO", ...asked) as (Plain[] | null)[];
    return reply.map((each) => each?.[0] ?? null);
  };
  await client.call("conf", "set", "slowlog-log-slower-than", "0");
  await client.call("put", "a", "1");
  await client.call("fetch\xc9");
  await client.call("pick", "s", "1");
  await client.call("conf", "set", "slowlog-log-slower-than", "-1");
  await client.call("del", "a");
  const slow = await ask(client, "SLOWLOG", "GET", "10") as Plain[][];
  const line = String(await ask(client, "a client", "list"));
  const histogram = await names("LATENCY", "HISTOGRAM", "put", "set", "pick", "conf", "del");
  const figures = String(await ask(client, "INFO", "commandstats"));
  return {
    infos: await infos("put", "set", "conf", "conf|get", "config|get", "Fetch\xc9", "flushall"),
    list: await names("COMMAND", "LIST", "FILTERBY", "PATTERN", "flush*"),
    slow: slow.map((entry) => (entry[3] as string[]).join(" ")),
    cmd: /cmd=(\S+)/.exec(line)?.[1],
    histogram: histogram.filter((each) => typeof each === "string"),
    figures: [...figures.matchAll(/^cmdstat_(.*?):calls=(\d+).*(rejected.*)\r$/gm)]
      .map(([, ...parts]) => parts.join(" ")).sort(),
  };
}

Deno.test("COMMAND COUNT leaves out what can no longer be called", strict, async () => {
  await using redeno = await renamed(startRedeno);
  await using client = await connect(redeno.port);
  assertEquals(await ask(client, "COMMAND", "COUNT"), commands.size - 2);
  assertEquals((await ask(client, "COMMAND") as Plain[]).length, commands.size - 2);
  const docs = plain(await client.call("COMMAND", "DOCS")) as Plain[];
  assert(docs.includes("get") && !docs.includes("flushall") && !docs.includes("fetch"));
});

const LOGGED = ["--appendonly", "yes", "--appendfsync", "always"];
/** By the log's words: `put`, PXAT, SREM, DEL, MULTI and EXEC, in two databases. */
const WRITES: readonly Command[] = [
  ["put", "a", "1"],
  ["put", "gone", "1", "PX", "1"],
  ["begin"],
  ["put", "b", "2"],
  ["put", "c", "3", "EX", "10000"],
  ["commit"],
  ["sadd", "s", "one"],
  ["pick", "s"],
  ["sadd", "many", "1", "2", "3"],
  ["pick", "many"],
  ["xg", "create", "stream", "g", "$", "MKSTREAM"],
  ["select", "1"],
  ["set", "never", "1"],
  ["put", "d", "4"],
  ["flushall"],
  ["put", "e", "5"],
  ["getex", "e", "EX", "10000"],
];

async function write(server: Server): Promise<void> {
  await using client = await connect(server.port);
  for (const command of WRITES) await client.call(...command);
}

/** What of {@linkcode WRITES} is there. */
async function dump(server: Server): Promise<Plain[]> {
  await using client = await connect(server.port);
  const asked = [
    ["exists", "a", "b", "c", "many", "stream"],
    ["exists", "gone", "s", "never"],
    ["fetch\xc9", "b"],
    ["scard", "many"],
    ["xinfo", "groups", "stream"],
    ["pexpiretime", "c"],
    ["select", "1"],
    ["exists", "d", "never"],
    ["fetch\xc9", "e"],
    ["pexpiretime", "e"],
  ];
  const found: Plain[] = [];
  for (const command of asked) found.push(await ask(client, ...command));
  return found;
}

Deno.test("a log with names new and own is loaded with the same lines", strict, async () => {
  const dir = await Deno.makeTempDir();
  try {
    let before: Plain[];
    {
      await using redeno = await renamed(startRedeno, LOGGED, dir);
      await write(redeno);
      before = await dump(redeno);
      assertEquals(before.slice(0, 4), [5, 0, "2", 2]);
      const words = (await logged(redeno)).map((each) => each.split(" ")[0]);
      for (const name of ["put", "xg", "flushall", "SREM", "DEL", "MULTI", "EXEC", "SELECT"]) {
        assert(words.includes(name), `${name} is not among ${words}`);
      }
      await redeno.kill();
    }
    {
      await using again = await renamed(startRedeno, LOGGED, dir);
      assertEquals(await dump(again), before);
    }
    const written = await refusedStart([...LOGGED, "--dir", dir, "--port", "0"]);
    assertMatch(written, /Unknown command 'put' reading/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test(
  "a snapshot in commands is loaded although its commands are renamed",
  strict,
  async () => {
    const dir = await Deno.makeTempDir();
    const options = [...LOGGED, "--aof-use-rdb-preamble", "no"];
    try {
      let before: Plain[];
      {
        await using redeno = await renamed(startRedeno, options, dir);
        await write(redeno);
        before = await dump(redeno);
        await using client = await connect(redeno.port);
        await client.call("BGREWRITEAOF");
        while (String(await ask(client, "INFO")).includes("aof_rewrite_in_progress:1")) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
      await using again = await renamed(startRedeno, options, dir);
      assertEquals(await dump(again), before);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
);

Deno.test({
  name: "what Redis has logged with renamed commands is loaded, and the other way round",
  ...withRedis,
  async fn() {
    await loadedByTheOther(startRedis, startRedeno);
    await loadedByTheOther(startRedeno, startRedis);
  },
});

/** Redis finds new names only: what is logged here holds no others but SADD, SREM and SELECT. */
async function loadedByTheOther(
  first: typeof startRedeno,
  second: typeof startRedeno,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    let before: Plain[];
    {
      await using server = await renamed(first, LOGGED, dir);
      await using client = await connect(server.port);
      for (const [name, ...args] of WRITES) {
        if (name === "begin" || name === "commit" || args.includes("gone")) continue;
        if (args[0] === "s" || args.includes("EX")) continue;
        await client.call(name, ...args);
      }
      before = await dump(server);
      assertEquals(before.slice(0, 4), [4, 0, "2", 2]);
    }
    await using server = await renamed(second, LOGGED, dir);
    assertEquals(await dump(server), before);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
