/**
 * Pub/sub against the real Redis, byte for byte: subscribing, messages in RESP2 and RESP3, what a
 * subscriber may do, and what is left of one that goes.
 */

import { assert, assertEquals } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";
import { eventually, infoFigure, sleep } from "../server/kit.ts";
import { allReceived, exchange } from "./pubsub_kit.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const SCRIPTS: readonly (readonly [name: string, script: string])[] = [
  [
    "channels, patterns and shard channels are counted and answered one by one",
    `A SUBSCRIBE a b a
     A PSUBSCRIBE a* [ab]
     A SSUBSCRIBE a s s
     A SUBSCRIBE ""
     A UNSUBSCRIBE b nosuch
     A PUNSUBSCRIBE x a*
     A SUNSUBSCRIBE nosuch a
     A UNSUBSCRIBE ""
     A UNSUBSCRIBE
     A PUNSUBSCRIBE
     A SUNSUBSCRIBE
     A UNSUBSCRIBE
     A PUNSUBSCRIBE
     A SUNSUBSCRIBE
     A GET x`,
  ],
  [
    "messages reach the subscribers of a channel, then those of patterns",
    `A SUBSCRIBE news
     B PSUBSCRIBE n?ws
     C SUBSCRIBE news
     C PSUBSCRIBE ne*
     D PUBLISH news hello
     D PUBLISH news ""
     D PUBLISH news \\r\\n\\0\xff
     D PUBLISH other x
     D PUBLISH "" x
     C UNSUBSCRIBE news
     D PUBLISH news again
     A UNSUBSCRIBE
     B PUNSUBSCRIBE
     C PUNSUBSCRIBE
     D PUBLISH news nobody`,
  ],
  [
    "shard channels are a world of their own",
    `A SSUBSCRIBE s
     B SUBSCRIBE s
     C PSUBSCRIBE *
     D SPUBLISH s x
     D PUBLISH s y
     D SPUBLISH nosuch x
     D PUBSUB SHARDCHANNELS
     D PUBSUB SHARDNUMSUB s nosuch
     D PUBSUB CHANNELS`,
  ],
  [
    "PUBSUB tells who is subscribed to what",
    `D PUBSUB CHANNELS
     D PUBSUB NUMPAT
     D PUBSUB NUMSUB
     A SUBSCRIBE one
     B SUBSCRIBE one
     B PSUBSCRIBE p* q*
     A PSUBSCRIBE p*
     A SSUBSCRIBE shard
     D PUBSUB CHANNELS
     D PUBSUB CHANNELS o*
     D PUBSUB CHANNELS x
     D PUBSUB CHANNELS ""
     D PUBSUB NUMPAT
     D PUBSUB NUMSUB one two one
     D PUBSUB SHARDCHANNELS s*
     D PUBSUB SHARDCHANNELS t*
     D PUBSUB SHARDNUMSUB
     D PUBSUB
     D PUBSUB NOSUCH
     D PUBSUB channels a b
     D PUBSUB ShardChannels a b
     D PUBSUB NUMPAT x
     D PUBSUB HELP x
     D PUBSUB HELP
     D HELLO 3
     D PUBSUB NUMSUB one
     D PUBSUB CHANNELS
     D PUBSUB help`,
  ],
  [
    "arguments are counted",
    `A SUBSCRIBE
     A PSUBSCRIBE
     A SSUBSCRIBE
     A PUBLISH
     A PUBLISH a
     A PUBLISH a b c
     A SPUBLISH a
     A SPUBLISH a b c`,
  ],
  [
    "a subscriber in RESP2 may do little else",
    `A SUBSCRIBE a
     A PING
     A PING hello
     A PING a b
     A GET x
     A GET
     A nosuch
     A CONFIG GET port
     A CONFIG NOSUCH
     A CLIENT ID
     A HELLO 3
     A MULTI
     A EXEC
     A PUBLISH a b
     A PUBSUB NUMPAT
     A psubscribe p
     A SSUBSCRIBE s
     A UNSUBSCRIBE
     A GET x
     A PUNSUBSCRIBE
     A GET x
     A PING
     A SUNSUBSCRIBE
     A GET x
     A PING`,
  ],
  [
    "RESET ends all subscriptions without a word",
    `A SUBSCRIBE a b
     A PSUBSCRIBE p
     A SSUBSCRIBE s
     A RESET
     A GET x
     D PUBSUB CHANNELS
     D PUBSUB NUMPAT
     D PUBSUB SHARDCHANNELS
     D PUBLISH a x
     A UNSUBSCRIBE
     A HELLO 3
     A SUBSCRIBE a
     A RESET
     A PING
     D PUBLISH a x`,
  ],
  [
    "QUIT is answered, and leaves nothing behind",
    `A SUBSCRIBE a
     A PSUBSCRIBE p
     A QUIT
     D PUBLISH a x
     D PUBSUB NUMPAT
     D PUBSUB CHANNELS`,
  ],
  [
    "a subscriber in RESP3 may do everything, and gets pushes",
    `A HELLO 3
     A SUBSCRIBE a b
     A PSUBSCRIBE a*
     A PING
     A PING x
     A SET k v
     A GET k
     A UNSUBSCRIBE a
     A UNSUBSCRIBE
     A UNSUBSCRIBE
     A PUNSUBSCRIBE
     A PUNSUBSCRIBE
     A SSUBSCRIBE s
     B SPUBLISH s x
     A SUNSUBSCRIBE s
     A SUNSUBSCRIBE
     A SUBSCRIBE a
     B PUBLISH a x
     A PUBLISH a y
     A HELLO 2
     A GET k
     A UNSUBSCRIBE a
     A GET k`,
  ],
  [
    "a transaction may subscribe",
    `A MULTI
     A SUBSCRIBE a
     A PING
     A GET x
     A EXEC
     A GET x
     B PUBLISH a x
     A UNSUBSCRIBE
     A MULTI
     A SUBSCRIBE a
     A DISCARD
     B PUBLISH a x
     B MULTI
     B PUBLISH a 1
     B SUBSCRIBE a b
     B PING
     B EXEC
     B PING
     B UNSUBSCRIBE b
     B UNSUBSCRIBE a
     C HELLO 3
     C MULTI
     C SUBSCRIBE c
     C GET x
     C EXEC
     D PUBLISH c x`,
  ],
  [
    "messages come although CLIENT REPLY wants no replies",
    `A CLIENT REPLY OFF
     A SUBSCRIBE a b
     A PING
     A GET x
     A PSUBSCRIBE p
     D PUBLISH a x
     A UNSUBSCRIBE a
     A PUNSUBSCRIBE
     A UNSUBSCRIBE b
     A CLIENT REPLY ON
     A CLIENT REPLY SKIP
     A SUBSCRIBE c
     A UNSUBSCRIBE
     B HELLO 3
     B SUBSCRIBE d
     B CLIENT REPLY OFF
     B PUBLISH d x
     B SET k v
     D PUBLISH d y
     B MULTI
     B SUBSCRIBE e
     B PUBLISH d z
     B PING
     B EXEC
     B CLIENT REPLY ON
     B PING`,
  ],
  [
    "a client that waits for a key gets messages meanwhile",
    `A HELLO 3
     A SUBSCRIBE a
     A BLPOP l 0
     D PUBLISH a x
     D PUBLISH a y
     D RPUSH l v
     A PING
     A CLIENT REPLY OFF
     A BLPOP l 0
     D PUBLISH a x
     D RPUSH l v
     D PUBLISH a y
     A CLIENT REPLY ON
     B HELLO 3
     B MULTI
     B SUBSCRIBE a
     B BLPOP l 0
     B EXEC
     D PUBLISH a x`,
  ],
  [
    "CLIENT LIST and KILL know subscribers by type",
    `A SUBSCRIBE a
     D PUBLISH a x
     D CLIENT KILL TYPE pubsub
     D PUBLISH a x
     D PUBSUB CHANNELS
     B HELLO 3
     B SSUBSCRIBE s
     D CLIENT KILL TYPE pubsub
     C SUBSCRIBE a
     C UNSUBSCRIBE a
     D CLIENT KILL TYPE pubsub`,
  ],
];

