/** Raw bytes, sound and broken, to the real Redis and to redeno: the same raw replies until the end. */

import { assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { LONG_STREAMS, STREAMS, UNAUTHENTICATED_STREAMS } from "./corpus.ts";
import { mutated, quoted, talk } from "./raw_talk.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const ALL = [...STREAMS, ...LONG_STREAMS, ...UNAUTHENTICATED_STREAMS];
/** Connections at a time. */
const PARALLEL = 8;

/** Compares what both servers say to each stream. */
async function compare(redis: Server, redeno: Server, streams: readonly string[]): Promise<void> {
  for (let i = 0; i < streams.length; i += PARALLEL) {
    await Promise.all(
      streams.slice(i, i + PARALLEL).map(async (stream) => {
        const [expected, actual] = await Promise.all([
          talk(redis.port, stream),
          talk(redeno.port, stream),
        ]);
        assertEquals(actual, expected, `to ${quoted(stream)}`);
      }),
    );
  }
}

Deno.test("redeno answers raw streams byte for byte as Redis does", withRedis, async (t) => {
  await using redis = await startRedis();
  await using redeno = await startRedeno(["--save", ""]);
  const { seed, size } = flags(300);

  await t.step("those of the corpus", () => compare(redis, redeno, ALL));

  await t.step("replies to all that was sent before the sender closed its side", async () => {
    const stream = "*2\r\n$4\r\nECHO\r\n$1000\r\n" + "x".repeat(1000) + "\r\n";
    await compare(redis, redeno, [stream.repeat(500), "PING\n".repeat(5000)]);
  });

  await t.step("mutations of them", async () => {
    const chance = new Seeded(seed);
    const streams = Array.from({ length: size }, () => mutated(chance.pick(STREAMS), chance));
    await compare(redis, redeno, streams);
  });
});

Deno.test("redeno answers raw streams as Redis does before AUTH", withRedis, async (t) => {
  const options = ["--requirepass", "secret"];
  await using redis = await startRedis(options);
  await using redeno = await startRedeno([...options, "--save", ""]);
  const { seed, size } = flags(150);
  const auth = "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n";

  await t.step("those of the corpus", () => compare(redis, redeno, ALL));

  await t.step("and after it in the same stream", () =>
    compare(redis, redeno, [
      ...UNAUTHENTICATED_STREAMS.map((stream) => auth + stream),
      ...UNAUTHENTICATED_STREAMS.map((stream) => `AUTH wrong\r\n${stream}`),
      `AUTH secret\r\n${UNAUTHENTICATED_STREAMS[1]}RESET\r\n${UNAUTHENTICATED_STREAMS[1]}`,
    ]));

  await t.step("mutations of them", async () => {
    const chance = new Seeded(seed);
    const streams = Array.from(
      { length: size },
      () => mutated(chance.pick([...STREAMS, ...UNAUTHENTICATED_STREAMS]), chance),
    );
    await compare(redis, redeno, streams);
  });
});
