/**
 * CLIENT against the real Redis: replies and refusals, the lines of LIST, who is killed and who is
 * not, CLIENT REPLY to the byte, and how long CLIENT PAUSE holds whom.
 */

import { assert, assertEquals, assertGreater, assertLess } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { infoFigure } from "../server/kit.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";
import { quoted, talk } from "../resp/raw_talk.ts";
import { runScript } from "./sessions.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const SCRIPTS: readonly (readonly [name: string, script: string])[] = [
  [
    "subcommands and their arguments are counted",
    `A CLIENT
     A CLIENT NOSUCH
     A CLIENT CACHING
     A CLIENT CACHING yes no
     A CLIENT GETNAME x
     A CLIENT GETREDIR x
     A CLIENT ID x
     A CLIENT INFO x
     A CLIENT KILL
     A CLIENT NO-EVICT
     A CLIENT NO-EVICT on off
     A CLIENT PAUSE
     A CLIENT PAUSE 1 ALL x
     A CLIENT pause 1 ALL x
     A CLIENT REPLY
     A CLIENT REPLY on off
     A CLIENT SETNAME
     A CLIENT SETNAME a b
     A CLIENT TRACKING
     A CLIENT TRACKINGINFO x
     A CLIENT UNBLOCK
     A CLIENT UNBLOCK 1 ERROR x
     A CLIENT Unblock 1 ERROR x
     A CLIENT UNPAUSE x
     A CLIENT HELP x
     A CLIENT SETINFO a b
     A CLIENT NO-TOUCH on`,
  ],
  ["HELP", "A CLIENT HELP\n A HELLO 3\n A client help"],
  [
    "names are of visible ASCII",
    `A CLIENT GETNAME
     A CLIENT SETNAME me
     A CLIENT GETNAME
     A CLIENT SETNAME a_b
     A CLIENT SETNAME a\\nb
     A CLIENT SETNAME a\\0b
     A CLIENT SETNAME \x7f
     A CLIENT SETNAME \xe4
     A CLIENT GETNAME
     A CLIENT SETNAME !~
     A CLIENT GETNAME
     A CLIENT SETNAME ""
     A CLIENT GETNAME
     A HELLO 3
     A CLIENT GETNAME`,
  ],
  [
    "NO-EVICT, GETREDIR, CACHING, TRACKINGINFO",
    `A CLIENT NO-EVICT on
     A CLIENT NO-EVICT OFF
     A CLIENT NO-EVICT x
     A CLIENT GETREDIR
     A CLIENT CACHING yes
     A CLIENT CACHING x
     A CLIENT TRACKINGINFO
     A HELLO 3
     A CLIENT TRACKINGINFO`,
  ],
  [
    "the options of TRACKING are checked",
    `A CLIENT TRACKING x
     A CLIENT TRACKING off
     A CLIENT TRACKING off x
     A CLIENT TRACKING x REDIRECT y
     A CLIENT TRACKING off BCAST OPTIN OPTOUT NOLOOP PREFIX a PREFIX ab
     A CLIENT TRACKING off REDIRECT
     A CLIENT TRACKING off PREFIX
     A CLIENT TRACKING off REDIRECT x
     A CLIENT TRACKING off REDIRECT 0
     A CLIENT TRACKING off REDIRECT -1
     A CLIENT TRACKING off REDIRECT 999999
     A CLIENT TRACKING on REDIRECT 999999
     A CLIENT TRACKING on OPTIN OPTOUT
     A CLIENT TRACKING on BCAST OPTIN
     A CLIENT TRACKING on BCAST OPTOUT
     A CLIENT TRACKING on PREFIX a
     A CLIENT TRACKING on OPTIN OPTOUT PREFIX a
     A CLIENT TRACKING on BCAST PREFIX ab PREFIX abc
     A CLIENT TRACKING on BCAST PREFIX x PREFIX ""
     A CLIENT TRACKINGINFO`,
  ],
  [
    "KILL refuses what it does not understand",
    `A CLIENT KILL 1.1.1.1:1
     A CLIENT KILL ""
     A CLIENT KILL ID
     A CLIENT KILL ID 0
     A CLIENT KILL ID -5
     A CLIENT KILL ID x
     A CLIENT KILL ID 9223372036854775808
     A CLIENT KILL ID 9223372036854775807
     A CLIENT KILL ID 99999 FOO
     A CLIENT KILL ID 0 FOO
     A CLIENT KILL FOO bar
     A CLIENT KILL TYPE foo
     A CLIENT KILL TYPE f\\0oo
     A CLIENT KILL type MASTER
     A CLIENT KILL TYPE replica
     A CLIENT KILL TYPE slave
     A CLIENT KILL TYPE pubsub
     A CLIENT KILL USER nobody
     A CLIENT KILL USER ""
     A CLIENT KILL SKIPME maybe
     A CLIENT KILL ADDR 1.1.1.1:1
     A CLIENT KILL LADDR 1.1.1.1:1
     A CLIENT KILL LADDR 1.1.1.1:1 USER default TYPE normal SKIPME no
     A CLIENT KILL MAXAGE 3
     A CLIENT KILL ID 99999 ID 0
     A PING`,
  ],
  [
    "LIST refuses what it does not understand",
    `A CLIENT LIST x
     A CLIENT LIST TYPE
     A CLIENT LIST TYPE foo
     A CLIENT LIST TYPE slave
     A CLIENT LIST TYPE master
     A CLIENT LIST TYPE pubsub
     A CLIENT LIST TYPE normal x
     A CLIENT LIST TYPE normal ID 1
     A CLIENT LIST ID
     A CLIENT LIST ID 0
     A CLIENT LIST ID -1
     A CLIENT LIST ID 99999
     A CLIENT LIST ID x
     A CLIENT LIST ID 99999 x
     A CLIENT LIST ID 9223372036854775808
     A CLIENT LIST FOO BAR
     A HELLO 3
     A CLIENT LIST ID 0`,
  ],
  [
    "PAUSE and UNBLOCK refuse what they do not understand",
    `A CLIENT PAUSE x
     A CLIENT PAUSE -1
     A CLIENT PAUSE 1.5
     A CLIENT PAUSE 10 foo
     A CLIENT PAUSE x foo
     A CLIENT PAUSE 9223372036854775808
     A CLIENT PAUSE 0
     A CLIENT PAUSE 0 WRITE
     A CLIENT PAUSE 9223372036854775807
     A PING
     A SET k v
     A CLIENT UNPAUSE
     A CLIENT UNPAUSE
     A CLIENT UNBLOCK x
     A CLIENT UNBLOCK x foo
     A CLIENT UNBLOCK 99999
     A CLIENT UNBLOCK -1 error
     A CLIENT UNBLOCK 99999 timeout
     A CLIENT UNBLOCK 99999 foo`,
  ],
];

