/** MULTI, EXEC, DISCARD, WATCH and UNWATCH against the real Redis, with several connections. */

import { commands } from "../../lib/commands/table.ts";
import { Transaction } from "../../lib/commands/transaction.ts";
import { Args } from "../../lib/resp/args.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { runScript, Sessions } from "./sessions.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

/** Name of the behaviour, and the script that shows it. */
const SCRIPTS: readonly (readonly [name: string, script: string])[] = [
  [
    "queued commands run at EXEC and answer in one array",
    `A MULTI
     A SET k 1
     B GET k
     A INCR k
     A GET k
     A EXEC
     B GET k
     A MULTI
     A EXEC
     A GET k`,
  ],
  [
    "RESP3 is spoken inside a transaction, too, and can be chosen in it",
    `A HELLO 3 SETNAME x
     A MULTI
     A GET missing
     A CLIENT TRACKINGINFO
     A EXEC
     A WATCH k
     B SET k 1
     A MULTI
     A EXEC`,
  ],
  [
    "a subcommand is queued even if a command that is not has its name",
    `A MULTI
     A SLOWLOG RESET
     A LATENCY RESET
     A SET k 1
     B GET k
     A EXEC`,
  ],
  [
    "DISCARD forgets the queue",
    `A MULTI
     A SET k 1
     A DISCARD
     A GET k
     A EXEC
     A DISCARD
     A MULTI
     A NOSUCH
     A DISCARD
     A MULTI
     A GET k
     A EXEC`,
  ],
  [
    "EXEC and DISCARD without MULTI, nested MULTI and WATCH inside are refused",
    `A EXEC
     A DISCARD
     A MULTI
     A MULTI
     A WATCH k
     A SET k 1
     A EXEC
     A GET k
     A EXEC x
     A MULTI x
     A DISCARD x
     A WATCH
     A UNWATCH x`,
  ],
  [
    "a command that cannot be queued makes EXEC abort",
    `A MULTI
     A SET k 1
     A NOSUCH a b
     A SET k 2
     A EXEC
     A GET k
     A MULTI
     A GET
     A EXEC
     A MULTI
     A CONFIG NOSUCH
     A EXEC
     A MULTI
     A CLIENT
     A EXEC
     A MULTI
     A EXEC x
     A EXEC
     A MULTI
     A MULTI
     A EXEC`,
  ],
  [
    "a command that fails does not keep the others from running",
    `A SET k text
     A MULTI
     A INCR k
     A SET other 1
     A SETRANGE k -1 x
     A SELECT 99
     A SET last 1
     A EXEC
     A MGET k other last`,
  ],
  [
    "a queued SELECT moves the commands behind it and the connection",
    `A MULTI
     A SET k 0
     A SELECT 3
     A SET k 3
     A EXEC
     A GET k
     A SELECT 0
     A GET k
     A MULTI
     A SELECT 4
     A DISCARD
     A GET k`,
  ],
  [
    "PING, ECHO, HELLO, CLIENT and COMMAND are queued like any other",
    `A MULTI
     A PING
     A PING x
     A ECHO y
     A CLIENT SETNAME me
     A CLIENT GETNAME
     A UNWATCH
     A COMMAND COUNT x
     A EXEC
     A CLIENT GETNAME`,
  ],
  [
    "RESET ends a transaction, and WATCH with it",
    `A WATCH k
     A MULTI
     A SET k 1
     A RESET
     A EXEC
     A GET k
     A WATCH k
     A RESET
     B SET k 2
     A MULTI
     A GET k
     A EXEC`,
  ],
  [
    "commands that no transaction may hold are refused at once",
    `A MULTI
     A SHUTDOWN x y z
     A DEBUG
     A EXEC`,
  ],
  [
    "a queued command is checked for its arity with its subcommand",
    `A MULTI
     A CONFIG GET
     A CONFIG SET a
     A CLIENT KILL
     A CLIENT ID x
     A SET a
     A EXEC
     A EXEC`,
  ],
];

/** How B changes the key `k` (once "1") that A watches; and whether that counts is Redis's word. */
const CHANGES: readonly string[] = [
  "SET k 2",
  "SET k 1",
  "SET k 1 NX",
  "SET k 1 XX KEEPTTL",
  "SET k 1 GET",
  "SETNX k 2",
  "SETEX k 100 1",
  "GETSET k 1",
  "GETDEL k",
  "GETEX k",
  "GETEX k PERSIST",
  "GETEX k EX 100",
  "MSET other 1 k 2",
  "MSETNX other 1 k 2",
  "APPEND k x",
  'APPEND k ""',
  "SETRANGE k 0 1",
  'SETRANGE k 0 ""',
  "INCR k",
  "INCRBY k 0",
  "DECRBY k 5",
  "INCRBYFLOAT k 0",
  "DEL k",
  "UNLINK k",
  "DEL missing",
  "EXPIRE k 100",
  "EXPIRE k 0",
  "EXPIRE k -1",
  "EXPIRE k 100 XX",
  "PEXPIREAT k 1",
  "PERSIST k",
  "TOUCH k",
  "GET k",
  "EXISTS k",
  "TYPE k",
  "OBJECT FREQ k",
  "OBJECT ENCODING k",
  "RENAME k elsewhere",
  "RENAME other k",
  "RENAMENX k elsewhere",
  "RENAMENX other k",
  "RENAME k k",
  "COPY k copy",
  "COPY other k",
  "COPY other k REPLACE",
  "MOVE k 5",
  "MOVE other 5",
  "FLUSHALL",
  "FLUSHALL ASYNC",
  "FLUSHDB",
  "FLUSHDB SYNC",
  "SWAPDB 0 5",
  "SWAPDB 5 0",
  "SWAPDB 5 6",
  "SWAPDB 0 0",
];

