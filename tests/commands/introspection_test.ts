/**
 * COMMAND: what every command says of itself is what the real Redis says of it, and keys are found
 * where Redis finds them.
 */

import { aclCategories } from "../../lib/commands/acl_categories.ts";
import {
  type Command,
  command,
  type CommandFlag,
  type KeySpec,
} from "../../lib/commands/command.ts";
import { shownKeyFlags } from "../../lib/commands/command_info.ts";
import { findKeys } from "../../lib/commands/key_extraction.ts";
import { legacyKeyRange } from "../../lib/commands/legacy_key_range.ts";
import { argumentDocs } from "../../lib/commands/syntax_docs.ts";
import { commands } from "../../lib/commands/table.ts";
import { Args } from "../../lib/resp/args.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";
import { type CommandFacts, commandFacts, type Plain, plain } from "./introspection_kit.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

async function resp3(server: Server): Promise<RespClient> {
  const client = await connect(server.port);
  await client.call("HELLO", "3");
  return client;
}

async function ask(client: RespClient, ...command: string[]): Promise<Plain> {
  return plain(await client.call(...command));
}

Deno.test(
  { name: "every command describes itself as Redis describes it", ...withRedis },
  async () => {
    await using redis = await startRedis();
    await using redeno = await startRedeno();
    await using left = await resp3(redis);
    await using right = await resp3(redeno);
    const differences: string[] = [];
    for (const command of knownToRedis) {
      const [ours] = await ask(right, "COMMAND", "INFO", command.name) as Plain[];
      const [theirs] = await ask(left, "COMMAND", "INFO", command.name) as Plain[];
      assert(theirs !== null, `Redis has no command ${command.name}`);
      compareFacts(commandFacts(theirs), commandFacts(ours), differences);
    }
    assertEquals(differences, extensions("COMMAND INFO"));
  },
);

/** The commands that Redis 7.0 has as well. */
const knownToRedis = [...commands.values()].filter(({ since }) => since < "7.1");

/**
 * Where a command of Redis 7.0 can do more here, on purpose: what Redis 7.0 then says differently.
 * An entry that is no longer a difference fails the tests as an unknown difference does.
 *
 * - ZRANK and ZREVRANK take WITHSCORE, as from Redis 7.2 on: clients offer it, and it only accepts
 *   what was an error before.
 */
const EXTENSIONS: readonly {
  readonly name: string;
  readonly of: "COMMAND INFO" | "COMMAND DOCS";
  readonly field: string;
  readonly ours: string;
  readonly theirs: string;
}[] = ["zrank", "zrevrank"].flatMap((name) => [
  { name, of: "COMMAND INFO", field: "arity", ours: "-3", theirs: "3" },
  { name, of: "COMMAND DOCS", field: "history", ours: '["7.2.0"]', theirs: "undefined" },
  {
    name,
    of: "COMMAND DOCS",
    field: "arguments",
    ours: "key#0(key) string(member) WITHSCORE pure-token(withscore)optional",
    theirs: "key#0(key) string(member)",
  },
]);

function extensions(of: "COMMAND INFO" | "COMMAND DOCS"): string[] {
  return EXTENSIONS.filter((extension) => extension.of === of)
    .map(({ name, field, ours, theirs }) => difference(name, field, ours, theirs));
}

function difference(name: string, field: string, ours: string, theirs: string): string {
  return `${name}: ${field} is ${ours}, in Redis ${theirs}`;
}

/** Notes where two descriptions differ; subcommands that redeno does not have are no difference. */
function compareFacts(theirs: CommandFacts, ours: CommandFacts, differences: string[]): void {
  for (const field of Object.keys(theirs) as (keyof CommandFacts)[]) {
    if (field === "subcommands") continue;
    const [expected, actual] = [JSON.stringify(theirs[field]), JSON.stringify(ours[field])];
    if (expected === actual) continue;
    differences.push(difference(theirs.name, field, actual, expected));
  }
  for (const child of ours.subcommands) {
    const same = theirs.subcommands.find(({ name }) => name === child.name);
    if (same === undefined) differences.push(`${child.name}: not in Redis`);
    else compareFacts(same, child, differences);
  }
}