/** CLIENT REPLY, as raw streams. */
const REPLY_STREAMS: readonly string[] = [
  "CLIENT REPLY SKIP|ECHO a|ECHO b",
  "CLIENT REPLY OFF|ECHO a|CLIENT REPLY SKIP|ECHO x|CLIENT REPLY ON|ECHO b",
  "CLIENT REPLY SKIP|CLIENT REPLY ON|ECHO b",
  "CLIENT REPLY SKIP|CLIENT REPLY SKIP|ECHO a|ECHO b",
  "CLIENT REPLY SKIP|CLIENT REPLY OFF|ECHO a|CLIENT REPLY ON|ECHO b",
  "CLIENT REPLY SKIP|RESET|ECHO b",
  "CLIENT REPLY OFF|RESET|ECHO b",
  "CLIENT REPLY SKIP|NOSUCH|ECHO b",
  "CLIENT REPLY OFF|NOSUCH|GET|CLIENT REPLY ON|ECHO b",
  "CLIENT REPLY SKIP|CLIENT REPLY foo|ECHO b",
  "CLIENT REPLY foo|CLIENT REPLY|ECHO b",
  "CLIENT REPLY SKIP|QUIT|ECHO b",
  "CLIENT REPLY OFF|QUIT|ECHO b",
  "CLIENT REPLY OFF|*x|ECHO b",
  "CLIENT REPLY SKIP|*x|ECHO b",
  "CLIENT REPLY OFF|HELLO 3|CLIENT REPLY ON|GET missing",
  "CLIENT REPLY SKIP|MULTI|ECHO a|EXEC|ECHO b",
  "CLIENT REPLY OFF|MULTI|ECHO a|CLIENT REPLY ON|ECHO b|EXEC|ECHO c",
  "MULTI|CLIENT REPLY OFF|ECHO a|EXEC|ECHO b|CLIENT REPLY ON|ECHO c",
  "MULTI|CLIENT REPLY OFF|ECHO a|CLIENT REPLY ON|ECHO b|EXEC|ECHO c",
  "MULTI|CLIENT REPLY SKIP|ECHO a|ECHO b|EXEC|ECHO c|ECHO d",
  "MULTI|ECHO a|CLIENT REPLY SKIP|EXEC|ECHO b|ECHO c",
  "CLIENT REPLY OFF|ECHO a",
];