/** Transactions of three clients side by side, of any size, some of them given up. */
function mixedTransactions(chance: Seeded, count: number): string {
  const lines: string[] = [];
  const open = new Set<string>();
  const word = () => "v".repeat(chance.pick([1, 7, 30, 400])) + chance.below(1000);
  for (let i = 0; i < count; i++) {
    const name = chance.pick(["A", "B", "C"]);
    if (!open.has(name)) lines.push(`${name} MULTI`);
    open.add(name);
    for (let k = chance.below(12); k > 0; k--) lines.push(`${name} APPEND k${k} ${word()}`);
    if (chance.chance(0.3)) lines.push(`${name} RPUSH list ${`${word()} `.repeat(90)}x`);
    if (chance.chance(0.2)) lines.push(`${name} SET large ${"x".repeat(70_000 + i)}`);
    lines.push(`${name} GET k${chance.below(12)}`);
    const end = chance.pick(["", "EXEC", "EXEC", "DISCARD", "NOSUCH"]);
    if (end !== "") lines.push(`${name} ${end}`);
    if (end === "NOSUCH") lines.push(`${name} EXEC`);
    if (end !== "") open.delete(name);
  }
  for (const name of open) lines.push(`${name} EXEC`);
  return [...lines, "A LRANGE list 0 -1", "A GET large"].join("\n");
}

Deno.test("a transaction is used again, unless it has grown", () => {
  const ping = commands.get("ping")!;
  const small = Transaction.begin();
  small.add(ping, Args.of("PING", "a"));
  small.failed = true;
  small.end();
  const same = Transaction.begin();
  assertEquals([same === small, same.failed, same.queuedBytes], [true, false, 0]);
  for (const large of [Args.of("PING", "x".repeat(2000)), Args.of(...Array(80).fill("PING"))]) {
    const grown = Transaction.begin();
    grown.add(ping, large);
    assertEquals(grown.args(0).text(1), large.text(1));
    grown.end();
    assert(Transaction.begin() !== grown);
  }
});

