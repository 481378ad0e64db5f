/** ACL of a server whose one user is `default`. */

import { aclCommand } from "../../lib/commands/acl.ts";
import { commands } from "../../lib/commands/table.ts";
import { secretHex, sha256Hex } from "../../lib/platform/secrets.ts";
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { type Command, Pair } from "../kit/differential.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { ask, type Plain, plain, resp3 } from "./introspection_kit.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const strict = { sanitizeOps: true, sanitizeResources: true };

const USERS: readonly Command[] = [
  "ACL WHOAMI",
  "ACL USERS",
  "ACL LIST",
  "ACL GETUSER default",
  "ACL GETUSER Default",
  "ACL GETUSER nosuch",
].map((line) => line.split(" "));

const ASKED: readonly Command[] = [
  ...[
    "ACL",
    "ACL nosuch",
    "ACL HELP x",
    "ACL WHOAMI x",
    "ACL USERS x",
    "ACL LIST x",
    "ACL GETUSER",
    "ACL GETUSER default x",
    "ACL CAT",
    "ACL CAT nosuch",
    "ACL CAT @string",
    "ACL caT string x",
    "ACL GENPASS 0",
    "ACL GENPASS -1",
    "ACL GENPASS 4097",
    "ACL GENPASS 9223372036854775807",
    "ACL GENPASS 9223372036854775808",
    "ACL GENPASS 05",
    "ACL GENPASS 5.0",
    "ACL GENPASS x",
    "ACL gEnPass 5 6",
  ].map((line) => line.split(" ")),
  ["ACL", "CAT", ""],
  ["ACL", "CAT", "a b\0c"],
  ["ACL", "CAT", "line\r\nend"],
  ["ACL", "CAT", "x".repeat(1000)],
  ["ACL", "GETUSER", ""],
  ["ACL", "GETUSER", "default\0"],
  ["ACL", "GENPASS", ""],
  ["ACL", "GENPASS", " 5"],
];

Deno.test({ name: "there is one user, who may do everything", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno();
  await using pair = await Pair.open(redis.port, redeno.port);
  for (const protocol of ["2", "3"]) {
    await pair.bothWith({ ignore: true }, "HELLO", protocol);
    for (const command of [...USERS, ...ASKED]) await pair.both(...command);
    await pair.both("MULTI");
    for (const command of USERS) await pair.both(...command);
    await pair.both("EXEC");
  }
});

Deno.test(
  { name: "the password is shown by its digest, as long as it is one", ...withRedis },
  async () => {
    await using redis = await startRedis(["--requirepass", "first"]);
    await using redeno = await startRedeno(["--requirepass", "first"]);
    await using pair = await Pair.open(redis.port, redeno.port);
    for (const command of USERS) await pair.both(...command); // NOAUTH
    await pair.both("AUTH", "default", "first");
    for (const protocol of ["2", "3"]) {
      await pair.bothWith({ ignore: true }, "HELLO", protocol);
      for (const password of ["foo", " x\ty ", "\xe9\xff", "p".repeat(200), "", "again"]) {
        await pair.both("CONFIG", "SET", "requirepass", bytes(password));
        for (const command of USERS) await pair.both(...command);
      }
    }
  },
);

Deno.test(
  { name: "each category holds the commands that Redis's holds", ...withRedis },
  async () => {
    await using redis = await startRedis();
    await using redeno = await startRedeno();
    await using left = await resp3(redis);
    await using right = await resp3(redeno);
    const known = new Set(plain(await left.call("COMMAND", "LIST")) as string[]);
    const here = new Set(plain(await right.call("COMMAND", "LIST")) as string[]);
    const categories = await ask(right, "ACL", "CAT") as string[];
    assertEquals(categories.length, 21);
    for (const category of [...categories, "STRING"]) {
      const [theirs, ours] = [
        await ask(left, "ACL", "CAT", category) as string[],
        await ask(right, "ACL", "CAT", category) as string[],
      ];
      assertEquals(
        ours.filter((name) => known.has(name)).sort(),
        theirs.filter((name) => here.has(name)).sort(),
        category,
      );
    }
  },
);

Deno.test(
  "GENPASS gives digits for as many bits as are asked, never the same",
  strict,
  async () => {
    await using redeno = await startRedeno();
    await using client = await connect(redeno.port);
    for (
      const [bits, digits] of [["1", 1], ["4", 1], ["5", 2], ["255", 64], ["4096", 1024]] as const
    ) {
      assertMatch(await text("ACL", "GENPASS", bits), new RegExp(`^[0-9a-f]{${digits}}$`));
    }
    const passwords = new Set<string>();
    for (let i = 0; i < 100; i++) passwords.add(await text("ACL", "GENPASS"));
    assertEquals(passwords.size, 100);
    for (const password of passwords) assertMatch(password, /^[0-9a-f]{64}$/);

    async function text(...command: string[]): Promise<string> {
      return String(await ask(client, ...command));
    }
  },
);

Deno.test(
  "a subcommand about other users is none, and the help does not offer it",
  strict,
  async () => {
    await using redeno = await startRedeno();
    await using client = await connect(redeno.port);
    const help = await ask(client, "ACL", "HELP") as string[];
    const offered = help.filter((line) => /^[A-Z]+( [<[]|$)/.test(line) && !line.startsWith("ACL"))
      .map((line) => line.split(" ")[0].toLowerCase());
    assertEquals(offered.sort(), [...aclCommand.subcommandTable!.keys()].sort());
    for (const name of ["SETUSER", "DELUSER", "LOAD", "SAVE", "LOG", "DRYRUN"]) {
      assertEquals(
        await client.callRaw("ACL", name, "x"),
        `-ERR unknown subcommand '${name}'. Try ACL HELP.\r\n`,
      );
    }
  },
);

Deno.test({ name: "what the help offers is in Redis's words", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno();
  await using left = await connect(redis.port);
  await using right = await connect(redeno.port);
  const theirs = (await ask(left, "ACL", "HELP") as string[]).join("\n");
  const ours = (await ask(right, "ACL", "HELP") as string[]).join("\n");
  for (const part of ours.split(/\n(?=\S)/)) assert(`${theirs}\n`.includes(`${part}\n`), part);
});

Deno.test("digests are SHA-256 of the bytes, secrets have the length asked for", () => {
  assertEquals( // FIPS 180-4, appendix B.1
    sha256Hex("abc"),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
  assert(sha256Hex("\xe9") !== sha256Hex("\xc3\xa9"));
  for (const count of [0, 1, 2, 7, 1024]) {
    assertMatch(secretHex(count), RegExp(`^[0-9a-f]{${count}}$`));
  }
  assert(secretHex(64) !== secretHex(64));
});

Deno.test("what COMMAND says of categories is what ACL CAT says", strict, async () => {
  await using redeno = await startRedeno();
  await using client = await resp3(redeno);
  for (const category of ["fast", "connection", "geo"]) {
    const listed = await ask(client, "COMMAND", "LIST", "FILTERBY", "ACLCAT", category) as Plain[];
    assertEquals(await ask(client, "ACL", "CAT", category), listed);
    assert(listed.length < commands.size);
  }
});

/** Latin1 as bytes: a text would be sent in UTF-8. */
function bytes(latin1: string): Uint8Array {
  return Uint8Array.from(latin1, (char) => char.charCodeAt(0));
}