Deno.test("CLIENT behaves as in Redis", withRedis, async (t) => {
  await using redis = await startRedis();
  await using redeno = await startRedeno(["--save", ""]);

  for (const [name, script] of SCRIPTS) {
    await t.step(name, () => runScript(redis, redeno, script));
  }

  await t.step("CLIENT REPLY leaves out what it should, to the byte", async () => {
    for (const script of REPLY_STREAMS) {
      const stream = script.replaceAll("|", "\r\n") + "\r\n";
      const [expected, actual] = [await talk(redis.port, stream), await talk(redeno.port, stream)];
      assertEquals(actual, expected, quoted(script));
    }
  });

  await t.step("a suspended command whose reply is not wanted leaves no trace of it", async () => {
    for (const server of [redis, redeno]) {
      await using boss = await connect(server.port);
      await boss.call("CLIENT", "PAUSE", "100", "WRITE");
      const stream = "PING\r\nCLIENT REPLY SKIP\r\nSET k v\r\nECHO a\r\n";
      await using client = await connect(server.port);
      await client.sendRaw(stream);
      assertEquals(await client.readRaw(), "+PONG\r\n");
      assertEquals(await client.readRaw(), "$1\r\na\r\n");
    }
  });

  await t.step("the line of a client has Redis's fields, with the same facts", async () => {
    await using pair = await Pair.open(redis.port, redeno.port);
    await compareOwnLine(pair);
    for (
      const command of [
        ["CLIENT", "SETNAME", "me"],
        ["SELECT", "7"],
        ["CLIENT", "NO-EVICT", "ON"],
        ["NOSUCH"],
        ["GET"],
        ["MULTI"],
        ["GET", "k"],
        ["SET", "k", "v"],
        ["DISCARD"],
        ["CLIENT", "NO-EVICT", "OFF"],
      ]
    ) {
      await pair.both(...command);
      await compareOtherLine(redis, redeno, pair);
    }
    await compareOwnLine(pair);
    await Promise.all([pair.left.call("HELLO", "3"), pair.right.call("HELLO", "3")]);
    await compareOwnLine(pair);
    await compareOtherLine(redis, redeno, pair);
  });

  await t.step("a client that has sent nothing runs no command", async () => {
    await using pair = await Pair.open(redis.port, redeno.port);
    await using watcher = await Pair.open(redis.port, redeno.port);
    for (const [idle, asking] of [[pair.left, watcher.left], [pair.right, watcher.right]]) {
      const lines = await linesOf(asking, "CLIENT", "LIST");
      assertEquals(lines.map((line) => line.get("cmd")), ["NULL", "client|list"]);
      await idle.call("PING");
    }
  });

  await t.step("a transaction whose keys changed is marked dirty", async () => {
    await using pair = await Pair.open(redis.port, redeno.port);
    await pair.both("WATCH", "k");
    await using other = await Pair.open(redis.port, redeno.port);
    await other.both("SET", "k", "1");
    await pair.both("MULTI");
    await compareOtherLine(redis, redeno, pair);
  });

  await t.step("figures of redeno's lines are true as far as they go", () => trueFigures(redeno));

  await t.step("KILL closes whom it names and counts them", async () => {
    for (const kill of KILLS) {
      const [expected, actual] = [await afterKill(redis, kill), await afterKill(redeno, kill)];
      assertEquals(actual, expected, kill.join(" "));
    }
  });

  await t.step("who kills itself is answered first, and serves no more", async () => {
    const streams = [
      "CLIENT KILL TYPE normal SKIPME no\r\nPING\r\n",
      "MULTI\r\nPING\r\nCLIENT KILL TYPE normal SKIPME no\r\nEXEC\r\nPING\r\n",
      "CLIENT KILL SKIPME yes\r\nPING\r\n",
    ];
    for (const stream of streams) {
      assertEquals(await talk(redeno.port, stream), await talk(redis.port, stream), stream);
    }
  });

  await t.step("TRACKING ON is refused in words of redeno's own", async () => {
    await using client = await connect(redeno.port);
    const reply = await client.callRaw("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a");
    assertEquals(reply, "-ERR client-side caching is not supported yet\r\n");
  });
});

