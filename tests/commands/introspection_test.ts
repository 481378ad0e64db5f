/** COMMAND: what every command says of itself is what the real Redis says of it. */

import type { Command } from "../../lib/commands/command.ts";
import { argumentDocs } from "../../lib/commands/syntax_docs.ts";
import { commands } from "../../lib/commands/table.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import {
  ask,
  type CommandFacts,
  commandFacts,
  type Plain,
  plain,
  resp3,
} from "./introspection_kit.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

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

/** Commands that no Redis has. */
const OWN = ["backup"];
/** The commands that Redis 7.0 has as well. */
const knownToRedis = [...commands.values()].filter(({ name, since }) =>
  since < "7.1" && !OWN.includes(name)
);

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

Deno.test("what Redis 7.0 does not have are WAITAOF and the expiry of hash fields", () => {
  const newer = [...commands.values()].filter((command) =>
    !knownToRedis.includes(command) && !OWN.includes(command.name)
  );
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
    "waitaof 7.2.0",
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