Deno.test("what Redis 7.0 does not have are the commands of 7.4 for the expiry of hash fields", () => {
  const newer = [...commands.values()].filter((command) => !knownToRedis.includes(command));
  assertEquals(newer.map(({ name, since }) => `${name} ${since}`).sort(), [
    "hexpire 7.4.0",
    "hexpireat 7.4.0",
    "hexpiretime 7.4.0",
    "hpersist 7.4.0",
    "hpexpire 7.4.0",
    "hpexpireat 7.4.0",
    "hpexpiretime 7.4.0",
    "hpttl 7.4.0",
    "httl 7.4.0",
  ]);
  const [key, seconds, condition, fields] = argumentDocs(commands.get("hexpire")!);
  assertEquals([key.type, seconds.type, condition.type], ["key", "integer", "oneof"]);
  assertEquals(fields, {
    name: "fields",
    type: "block",
    token: "FIELDS",
    flags: [],
    arguments: [
      { name: "numfields", type: "integer", flags: [] },
      { name: "field", type: "string", flags: ["multiple"] },
    ],
  });
});

Deno.test({ name: "what is documented is what Redis documents", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno();
  await using left = await resp3(redis);
  await using right = await resp3(redeno);
  const differences: string[] = [];
  for (const command of knownToRedis) {
    const ours = await ask(right, "COMMAND", "DOCS", command.name) as Docs;
    const theirs = await ask(left, "COMMAND", "DOCS", command.name) as Docs;
    compareDocs(command.name, theirs[command.name], ours[command.name], differences);
  }
  assertEquals(differences, extensions("COMMAND DOCS"));
});

type Docs = { [name: string]: { [field: string]: Plain } };

/** Prose - summary, complexity, changes - is redeno's own; all else is Redis's. */
function compareDocs(
  name: string,
  theirs: Docs[string],
  ours: Docs[string],
  differences: string[],
): void {
  assert(String(ours.summary).length > 0, `${name} has no summary`);
  assertEquals("complexity" in ours, "complexity" in theirs, name);
  for (const field of ["since", "group", "history", "deprecated_since"]) {
    const [expected, actual] = [withoutProse(theirs[field]), withoutProse(ours[field])];
    if (expected !== actual) differences.push(difference(name, field, actual, expected));
  }
  const expected = shapes(theirs.arguments);
  const actual = shapes(ours.arguments);
  if (expected !== actual) differences.push(difference(name, "arguments", actual, expected));
  for (const [child, docs] of Object.entries(ours.subcommands ?? {})) {
    compareDocs(child, (theirs.subcommands as Docs)[child], docs as Docs[string], differences);
  }
}

/** A field as text; of changes only the versions. */
function withoutProse(field: Plain | undefined): string {
  if (!Array.isArray(field)) return String(JSON.stringify(field));
  return JSON.stringify(field.map((change) => (change as string[])[0]));
}

interface Argument {
  readonly name: string;
  readonly type: string;
  readonly key_spec_index?: number;
  readonly token?: string;
  readonly flags?: readonly string[];
  readonly arguments?: readonly Argument[];
}

/** Arguments in short: `TOKEN type(name)flags`, of keys with their key spec. */
function shapes(args: unknown = []): string {
  return (args as readonly Argument[]).map(withoutBlockOfOne).map((argument) => {
    const { name, type, key_spec_index: spec, token, flags = [] } = argument;
    const inner = argument.arguments === undefined
      ? name
      : `${name}: ${shapes(argument.arguments)}`;
    const shownType = spec === undefined ? type : `${type}#${spec}`;
    return `${token === undefined ? "" : `${token} `}${shownType}(${inner})${flags.join("+")}`;
  }).join(" ");
}

/**
 * Redis documents some single arguments as a block that holds nothing else, as in CONFIG GET,
 * PSUBSCRIBE and CLIENT LIST, and others of the same form plainly. Both mean the same, so the block
 * is taken off; not where both it and what it holds have a token: FULL [COUNT count].
 */
function withoutBlockOfOne(argument: Argument): Argument {
  if (argument.type !== "block" || argument.arguments?.length !== 1) return argument;
  const [only] = argument.arguments;
  if (argument.token !== undefined && only.token !== undefined) return argument;
  return {
    ...only,
    token: argument.token ?? only.token,
    flags: [...new Set([...argument.flags ?? [], ...only.flags ?? []])].sort(),
  };
}

Deno.test(
  { name: "categories and key ranges follow from flags and key specs", ...withRedis },
  async () => {
    await using redis = await startRedis();
    await using client = await resp3(redis);
    const all = (await ask(client, "COMMAND") as Plain[]).map(commandFacts);
    assert(all.length > 200);
    for (const facts of all.flatMap((one) => [one, ...one.subcommands])) {
      const flags = facts.flags as CommandFlag[];
      const named = facts.categories.map((category) => category.slice(1));
      const derived = aclCategories({ flags, acl: named.filter((one) => one === "scripting") });
      assertEquals(derived.filter((one) => !named.includes(one)), [], facts.name);
      assertEquals(aclCategories({ flags, acl: named }).sort(), named.sort(), facts.name);
      const { first, last, step, isIncomplete } = legacyKeyRange(facts.keySpecs.map(keySpec));
      assertEquals([first, last, step], [facts.first, facts.last, facts.step], facts.name);
      assertEquals(isIncomplete, flags.includes("movablekeys"), facts.name);
    }
  },
);

