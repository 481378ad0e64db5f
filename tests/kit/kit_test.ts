/** The tools of the tests, tested: a tool that cannot fail would make every other test worthless. */

import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "./assert.ts";
import { sameReply } from "./compare.ts";
import { MismatchError, Pair } from "./differential.ts";
import { flags, Seeded } from "./flags.ts";
import { freePort, hasRedisServer, StartError, startRedis } from "./oracle.ts";
import { connect, fromLatin1 } from "./resp_client.ts";
import { parseReply, ProtocolError, ReplyScanner } from "./resp_reply.ts";
import { shortestFailing } from "./shrink.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const EVERY_TYPE = [
  "+OK\r\n",
  "-ERR no\r\n",
  ":-5\r\n",
  ":9223372036854775807\r\n",
  "$-1\r\n",
  "*-1\r\n",
  "_\r\n",
  "$0\r\n\r\n",
  "$4\r\na\r\nb\r\n",
  "*0\r\n",
  "*2\r\n$1\r\na\r\n*1\r\n:1\r\n",
  "%1\r\n+k\r\n~2\r\n,1.5\r\n#t\r\n",
  "=6\r\ntxt:hi\r\n",
  "(123456789012345678901234567890\r\n",
  "!5\r\nERR x\r\n",
  ">2\r\n+message\r\n$1\r\nx\r\n",
  "|1\r\n+ttl\r\n:3\r\n*1\r\n$1\r\nv\r\n",
];

Deno.test("the end of a reply is found however its bytes arrive", () => {
  const all = fromLatin1(EVERY_TYPE.join(""));
  const scanner = new ReplyScanner();
  let start = 0;
  const found: string[] = [];
  for (let have = 0; have <= all.length; have++) {
    const end = scanner.scan(all.subarray(start, have));
    if (end === undefined) continue;
    found.push(String.fromCharCode(...all.subarray(start, start + end)));
    start += end;
  }
  assertEquals(found, EVERY_TYPE);
});

Deno.test("a reply keeps its RESP type, and each null is itself", () => {
  assertEquals(EVERY_TYPE.map(parseReply), [
    { type: "simple", value: "OK" },
    { type: "error", value: "ERR no" },
    { type: "int", value: -5 },
    { type: "int", value: 9223372036854775807n },
    { type: "null", wire: "$-1" },
    { type: "null", wire: "*-1" },
    { type: "null", wire: "_" },
    { type: "bulk", value: "" },
    { type: "bulk", value: "a\r\nb" },
    { type: "array", items: [] },
    {
      type: "array",
      items: [{ type: "bulk", value: "a" }, { type: "array", items: [{ type: "int", value: 1 }] }],
    },
    {
      type: "map",
      entries: [[
        { type: "simple", value: "k" },
        { type: "set", items: [{ type: "double", value: "1.5" }, { type: "bool", value: true }] },
      ]],
    },
    { type: "verbatim", format: "txt", value: "hi" },
    { type: "bignum", value: "123456789012345678901234567890" },
    { type: "bulk_error", value: "ERR x" },
    {
      type: "push",
      items: [{ type: "simple", value: "message" }, { type: "bulk", value: "x" }],
    },
    {
      type: "attribute",
      entries: [[{ type: "simple", value: "ttl" }, { type: "int", value: 3 }]],
      reply: { type: "array", items: [{ type: "bulk", value: "v" }] },
    },
  ]);
});

Deno.test("bytes that are not RESP are refused", () => {
  for (const raw of ["hello\r\n", "$x\r\n", "$1\r\nabc", "+a\rb", "*-2\r\n", "*1x\r\n"]) {
    assertThrows(() => new ReplyScanner().scan(fromLatin1(raw)), ProtocolError);
  }
});

Deno.test("replies are compared byte for byte unless a test allows more", () => {
  const [ab, ba] = ["*2\r\n+a\r\n+b\r\n", "*2\r\n+b\r\n+a\r\n"];
  assert(!sameReply(ab, ba));
  assert(!sameReply("$-1\r\n", "_\r\n"));
  assert(sameReply(ab, ba, { unordered: true }));
  assert(!sameReply(ab, "*2\r\n+a\r\n+a\r\n", { unordered: true }));
  assert(!sameReply(ab, "~2\r\n+a\r\n+b\r\n", { unordered: true }));
  assert(!sameReply(ab, "*2\r\n$1\r\na\r\n+b\r\n", { unordered: true }));
  const nested = [`*2\r\n+0\r\n${ab}`, `*2\r\n+0\r\n${ba}`];
  assert(!sameReply(nested[0], nested[1], { unordered: true }));
  assert(sameReply(nested[0], nested[1], { unordered: "deep" }));
  const flat = ["*4\r\n+k\r\n+1\r\n+l\r\n+2\r\n", "*4\r\n+l\r\n+2\r\n+k\r\n+1\r\n"];
  assert(sameReply(flat[0], flat[1], { unordered: "pairs" }));
  assert(!sameReply(flat[0], "*4\r\n+k\r\n+2\r\n+l\r\n+1\r\n", { unordered: "pairs" }));
  assert(sameReply(":12\r\n", ":13\r\n", { pattern: /^:1\d\r\n$/g }));
  assert(!sameReply(":12\r\n", ":23\r\n", { pattern: /^:1\d\r\n$/g }));
  assert(sameReply("+a\r\n", "-b\r\n", { ignore: true }));
});

Deno.test("a failing sequence shrinks to the steps that matter, in order", async () => {
  const steps = Array.from({ length: 500 }, (_, i) => i);
  let runs = 0;
  const shortest = await shortestFailing(steps, (part) => {
    runs++;
    const at = part.indexOf(400);
    const fails = at >= 0 && part.includes(17) && part.includes(18) && part.includes(333);
    return Promise.resolve(fails ? at : undefined);
  });
  assertEquals(shortest, [17, 18, 333, 400]);
  assertLess(runs, 200);
});

