/** Categories, key ranges and the places of keys follow from the records as they do in Redis. */

import { aclCategories } from "../../lib/commands/acl_categories.ts";
import { command, type CommandFlag, type KeySpec } from "../../lib/commands/command.ts";
import { shownKeyFlags } from "../../lib/commands/command_info.ts";
import { findKeys } from "../../lib/commands/key_extraction.ts";
import { legacyKeyRange } from "../../lib/commands/legacy_key_range.ts";
import { commands } from "../../lib/commands/table.ts";
import { Args } from "../../lib/resp/args.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { ask, commandFacts, type Plain, resp3 } from "./introspection_kit.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

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
      words,
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
    ["SPUBLISH", "channel", "message"],
    ["SSUBSCRIBE", "a", "b"],
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