Deno.test("transactions answer as in Redis", withRedis, async (t) => {
  await using redis = await startRedis();
  await using redeno = await startRedeno(["--save", ""]);

  for (const [name, script] of SCRIPTS) {
    await t.step(name, () => runScript(redis, redeno, script));
  }

  for (const change of CHANGES) {
    await t.step(`${change} by another, or by oneself, under WATCH`, () =>
      runScript(
        redis,
        redeno,
        `B MSET k 1 other 2
         A WATCH k
         B ${change}
         A MULTI
         A ECHO done
         A EXEC
         clean FLUSHALL
         B MSET k 1 other 2
         A WATCH x k
         A ${change}
         A MULTI
         A ECHO done
         A EXEC
         clean FLUSHALL
         B SET other 2
         A WATCH k
         B ${change}
         A MULTI
         A ECHO done
         A EXEC`,
      ));
  }

  await t.step("what is queued keeps its arguments, however long, many and mixed", () => {
    const { seed, size } = flags(40);
    return runScript(redis, redeno, mixedTransactions(new Seeded(seed), size));
  });

  await t.step("WATCH is over after EXEC, DISCARD and UNWATCH", () =>
    runScript(
      redis,
      redeno,
      `A WATCH k
       A MULTI
       A EXEC
       B SET k 1
       A MULTI
       A ECHO done
       A EXEC
       A WATCH k
       A MULTI
       A DISCARD
       B SET k 2
       A MULTI
       A ECHO done
       A EXEC
       A WATCH k
       B SET k 3
       A UNWATCH
       A MULTI
       A ECHO done
       A EXEC
       A WATCH k
       B SET k 4
       A MULTI
       A UNWATCH
       A EXEC
       A MULTI
       A ECHO done
       A EXEC`,
    ));

  await t.step(
    "an aborted EXEC names the abort although a watched key changed, too",
    () =>
      runScript(
        redis,
        redeno,
        `A WATCH k
       B SET k 1
       A MULTI
       A NOSUCH
       A EXEC
       A MULTI
       A ECHO done
       A EXEC`,
      ),
  );

  await t.step("a key is watched in its own database", () =>
    runScript(
      redis,
      redeno,
      `A WATCH k
       B SELECT 1
       B SET k 1
       A MULTI
       A ECHO done
       A EXEC
       A SELECT 1
       A WATCH k
       A SELECT 0
       A SET k x
       A MULTI
       A ECHO done
       A EXEC
       A SELECT 1
       A WATCH k
       A SELECT 0
       B DEL k
       A MULTI
       A ECHO done
       A EXEC`,
    ));

  await t.step("FLUSHDB of another database does not count, FLUSHALL does", () =>
    runScript(
      redis,
      redeno,
      `B SET k 1
       A WATCH k
       B SELECT 2
       B FLUSHDB
       A MULTI
       A ECHO done
       A EXEC
       A WATCH k
       B FLUSHALL
       A MULTI
       A ECHO done
       A EXEC
       A WATCH k
       B FLUSHALL
       A MULTI
       A ECHO done
       A EXEC`,
    ));

  await t.step("SWAPDB counts where one of the two databases has the watched key", () =>
    runScript(
      redis,
      redeno,
      `A WATCH k
       B SWAPDB 0 1
       A MULTI
       A ECHO neither
       A EXEC
       B SELECT 1
       B SET k there
       A WATCH k
       B SWAPDB 0 1
       A MULTI
       A GET k
       A EXEC
       A WATCH k
       B SWAPDB 1 0
       A MULTI
       A GET k
       A EXEC
       A MULTI
       A GET k
       A EXEC`,
    ));

  await t.step("a key that expires under WATCH counts as changed", () =>
    runScript(
      redis,
      redeno,
      `B SET k 1 PX 30
       A WATCH k
       SLEEP 60
       A MULTI
       A ECHO done
       A EXEC
       B SET k 1 PX 30
       SLEEP 60
       A WATCH k
       A MULTI
       A ECHO gone_before
       A EXEC
       B SET k 1 PX 30
       A WATCH k
       SLEEP 60
       B GET k
       A MULTI
       A ECHO done
       A EXEC`,
    ));

  await t.step(
    "a key that had expired before WATCH may be created or deleted by expiry",
    () =>
      runScript(
        redis,
        redeno,
        `B DEBUG SET-ACTIVE-EXPIRE 0
       B SET k 1 PX 10
       SLEEP 30
       A WATCH k
       B DEL k
       A MULTI
       A ECHO same
       A EXEC
       B SET k 1 PX 10
       SLEEP 30
       A WATCH k
       B SET k 2
       A MULTI
       A ECHO created
       A EXEC
       B SET k 1 PX 10
       SLEEP 30
       A WATCH k
       B FLUSHALL
       A MULTI
       A ECHO flushed
       A EXEC
       B DEBUG SET-ACTIVE-EXPIRE 1`,
      ),
  );

  await t.step("several clients watch the same key, and one that goes is forgotten", async () => {
    await runScript(redis, redeno, "gone WATCH k\n gone MULTI");
    await runScript(
      redis,
      redeno,
      `A WATCH k
       C WATCH k other
       B SET k 1
       A MULTI
       A SET k A
       C MULTI
       C SET k C
       A EXEC
       C EXEC
       B GET k
       A WATCH k
       C WATCH k
       A MULTI
       A SET k A
       C MULTI
       C SET k C
       C EXEC
       A EXEC
       B GET k`,
    );
  });

  await t.step("connections that watch, change and execute at random agree", async () => {
    const { seed, size } = flags(600);
    const chance = new Seeded(seed);
    const lines = Array.from({ length: size }, () => randomLine(chance));
    await runScript(redis, redeno, lines.join("\n"));
  });

  await t.step("what one EXEC has queued runs without anybody in between", async () => {
    await using sessions = new Sessions(redis, redeno);
    await sessions.run("A FLUSHALL");
    const a = await sessions.pair("A");
    const b = await sessions.pair("B");
    await a.both("MULTI");
    for (let i = 0; i < 200; i++) await a.both("INCR", "k");
    const executed = a.both("EXEC");
    await b.bothWith({ pattern: /^\$(-1|3\r\n200)\r\n$/ }, "GET", "k");
    await executed;
  });
});

function randomLine(chance: Seeded): string {
  const who = chance.pick(["A", "B", "C"]);
  const key = () => chance.pick(["k", "l", "m"]);
  const what = chance.pick([
    () => `WATCH ${key()}`,
    () => `WATCH ${key()} ${key()}`,
    () => "MULTI",
    () => "MULTI",
    () => "EXEC",
    () => "EXEC",
    () => "DISCARD",
    () => "UNWATCH",
    () => `SET ${key()} ${chance.below(5)}`,
    () => `SET ${key()} ${chance.below(5)}`,
    () => `INCR ${key()}`,
    () => `GET ${key()}`,
    () => `MGET k l m`,
    () => `DEL ${key()} ${key()}`,
    () => `RENAME ${key()} ${key()}`,
    () => `COPY ${key()} ${key()} REPLACE`,
    () => `MOVE ${key()} ${chance.below(2)}`,
    () => `SELECT ${chance.below(2)}`,
    () => `EXPIRE ${key()} ${chance.pick([-1, 100])}`,
    () => "SWAPDB 0 1",
    () => "FLUSHDB",
    () => "NOSUCH",
    () => "GET",
    () => "RESET",
  ]);
  return `${who} ${what()}`;
}