Deno.test({ name: "pub/sub speaks as Redis does", ...withRedis }, async (t) => {
  await using redis = await startRedis();
  await using redeno = await startRedeno(["--save", ""]);
  for (const [name, script] of SCRIPTS) {
    await t.step(name, async () => {
      const [wanted, got] = await Promise.all([
        exchange(redis, script),
        exchange(redeno, script),
      ]);
      assertEquals(allReceived(got), allReceived(wanted));
    });
  }
});

Deno.test({ name: "a message to oneself does not tear a reply apart", ...withRedis }, async () => {
  await using redeno = await startRedeno(["--save", "", "--notify-keyspace-events", "AKEm"]);
  const answers = await exchange(
    redeno,
    `A HELLO 3
     A SUBSCRIBE a
     A PSUBSCRIBE __keyevent*
     A MULTI
     A PUBLISH a x
     A PING
     A EXEC
     A MGET no such
     A SET k v`,
  );
  const ofA = answers.map((each) => each.answers.A ?? "");
  const message = ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n";
  assertEquals(ofA[6], `*2\r\n:1\r\n+PONG\r\n${message}`);
  assert(ofA[7].startsWith("*2\r\n_\r\n_\r\n>4\r\n"), ofA[7]);
  assert(ofA[8].startsWith(">4\r\n") && ofA[8].endsWith("+OK\r\n"), ofA[8]);
});

