/**
 * AUTH, ECHO, HELLO, PING, QUIT, RESET, SELECT against the real Redis, and what is said to commands
 * that do not exist or come with the wrong arguments.
 */

import { Pair } from "../kit/differential.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { assertEquals } from "../kit/assert.ts";
import { runScript } from "./sessions.ts";
import { talk } from "../resp/raw_talk.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

type Scripts = readonly (readonly [name: string, script: string])[];

const OPEN: Scripts = [
  [
    "PING and ECHO return what they are given",
    `A PING
     A ping x_y
     A PING ""
     A PING a b
     A PING a\\0\\r\\nb
     A ECHO a\\0\\r\\nb
     A ECHO ""
     A ECHO
     A ECHO a b`,
  ],
  [
    "SELECT takes the number of a database",
    `A SELECT 15
     A SET k 15
     A SELECT 0
     A GET k
     A SELECT 16
     A SELECT -1
     A SELECT x
     A SELECT 1.0
     A SELECT 01
     A SELECT ""
     A SELECT 9223372036854775807
     A SELECT -9223372036854775809
     A SELECT 4294967296
     A SELECT
     A SELECT 1 2
     A GET k`,
  ],
  [
    "HELLO chooses the protocol and names the connection",
    `A GET missing
     A HELLO
     A HELLO 3
     A HELLO
     A GET missing
     A HELLO 2
     A GET missing
     A HELLO 3 SETNAME me
     A CLIENT GETNAME
     A HELLO 2 SETNAME a SETNAME b
     A CLIENT GETNAME
     A HELLO 3 SETNAME ""
     A CLIENT GETNAME
     A HELLO 3 AUTH default anything
     A HELLO 2 AUTH default x SETNAME named
     A CLIENT GETNAME`,
  ],
  [
    "HELLO refuses what it does not understand, and has obeyed what came before that",
    `A HELLO 1
     A HELLO 4
     A HELLO x
     A HELLO ""
     A HELLO 3x
     A HELLO 03
     A HELLO 9223372036854775808
     A HELLO 3 SETNAME
     A HELLO 3 SETNAME a_b
     A HELLO 3 SETNAME a\\nb
     A HELLO 3 AUTH
     A HELLO 3 AUTH default
     A HELLO 3 AUTH nobody x
     A HELLO 3 SETNAME good AUTH nobody x
     A HELLO 3 SETNAME good AUTH
     A HELLO 3 SETNAME good NOSUCH
     A HELLO 3 NOSUCH\\r\\n
     A HELLO 3 AUTH nobody x SETNAME a_b
     A HELLO SETNAME x
     A CLIENT GETNAME
     A GET missing`,
  ],
  [
    "AUTH without a password being set",
    `A AUTH x
     A AUTH ""
     A AUTH default x
     A AUTH default ""
     A AUTH nobody x
     A AUTH a b c
     A AUTH`,
  ],
  [
    "RESET brings back database 0, RESP2 and no name",
    `A SELECT 3
     A HELLO 3 SETNAME me
     A SET k 1
     A RESET
     A GET k
     A CLIENT GETNAME
     A RESET x`,
  ],
  [
    "a command that does not exist is named with its arguments",
    `A NOSUCH
     A NOSUCH a
     A nosuch a b ""
     A ""
     A NO_SUCH x_y 'quoted' "twice" \\\\
     A NOSUCH a\\0b c
     A NO\\0SUCH a
     A NO\\r\\nSUCH a\\r\\nb
     A GETX k
     A GE
     A NOSUCH \xe4\xff
     A SET|GET a
     A config|get a`,
  ],
  [
    "a subcommand that does not exist is named",
    `A CONFIG NOSUCH
     A CONFIG NOSUCH a b
     A client ""
     A CLIENT a\\0b
     A CLIENT a\\r\\nb
     A CLIENT KIL x
     A COMMAND NOSUCH
     A OBJECT NOSUCH x
     A CONFIG
     A CLIENT
     A OBJECT`,
  ],
  [
    "the wrong number of arguments is refused with the whole name, in small letters",
    `A GET
     A gEt a b
     A SELECT
     A CONFIG GET
     A CONFIG resetSTAT x
     A CLIENT ID x
     A OBJECT ENCODING
     A QUIT x`,
  ],
];