interface ShownSpec {
  readonly flags: readonly string[];
  readonly begin_search: {
    readonly type: string;
    readonly spec: { readonly index: number; readonly keyword: string; readonly startfrom: number };
  };
  readonly find_keys: { readonly type: string; readonly spec: Readonly<Record<string, number>> };
}

/** A key spec as a record has it, from how COMMAND INFO shows it. */
function keySpec(shown: unknown): KeySpec {
  const { flags, begin_search, find_keys } = shown as ShownSpec;
  const { index, keyword, startfrom: from } = begin_search.spec;
  const { lastkey: last, keystep: step, limit, keynumidx: countAt, firstkey: firstKey } =
    find_keys.spec;
  const begins: Record<string, KeySpec["begin"]> = {
    index: { index },
    keyword: { keyword, from },
    unknown: "unknown",
  };
  const finds: Record<string, KeySpec["find"]> = {
    range: { last, step, limit },
    keynum: { countAt, firstKey, step },
    unknown: "unknown",
  };
  return {
    flags: flags.map((flag) => flag.toUpperCase()),
    begin: begins[begin_search.type],
    find: finds[find_keys.type],
  };
}

Deno.test({ name: "key specs of every kind lead to the keys", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using client = await resp3(redis);
  for (const words of SPEC_EXAMPLES) {
    const given = words.split(" ");
    const [entry] = await ask(client, "COMMAND", "INFO", given[0]) as Plain[];
    const facts = commandFacts(entry);
    const record = command({
      name: facts.name,
      arity: facts.arity,
      flags: facts.flags as CommandFlag[],
      keys: facts.keySpecs.map(keySpec),
      group: "generic",
      since: "",
      summary: "",
      complexity: "",
      syntax: "",
    });
    const found = findKeys(record, Args.of(...given));
    const ours = found?.map(({ at, flags }) => [given[at], shownKeyFlags(flags).sort()]) ?? [];
    const reply = await ask(client, "COMMAND", "GETKEYSANDFLAGS", ...given);
    const theirs = typeof reply === "string" ? [] : reply;
    assertEquals(ours as Plain, theirs, words);
    assertEquals(
      theirs === reply,
      found !== undefined || record.flags.includes("no_mandatory_keys"),
    );
  }
});

const SPEC_EXAMPLES = [
  "BLPOP a b c 0",
  "BITOP AND d a b",
  "LMPOP 2 a b LEFT",
  "LMPOP 3 a b LEFT",
  "LMPOP 0 a LEFT",
  "LMPOP x a LEFT",
  "BLMPOP 0 1 a LEFT",
  "ZUNIONSTORE d 2 a b WEIGHTS 1 2",
  "ZUNIONSTORE d 3 a b",
  "ZINTERCARD 1 a LIMIT 1",
  "EVAL script 2 a b c",
  "EVAL script 0",
  "EVAL script 5 a",
  "XREAD COUNT 1 STREAMS a b 1 2",
  "xread streams a b 1",
  "XREADGROUP GROUP g c STREAMS a b > >",
  "LMOVE a b LEFT RIGHT",
  "GEORADIUS a 1 1 1 m STORE b",
  "GEORADIUS a 1 1 1 m",
  "MIGRATE host 1 k 0 10",
  "MSET a 1 b 2",
  "MSET a 1 b 2 c",
  "BITFIELD k GET u8 0",
  "BITFIELD k SET u8 0 1",
  "SET k v",
  "SET k v GET",
  "SMOVE a b m",
  "UNLINK a b",
  "GEORADIUS a 1 1 1 m STORE b STOREDIST c",
  "GEORADIUSBYMEMBER a m 1 m STOREDIST b",
  "GEOSEARCHSTORE d s FROMMEMBER m BYRADIUS 1 m",
  "ZRANGESTORE d s 0 1",
  "ZMPOP 2 a b MIN",
  "BZMPOP 0 2 a b MAX COUNT 3",
  "SINTERCARD 2 a b LIMIT 1",
  "SINTERSTORE d a b",
  "PFMERGE d a b",
  "PFCOUNT a b",
  "RESTORE k 0 payload",
  "SSUBSCRIBE a b",
  "SPUBLISH a b",
];