Deno.test("CLIENT PAUSE holds whom it should for as long as it says", withRedis, async (t) => {
  await using redis = await startRedis();
  await using redeno = await startRedeno(["--save", ""]);

  for (const server of [redis, redeno]) {
    const name = server === redis ? "redis" : "redeno";
    const paused = (...script: readonly Timed[]) => runTimed(server, script);

    await t.step(`${name}: all commands wait until the end`, () =>
      paused(
        ["CLIENT PAUSE 150", "at once"],
        ["PING", 150],
        ["PING", "at once"],
        ["SET k v", "at once"],
      ));

    await t.step(`${name}: WRITE lets readers through`, () =>
      paused(
        ["CLIENT PAUSE 200 WRITE", "at once"],
        ["GET k", "at once"],
        ["PING", "at once"],
        ["MULTI", "at once"],
        ["GET k", "at once"],
        ["EXEC", "at once"],
        ["SET k v", 200],
      ));

    await t.step(
      `${name}: WRITE holds a write, queued or not, and what may replicate`,
      async () => {
        await paused(
          ["CLIENT PAUSE 150 WRITE", "at once"],
          ["MULTI", "at once"],
          ["SET k v", "at once or held"],
          ["EXEC", "at once or held"],
          ["GET k", "at once"],
        );
        await paused(
          ["CLIENT PAUSE 150 WRITE", "at once"],
          ["NOSUCH", "at once"],
          ["SET k", "at once"],
          ["DEL missing", 150],
        );
      },
    );

    await t.step(`${name}: a second PAUSE makes it longer, never shorter`, async () => {
      await paused(
        ["CLIENT PAUSE 100 WRITE", "at once"],
        ["CLIENT PAUSE 250 WRITE", "at once"],
        ["SET k v", 250],
      );
      await paused(
        ["CLIENT PAUSE 250 WRITE", "at once"],
        ["CLIENT PAUSE 20 WRITE", "at once"],
        ["SET k v", 250],
      );
      await paused(
        ["CLIENT PAUSE 150 WRITE", "at once"],
        ["CLIENT PAUSE 0 WRITE", "at once"],
        ["SET k v", 150],
      );
    });

    await t.step(`${name}: a second PAUSE makes it stricter, never milder`, () =>
      paused(
        ["CLIENT PAUSE 150 WRITE", "at once"],
        ["CLIENT PAUSE 50 ALL", "at once"],
        ["PING", 150],
      ));

    await t.step(`${name}: UNPAUSE lets everybody go on`, async () => {
      await using boss = await connect(server.port);
      await using held = await connect(server.port);
      await boss.call("CLIENT", "PAUSE", "60000", "WRITE");
      await held.send("SET", "k", "held");
      await held.send("GET", "k");
      assertEquals(await held.readRawWithin(60), undefined);
      assertEquals(await boss.callRaw("GET", "k"), "$1\r\nv\r\n");
      assertEquals(await infoFigure(boss, "blocked_clients"), 1);
      assert(/ flags=b .* cmd=set /.test(await boss.callRaw("CLIENT", "LIST")));
      await boss.call("CLIENT", "UNPAUSE");
      assertEquals(await held.readRaw(), "+OK\r\n");
      assertEquals(await held.readRaw(), "$4\r\nheld\r\n");
    });

    await t.step(`${name}: a client that leaves while it waits changes nothing`, async () => {
      await using boss = await connect(server.port);
      await boss.call("SET", "k", "before");
      await boss.call("CLIENT", "PAUSE", "60000", "WRITE");
      {
        await using gone = await connect(server.port);
        await gone.send("SET", "k", "after");
        assertEquals(await gone.readRawWithin(30), undefined);
      }
      await new Promise((resolve) => setTimeout(resolve, 30));
      assertEquals(await infoFigure(boss, "blocked_clients"), 0);
      await boss.call("CLIENT", "UNPAUSE");
      assertEquals(await boss.callRaw("GET", "k"), "$6\r\nbefore\r\n");
    });
  }
});