const CLOSED: Scripts = [
  [
    "nothing but AUTH, HELLO, RESET and QUIT is allowed before AUTH",
    `A PING
     A GET k
     A GET
     A NOSUCH
     A CONFIG NOSUCH
     A CLIENT ID
     A CLIENT
     A MULTI
     A EXEC
     A DISCARD
     A RESET
     A HELLO
     A HELLO 3
     A HELLO 3 SETNAME x
     A HELLO 4
     A HELLO 3 NOSUCH
     A COMMAND
     A AUTH
     A SELECT 1
     A AUTH secret
     A PING
     A CLIENT GETNAME
     A GET k`,
  ],
  [
    "AUTH compares the whole password",
    `A AUTH wrong
     A AUTH ""
     A AUTH secre
     A AUTH secrett
     A AUTH SECRET
     A AUTH secret\\0
     A PING
     A AUTH default wrong
     A AUTH nobody secret
     A AUTH "" secret
     A AUTH Default secret
     A AUTH a b c
     A PING
     A AUTH default secret
     A PING`,
  ],
  [
    "a failed AUTH does not take away what a good one gave",
    `A AUTH secret
     A AUTH wrong
     A PING
     A HELLO 3 AUTH default wrong
     A PING
     A GET missing`,
  ],
  [
    "HELLO authenticates, names and chooses the protocol at once",
    `A HELLO 3 AUTH default wrong SETNAME x
     A PING
     A HELLO 3 AUTH nobody secret
     A HELLO 3 SETNAME a_b AUTH default secret
     A PING
     A HELLO 3 AUTH default secret SETNAME a_b
     A PING
     B HELLO 3 AUTH default secret SETNAME me
     B CLIENT GETNAME
     B GET missing`,
  ],
  [
    "RESET asks for the password again",
    `A AUTH secret
     A MULTI
     A RESET
     A PING
     A AUTH secret
     A EXEC`,
  ],
  [
    "a password that is set, changed and taken away while clients are connected",
    `A AUTH secret
     B PING
     A CONFIG SET requirepass new
     A PING
     B AUTH secret
     B AUTH new
     C AUTH secret
     C PING
     C AUTH new
     A CONFIG SET requirepass ""
     D PING
     D AUTH x
     D AUTH default x
     A CONFIG SET requirepass secret
     D PING
     E PING
     E AUTH secret`,
  ],
];

Deno.test("connections without a password behave as in Redis", withRedis, async (t) => {
  await using redis = await startRedis();
  await using redeno = await startRedeno(["--save", ""]);

  for (const [name, script] of OPEN) {
    await t.step(name, () => runScript(redis, redeno, script));
  }

  await t.step("QUIT answers and closes, and what follows is not served", async () => {
    for (
      const stream of ["QUIT\r\nPING\r\n", "PING\r\nquit x y\r\nPING\r\n", "MULTI\r\nQUIT\r\n"]
    ) {
      assertEquals(await talk(redeno.port, stream), await talk(redis.port, stream), stream);
    }
  });

  await t.step("long names and arguments are cut as Redis cuts them", async () => {
    await using pair = await Pair.open(redis.port, redeno.port);
    for (const length of [60, 61, 126, 127, 128, 129, 130, 200, 5000]) {
      const long = "x".repeat(length);
      await pair.both(long, "a", "b");
      await pair.both("NOSUCH", long, "b");
      await pair.both("NOSUCH", long, long, long);
      await pair.both("NOSUCH", "y", long, "b");
      await pair.both("CONFIG", long);
      await pair.both("HELLO", "3", long);
      await pair.both("NOSUCH", ...Array.from({ length }, (_, i) => String(i)));
      await pair.both("NOSUCH", ...Array.from({ length }, () => ""));
    }
  });
});

Deno.test("connections with a password behave as in Redis", withRedis, async (t) => {
  const options = ["--requirepass", "secret"];
  await using redis = await startRedis(options);
  await using redeno = await startRedeno([...options, "--save", ""]);

  for (const [name, script] of CLOSED) {
    // The script that empties the servers would not be let in.
    await t.step(name, () => runScript(redis, redeno, script, "clean AUTH secret"));
  }
});