Deno.test({ name: "keys are found where Redis finds them", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno();
  await using pair = await Pair.open(redis.port, redeno.port);
  const given = [
    ["GET"],
    ["GET", "a"],
    ["get", "a", "b"],
    ["nosuch", "a"],
    ["PING", "a"],
    ["SET", "a", "b"],
    ["SET", "a", "b", "GET"],
    ["SET", "a", "b", "EX", "get"],
    ["MSET", "a", "1", "b", "2"],
    ["MSET", "a", "1", "b"],
    ["MSETNX", "a", "1", "b", "2"],
    ["MGET", "a", "b", "c"],
    ["DEL", "a", "b"],
    ["UNLINK", "a"],
    ["APPEND", "a", "b"],
    ["RENAME", "a", "b"],
    ["COPY", "a", "b", "REPLACE"],
    ["LCS", "a", "b", "LEN"],
    ["OBJECT", "ENCODING", "k"],
    ["OBJECT", "nosuch", "k"],
    ["OBJECT", "HELP", "k"],
    ["MEMORY", "USAGE", "k"],
    ["MEMORY", "NOSUCH", "k"],
    ["CONFIG", "GET", "x"],
    ["CONFIG|GET", "x"],
    ["CONFIG", "GET"],
    ["WATCH", "a", "b"],
    ["SORT", "a", "BY", "w_*", "GET", "#", "STORE", "b"],
    ["SORT", "a", "STORE", "b", "STORE", "c"],
    ["SORT", "a", "LIMIT", "0", "store"],
    ["SORT_RO", "a", "BY", "b"],
    ["PUBLISH", "channel", "message"],
    ["XGROUP", "CREATE", "k", "g", "$"],
    ["XINFO", "STREAM", "k", "FULL"],
    ...SPEC_EXAMPLES.map((words) => words.split(" ")),
  ].filter(([name]) => name === "nosuch" || commands.has(name.split("|")[0].toLowerCase()));
  for (const protocol of ["2", "3"]) {
    await pair.bothWith({ ignore: true }, "HELLO", protocol);
    for (const words of given) {
      await pair.both("COMMAND", "GETKEYS", ...words);
      await pair.both("COMMAND", "GETKEYSANDFLAGS", ...words);
    }
  }
});

Deno.test(
  { name: "COMMAND answers what it is asked, and errors as Redis does", ...withRedis },
  async (t) => {
    await using redis = await startRedis();
    await using redeno = await startRedeno();
    await using pair = await Pair.open(redis.port, redeno.port);

    await t.step("errors and help are the same byte for byte", async () => {
      const asked = [
        "nosuch",
        "COUNT x",
        "GETKEYS",
        "GETKEYS foo",
        "GETKEYSANDFLAGS foo",
        "HELP",
        "HELP x",
        "LIST FILTERBY",
        "LIST FILTERBY ACLCAT",
        "LIST FILTERBY nosuch x",
        "LIST nosuch ACLCAT x",
        "LIST FILTERBY ACLCAT nosuch",
        "LIST FILTERBY MODULE nosuch",
        "LIST FILTERBY PATTERN GETEX",
        "list filterby pattern nosuch*",
        "INFO nosuch get|nosuch config| |get",
        "DOCS nosuch config|nosuch",
      ];
      for (const words of asked) await pair.both("COMMAND", ...words.split(" "));
    });

    await t.step("lists hold the commands that Redis's hold, as far as they exist", async () => {
      const known = new Set(knownToRedis.flatMap(fullNames));
      for (
        const filter of ["ACLCAT string", "aclcat FAST", "ACLCAT dangerous", "PATTERN *get*", ""]
      ) {
        const words = filter === "" ? [] : ["FILTERBY", ...filter.split(" ")];
        const theirs = plain(await pair.left.call("COMMAND", "LIST", ...words)) as string[];
        const ours = plain(await pair.right.call("COMMAND", "LIST", ...words)) as string[];
        const [shared, expected] = [ours, theirs].map((names) =>
          names.filter((name) => known.has(name)).sort()
        );
        assertEquals(shared, expected, filter);
      }
    });

    await t.step("COUNT, COMMAND and INFO agree on how many commands there are", async () => {
      const count = plain(await pair.right.call("COMMAND", "COUNT"));
      assertEquals(count, commands.size);
      assertEquals((plain(await pair.right.call("COMMAND")) as Plain[]).length, commands.size);
      assertEquals(
        (plain(await pair.right.call("COMMAND", "INFO")) as Plain[]).length,
        commands.size,
      );
      assertEquals(
        (plain(await pair.right.call("COMMAND", "DOCS")) as Plain[]).length,
        2 * commands.size,
      );
    });
  },
);

function fullNames(command: Command): string[] {
  return [command.fullName, ...(command.subcommands ?? []).map(({ fullName }) => fullName)];
}