/** A command and how long after the first one its reply must come, in ms. */
type Timed = readonly [command: string, when: number | "at once" | "at once or held"];

/** A reply may be this late; the machine may be busy. */
const SLACK_MS = 140;
/** A command served "at once" takes less. */
const AT_ONCE_MS = 60;

async function runTimed(server: Server, script: readonly Timed[]): Promise<void> {
  await using client = await connect(server.port);
  const began = performance.now();
  for (const [command, when] of script) {
    const sent = performance.now();
    await client.callRaw(...command.split(" "));
    const now = performance.now();
    if (when === "at once") {
      assertLess(now - sent, AT_ONCE_MS, command);
    } else if (when !== "at once or held") {
      assertGreater(now - began, when - 10, command);
      assertLess(now - began, when + SLACK_MS, command);
    }
  }
}

type Line = Map<string, string>;

/** The lines that a CLIENT subcommand answers with, field by field. */
async function linesOf(client: RespClient, ...command: string[]): Promise<Line[]> {
  const reply = await client.call(...command);
  assert(reply.type === "bulk" || reply.type === "verbatim", JSON.stringify(reply));
  assert(reply.value.endsWith("\n"));
  return reply.value.trimEnd().split("\n").map((line) =>
    new Map(
      line.split(" ").map((field) => {
        const equals = field.indexOf("=");
        return [field.slice(0, equals), field.slice(equals + 1)];
      }),
    )
  );
}

/** Fields that are facts and not measures. */
const FACTS = [
  "name",
  "db",
  "flags",
  "sub",
  "psub",
  "ssub",
  "multi",
  "cmd",
  "user",
  "redir",
  "resp",
];

function compareLines(expected: Line, actual: Line): void {
  assertEquals([...actual.keys()], [...expected.keys()], "fields and their order");
  for (const field of FACTS) assertEquals(actual.get(field), expected.get(field), field);
  for (const [field, value] of actual) {
    if (field.endsWith("addr")) assert(/^127\.0\.0\.1:\d+$/.test(value), `${field}=${value}`);
    else if (field === "events") assert(/^rw?$/.test(value), value);
    else if (!FACTS.includes(field)) assert(/^\d+$/.test(value), `${field}=${value}`);
  }
}

async function compareOwnLine(pair: Pair): Promise<void> {
  const [[left], [right]] = [
    await linesOf(pair.left, "CLIENT", "INFO"),
    await linesOf(pair.right, "CLIENT", "INFO"),
  ];
  compareLines(left, right);
  // Of a command that is alone in its buffer, and whose reply has not begun, these are facts, too.
  for (const field of ["qbuf", "argv-mem", "multi-mem", "obl", "oll", "omem"]) {
    assertEquals(right.get(field), left.get(field), field);
  }
}

/** Compares how two more clients see those of `pair`. */
async function compareOtherLine(redis: Server, redeno: Server, pair: Pair): Promise<void> {
  await using asking = await Pair.open(redis.port, redeno.port);
  const [left, right] = await Promise.all([
    linesOf(asking.left, "CLIENT", "LIST"),
    linesOf(asking.right, "CLIENT", "LIST", "TYPE", "NORMAL"),
  ]);
  assertEquals([left.length, right.length >= 2], [right.length, true]);
  for (const [i, line] of left.entries()) compareLines(line, right[i]);
  assert(pair.left !== asking.left);
}