Deno.test({ name: "CLIENT LIST shows what a client is subscribed to", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno(["--save", ""]);
  const shown = async (server: Server) => {
    await using client = await connect(server.port);
    await client.call("HELLO", "3");
    for (const words of ["SUBSCRIBE a", "PSUBSCRIBE p", "SSUBSCRIBE s"]) {
      await client.call(...words.split(" "));
    }
    const reply = await client.call("CLIENT", "INFO");
    const line = reply.type === "verbatim" ? reply.value : "";
    const listed = await client.call("CLIENT", "LIST", "TYPE", "pubsub");
    return [
      ...line.match(/(flags|sub|psub|ssub)=\S*/g) ?? [],
      listed.type === "verbatim" ? listed.value.split("\n").length : 0,
    ];
  };
  const wanted = await shown(redis);
  assertEquals(wanted, ["flags=P", "sub=1", "psub=1", "ssub=1", 2]);
  assertEquals(await shown(redeno), wanted);
});

/** A run over few names, several connections, and their closing. */
const NAMES = ["a", "b", "ab", "", "abc"];
const PATTERNS = ["a*", "?", "[ab]*", "*", "\\*", ""];

Deno.test(
  { name: "random subscriptions get the messages that Redis sends", ...withRedis },
  async () => {
    const { seed, size } = flags(700);
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    const chance = new Seeded(seed);
    const sides = await Promise.all([redis, redeno].map((server) => Crowd.open(server)));
    try {
      for (let i = 0; i < size; i++) {
        const step = randomStep(chance);
        const [wanted, got] = await Promise.all(sides.map((side) => side.take(step)));
        assertEquals(got, wanted, `seed ${seed}, step ${i + 1}: ${JSON.stringify(step)}`);
      }
    } finally {
      for (const side of sides) await side.close();
    }
  },
);

type CrowdStep = { readonly who: number; readonly command: readonly string[] };

function randomStep(chance: Seeded): CrowdStep {
  const who = chance.below(Crowd.SIZE);
  const name = () => chance.pick(NAMES);
  const command = chance.pick<() => string[]>([
    () => ["SUBSCRIBE", name(), name()],
    () => ["PSUBSCRIBE", chance.pick(PATTERNS)],
    () => ["SSUBSCRIBE", name()],
    () => ["UNSUBSCRIBE", name(), name()],
    () => ["PUNSUBSCRIBE", chance.pick(PATTERNS)],
    () => ["SUNSUBSCRIBE", name()],
    () => ["SUNSUBSCRIBE"],
    () => ["UNSUBSCRIBE"],
    () => ["PUNSUBSCRIBE"],
    () => ["RESET"],
    () => ["close"],
    () => ["PUBLISH", name(), "m"],
    () => ["SPUBLISH", name(), "m"],
    () => ["PUBSUB", "NUMSUB", ...NAMES],
    () => ["PUBSUB", "SHARDNUMSUB", ...NAMES],
    () => ["PUBSUB", "NUMPAT"],
    () => ["PUBSUB", "CHANNELS"],
  ])();
  return { who, command };
}

/** Subscribers in RESP2 and RESP3 and, as number 0, one who only publishes. */
class Crowd {
  static readonly SIZE = 5;
  readonly #server: Server;
  readonly #watcher: RespClient;
  #clients: RespClient[] = [];

  private constructor(server: Server, watcher: RespClient) {
    this.#server = server;
    this.#watcher = watcher;
  }

  static async open(server: Server): Promise<Crowd> {
    const crowd = new Crowd(server, await connect(server.port));
    for (let i = 0; i < Crowd.SIZE; i++) crowd.#clients.push(await crowd.#connect(i));
    return crowd;
  }