Deno.test("one seed gives one sequence, another seed another", () => {
  const { seed } = flags(1);
  const draw = (from: number) => {
    const chance = new Seeded(from);
    return Array.from({ length: 20 }, () => chance.between(-3, 3));
  };
  assertEquals(draw(seed), draw(seed));
  assert(draw(seed).every((x) => x >= -3 && x <= 3));
  assert(String(draw(seed)) !== String(draw(seed + 1)));
});

Deno.test({
  ...withRedis,
  name: "large replies, many replies and replies that do not come are read",
  async fn() {
    await using redis = await startRedis();
    await using client = await connect(redis.port, { timeout_ms: 5000 });
    const value = "\xff\r\n\0".repeat(500_000);
    assertEquals(await client.call("SET", "k", value), { type: "simple", value: "OK" });
    assertEquals(await client.call("GET", "k"), { type: "bulk", value });
    const many = await client.pipeline(Array.from({ length: 20_000 }, () => ["INCR", "n"]));
    assertEquals(many.at(-1), { type: "int", value: 20_000 });
    assertEquals(await client.readWithin(20), undefined);
    await client.send("QUIT");
    assertEquals(await client.readToEnd(), "+OK\r\n");
    await assertRejects(() => client.call("PING"), Error);
  },
});

Deno.test({
  ...withRedis,
  name: "a reply that never comes fails the test instead of hanging it",
  async fn() {
    await using redis = await startRedis();
    await using client = await connect(redis.port, { timeout_ms: 50 });
    await assertRejects(() => client.call("BLPOP", "nothing", "0"), Error, "no reply within 50 ms");
  },
});

Deno.test({
  ...withRedis,
  name: "a killed server can be started again on its directory, a stopped one leaves nothing",
  async fn() {
    const options = ["--appendonly", "yes", "--appendfsync", "always"];
    await using first = await startRedis(options);
    await using client = await connect(first.port);
    await client.call("SET", "k", "v");
    const status = await first.kill();
    assertEquals(status.signal, "SIGKILL");
    {
      await using second = await startRedis(options, { dir: first.dir });
      await using again = await connect(second.port);
      assertEquals(await again.call("GET", "k"), { type: "bulk", value: "v" });
      assertStringIncludes(second.log(), "Ready to accept connections");
    }
    await first.stop();
    await assertRejects(() => Deno.stat(first.dir), Deno.errors.NotFound);
  },
});

Deno.test({
  ...withRedis,
  name: "a server that does not start fails with its exit code and its log",
  async fn() {
    const error = await assertRejects(() => startRedis(["--no-such-option", "1"]), StartError);
    assertEquals(error.code, 1);
    assertMatch(error.log, /no-such-option/);
    assertGreater(freePort(), 0);
  },
});

Deno.test({
  ...withRedis,
  name: "the same commands to two equal servers are the same",
  async fn() {
    const { seed, size } = flags(2000);
    await using left = await startRedis();
    await using right = await startRedis();
    await using pair = await Pair.open(left.port, right.port);
    assertEquals(await pair.both("SADD", "s", "a", "b"), { type: "int", value: 2 });
    await pair.bothWith({ unordered: true }, "SMEMBERS", "s");
    await pair.generated(seed, size, (chance) => {
      const key = chance.pick(["a", "b", "c"]);
      if (chance.chance(0.1)) return { command: ["TIME"], compare: { ignore: true } };
      return chance.pick([["INCR", key], ["APPEND", key, "x"], ["DEL", key], ["LPUSH", key, "1"]]);
    }, { setup: [["HELLO", "3"]] });
  },
});

Deno.test({
  ...withRedis,
  name: "a mismatch found by hand says what was sent before",
  async fn() {
    await using left = await startRedis();
    await using right = await startRedis();
    await using pair = await Pair.open(left.port, right.port);
    await pair.both("SET", "k", "a b");
    await pair.right.call("APPEND", "k", "!");
    const error = await assertRejects(() => pair.both("GET", "k"), MismatchError);
    assertEquals(error.commands, [["SET", "k", "a b"], ["GET", "k"]]);
    assertEquals(error.replies, ["$3\r\na b\r\n", "$4\r\na b!\r\n"]);
    assertStringIncludes(error.message, '1) SET k "a b"');
  },
});

Deno.test({
  ...withRedis,
  name: "a mismatch found by a generator is shrunk to the commands that matter",
  async fn() {
    const { seed, size } = flags(3000);
    // The two servers differ in one thing: the size at which a set of integers changes its encoding.
    await using left = await startRedis(["--set-max-intset-entries", "512"]);
    await using right = await startRedis(["--set-max-intset-entries", "2"]);
    await using pair = await Pair.open(left.port, right.port);
    const error = await assertRejects(() =>
      pair.generated(seed, size, (chance) => {
        const key = chance.pick(["a", "b", "c"]);
        const member = String(chance.below(50));
        const noise = [["SET", `x${member}`, "1"], ["GET", `x${member}`], ["SCARD", key]];
        const set = [["SADD", key, member], ["SREM", key, member], ["OBJECT", "ENCODING", key]];
        return chance.pick([...noise, ...set]);
      }), MismatchError);
    assertStringIncludes(error.message, `seed ${seed}`);
    assertEquals(error.commands.map((command) => command[0]), ["SADD", "SADD", "SADD", "OBJECT"]);
    assertEquals(error.replies, ["$6\r\nintset\r\n", "$9\r\nhashtable\r\n"]);
  },
});