async function trueFigures(redeno: Server): Promise<void> {
  await using client = await connect(redeno.port);
  const id = await client.call("CLIENT", "ID");
  assert(id.type === "int");
  const [, , list] = await client.pipeline([["MULTI"], ["SET", "key", "value"], ["DISCARD"]]);
  assertEquals(list, { type: "simple", value: "OK" });
  const [line] = await linesOf(client, "CLIENT", "LIST", "ID", String(id.value));
  assertEquals(line.get("id"), String(id.value));
  assertEquals(line.get("argv-mem"), String("CLIENTLISTID".length + String(id.value).length));
  assertEquals(line.get("laddr"), `127.0.0.1:${redeno.port}`);

  await using asking = await connect(redeno.port);
  await client.pipeline([["MULTI"], ["SET", "key", "value"]]);
  await client.sendRaw("*2\r\n$4\r\nECHO\r\n$100\r\nhalf an argument");
  await new Promise((resolve) => setTimeout(resolve, 50));
  const [other] = await linesOf(asking, "CLIENT", "LIST", "ID", String(id.value));
  assertEquals(other.get("multi-mem"), String("SETkeyvalue".length));
  assertEquals(other.get("qbuf"), String("*2\r\n$4\r\nECHO\r\n$100\r\nhalf an argument".length));
  assert(Number(other.get("qbuf-free")) > 0);
}

/** CLIENT KILL with `VICTIM` and `SELF` for an id, an address or a local address. */
const KILLS: readonly (readonly string[])[] = [
  ["ADDRESS"],
  ["ID", "VICTIM"],
  ["ADDR", "ADDRESS"],
  ["LADDR", "LOCAL"],
  ["LADDR", "LOCAL", "SKIPME", "yes"],
  ["ID", "VICTIM", "ADDR", "ADDRESS", "LADDR", "LOCAL", "USER", "default", "TYPE", "normal"],
  ["ID", "VICTIM", "TYPE", "pubsub"],
  ["ID", "VICTIM", "ADDR", "1.1.1.1:1"],
  ["ID", "SELF"],
  ["ID", "SELF", "SKIPME", "YES"],
  ["SKIPME", "YES"],
  ["TYPE", "normal"],
  ["TYPE", "normal", "ID", "VICTIM", "SKIPME", "no"],
  ["USER", "default"],
];

/** What a kill answers, and whether the victim and the killer can still PING. */
async function afterKill(server: Server, kill: readonly string[]): Promise<unknown[]> {
  await using victim = await connect(server.port);
  await using self = await connect(server.port);
  const [[line], [own]] = [
    await linesOf(victim, "CLIENT", "INFO"),
    await linesOf(self, "CLIENT", "INFO"),
  ];
  const meaning: Record<string, string | undefined> = {
    VICTIM: line.get("id"),
    ADDRESS: line.get("addr"),
    LOCAL: line.get("laddr"),
    SELF: own.get("id"),
  };
  const reply = await self.callRaw("CLIENT", "KILL", ...kill.map((word) => meaning[word] ?? word));
  return [reply, await isAlive(victim), await isAlive(self)];
}

async function isAlive(client: RespClient): Promise<boolean> {
  try {
    return await client.callRaw("PING") === "+PONG\r\n";
  } catch {
    return false;
  }
}

Deno.test({
  name: "a client in EXEC is shown with its transaction, which has gone when EXEC ends",
  ...withRedis,
  async fn() {
    await using redeno = await startRedeno();
    await using redis = await startRedis();
    const shown = await Promise.all([redeno, redis].map(async ({ port }) => {
      await using client = await connect(port);
      await client.call("MULTI");
      await client.call("INCR", "list");
      await client.call("CLIENT", "INFO");
      const inside = await client.callRaw("EXEC");
      const after = await client.callRaw("CLIENT", "INFO");
      return [inside, after].map((text) => text.match(/(flags|multi|cmd)=\S+/g));
    }));
    assertEquals(shown[0], shown[1]);
    assertEquals(shown[0][0], ["flags=x", "multi=2", "cmd=exec"]);
  },
});
