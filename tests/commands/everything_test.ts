/** Commands of all groups, mixed at random over few keys, to the real Redis and to redeno. */

import { assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import type { Step } from "../kit/differential.ts";
import { words } from "./sessions.ts";
import { type Command, connect } from "../kit/resp_client.ts";
import { BlockingRoom } from "./blocking_kit.ts";
import { everything } from "./everything_commands.ts";
import { digestInRedis, digestOf, runEverything } from "./everything_run.ts";
import { waitingLine } from "./everything_waiting.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

/** What the values to be restored are made of. */
const MADE: readonly Command[] = [
  ["SET", "p", "hello"],
  ["SET", "p", "12"],
  ["RPUSH", "p", "a", "1", "-5", "x".repeat(100)],
  ["HSET", "p", "f", "v", "a", "1", "", "2"],
  ["SADD", "p", "1", "2", "70000"],
  ["SADD", "p", "a", "b", "c", "1"],
  ["ZADD", "p", "1", "a", "2.5", "b", "inf", "c"],
  ["XADD", "p", "5-1", "a", "x", "b", "12"],
  ["PFADD", "p", "a", "b", "c"],
];

async function payloads(redis: Server): Promise<string[]> {
  await using client = await connect(redis.port);
  const dumps: string[] = [];
  for (const command of MADE) {
    await client.call("DEL", "p");
    await client.call(...command);
    const reply = await client.call("DUMP", "p");
    if (reply.type !== "bulk") throw new Error(`DUMP: ${JSON.stringify(reply)}`);
    dumps.push(reply.value);
  }
  return dumps;
}

const LOGGED = ["--enable-debug-command", "yes", "--appendonly", "yes"];
const SETUP: readonly Command[] = [
  ["CONFIG", "SET", "notify-keyspace-events", "KEA"],
  // Whether an expired key is gone already is then up to the commands alone.
  ["DEBUG", "SET-ACTIVE-EXPIRE", "0"],
];
const PACKED: Command = ["CONFIG", "SET", "hash-max-listpack-entries", "128"]
  .concat("set-max-intset-entries", "512", "list-max-listpack-size", "-2")
  .concat("stream-node-max-entries", "100", "zset-max-listpack-entries", "128");
const LARGE: Command = ["CONFIG", "SET", "hash-max-listpack-entries", "3"]
  .concat("set-max-intset-entries", "2", "list-max-listpack-size", "3")
  .concat("stream-node-max-entries", "3", "zset-max-listpack-entries", "0");

/** What the stream has found, each as short as it came. Words are those of `sessions.ts`. */
const FOUND: readonly (readonly [name: string, script: string])[] = [
  [
    "what RESTORE replaces is deleted, not expired",
    `SET b x PXAT 1
     RESTORE b 1 $payload ABSTTL REPLACE
     SET b x PXAT 1
     RESTORE b 0 $payload REPLACE
     SET b x PXAT 1
     RESTORE b 0 $payload`,
  ],
  [
    "an unknown option of EXPIREAT is quoted up to its first zero byte",
    `PEXPIREAT f 33000000000000 q\\0z
     EXPIREAT f 33000000000 \\0`,
  ],
  [
    "ZINTERCARD counts no further than its limit in plain sets",
    `SADD e m n o
     ZINTERCARD 2 e e LIMIT 1
     ZINTERCARD 1 e LIMIT 2
     SADD i 1 2 3
     ZINTERCARD 1 i LIMIT 2`,
  ],
];

function scriptSteps(script: string, payload: string): Step[] {
  return script.split("\n").map((line) => {
    const command = words(line.trim().split(/\s+/));
    return { command: command.map((word) => word === "$payload" ? payload : word) };
  });
}

Deno.test({
  name: "random commands of all groups get the replies and leave the data that Redis has",
  ...withRedis,
  async fn(t) {
    const { seed, size } = flags(6000);
    await using redis = await startRedis(["--enable-debug-command", "yes"]);
    await using redeno = await startRedeno([
      "--save",
      "",
      "--enable-debug-command",
      "yes",
      "--appendonly",
      "yes",
    ]);
    const values = await payloads(redis);
    for (const [name, script] of FOUND) {
      await t.step(name, () => {
        const steps = scriptSteps(script, values[0]);
        return runEverything({ redis, redeno, setup: [...SETUP, LARGE] }, steps);
      });
    }
    for (const [i, form] of [PACKED, LARGE].entries()) {
      const make = everything({ payloads: values, packed: i === 0 });
      for (const protocol of ["2", "3"]) {
        await t.step(`${i === 0 ? "small" : "large"} values, RESP${protocol}`, async () => {
          const chance = new Seeded(seed + 2 * i + Number(protocol));
          const steps = Array.from({ length: size / 4 }, () => make(chance));
          const setup = [...SETUP, form, ["HELLO", protocol]];
          await runEverything({ redis, redeno, setup }, steps);
          assertEquals(await digestInRedis(redeno), await digestOf(redeno));
        });
      }
    }
  },
});

Deno.test({
  name: "clients that wait for, watch and undo each other are answered as by Redis",
  ...withRedis,
  async fn() {
    const { seed, size } = flags(300);
    const chance = new Seeded(seed);
    await using redis = await startRedis(["--enable-debug-command", "yes"]);
    await using redeno = await startRedeno(["--save", "", ...LOGGED]);
    await using room = new BlockingRoom(redis, redeno);
    for (let i = 0; i < size; i++) {
      if (i % 100 === 0) await room.run("A CLOSE\nB CLOSE\nC CLOSE\nD CLOSE\nP FLUSHALL");
      await room.run(waitingLine(chance, room));
    }
    const digest = await digestOf(redeno);
    assertEquals(digest, await digestOf(redis));
    assertEquals(await digestInRedis(redeno), digest);
  },
});