  /** Sends the command; what everybody has got by then, in an order of no meaning where it has none. */
  async take({ who, command }: CrowdStep): Promise<string[][]> {
    if (command[0] === "close") {
      await this.#clients[who][Symbol.asyncDispose]();
      const gone = Crowd.SIZE;
      await eventually("it has gone", async () => await this.#connected() === gone);
      this.#clients[who] = await this.#connect(who);
    } else {
      await this.#clients[who].send(...command);
      if (command[0] === "RESET" && who % 2 === 1) await this.#clients[who].send("HELLO", "3");
    }
    return await Promise.all(this.#clients.map((client) => untilPong(client)));
  }

  async close(): Promise<void> {
    for (const client of [...this.#clients, this.#watcher]) await client[Symbol.asyncDispose]();
  }

  async #connected(): Promise<number> {
    return await infoFigure(this.#watcher, "connected_clients");
  }

  async #connect(i: number): Promise<RespClient> {
    const client = await connect(this.#server.port);
    if (i % 2 === 1) await client.call("HELLO", "3");
    return client;
  }
}

/**
 * All that comes before the answer to a PING. Redis keeps patterns and names in hash tables: which of
 * two comes first is chance there.
 */
async function untilPong(client: RespClient): Promise<string[]> {
  await client.send("PING");
  const got: string[] = [];
  for (;;) {
    const raw = await client.readRaw();
    if (raw === "+PONG\r\n" || raw === "*2\r\n$4\r\npong\r\n$0\r\n\r\n") break;
    got.push(raw.startsWith("%7") ? "HELLO" : unorderedReply(raw));
  }
  return got.sort();
}

function unorderedReply(raw: string): string {
  // Where all are unsubscribed at once, the count that goes with each name is chance as well.
  const unsubscribed = /^[*>]3\r\n\$\d+\r\n(p|s)?unsubscribe/.test(raw);
  if (unsubscribed) return raw.replace(/:\d+\r\n$/, ":n\r\n");
  return raw.startsWith("*") ? raw.split("\r\n").sort().join(" ") : raw;
}

Deno.test({ name: "INFO counts channels and patterns", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno(["--save", ""]);
  await using pair = await Pair.open(redis.port, redeno.port);
  await pair.both("HELLO", "3").catch(() => {}); // the client's id may differ
  for (const words of ["SUBSCRIBE a", "PSUBSCRIBE p*", "SSUBSCRIBE s"]) {
    await pair.both(...words.split(" "));
  }
  for (const client of [pair.left, pair.right]) {
    const reply = await client.call("INFO", "stats");
    const text = reply.type === "verbatim" ? reply.value : "";
    assertEquals(text.match(/^pubsub.*$/gm)?.map((line) => line.trim()), [
      "pubsub_channels:1",
      "pubsub_patterns:1",
      "pubsubshard_channels:1",
    ]);
  }
});

const CHUNK = "x".repeat(64 * 1024);

/** Publishes until `isOver`, at most 64 MB; the channel's subscriber does not read. */
async function flood(client: RespClient, bytes: number, isOver: () => Promise<boolean>) {
  for (let sent = 0; sent < bytes && !(await isOver()); sent += 16 * CHUNK.length) {
    await client.pipeline(Array.from({ length: 16 }, () => ["PUBLISH", "slow", CHUNK]));
  }
}

Deno.test("a subscriber that does not read is closed at the hard limit", async () => {
  await using redeno = await startRedeno([
    "--save",
    "",
    "--client-output-buffer-limit",
    "pubsub 1mb 0 0",
  ]);
  await using slow = await connect(redeno.port);
  await using fast = await connect(redeno.port);
  await slow.call("SUBSCRIBE", "slow");
  const isGone = async () => {
    const reply = await fast.call("PUBSUB", "NUMSUB", "slow");
    return reply.type === "array" && reply.items[1].type === "int" && reply.items[1].value === 0;
  };
  await flood(fast, 64 << 20, isGone);
  assert(await isGone());
  await eventually(
    "only one is left",
    async () => await infoFigure(fast, "connected_clients") === 1,
  );
  assert(/closed for overcoming of output buffer limits/.test(redeno.log()), redeno.log());
});

Deno.test("a subscriber is closed when it stays above the soft limit, even in silence", async () => {
  await using redeno = await startRedeno([
    "--save",
    "",
    "--client-output-buffer-limit",
    "pubsub 0 256kb 1",
  ]);
  await using slow = await connect(redeno.port);
  await using fast = await connect(redeno.port);
  await slow.call("SUBSCRIBE", "slow");
  // More than the kernel takes on behalf of a reader that does not read.
  await flood(fast, 12 << 20, () => Promise.resolve(false));
  assertEquals(await infoFigure(fast, "connected_clients"), 2);
  await eventually("it is closed", async () => await infoFigure(fast, "connected_clients") === 1);
});

Deno.test("a subscriber may be silent for longer than others", async () => {
  await using redeno = await startRedeno(["--save", "", "--timeout", "1"]);
  await using subscriber = await connect(redeno.port);
  await using idle = await connect(redeno.port);
  await subscriber.call("SUBSCRIBE", "a");
  await idle.readToEnd();
  await sleep(100);
  assertEquals((await subscriber.call("PING", "x")).type, "array");
});
