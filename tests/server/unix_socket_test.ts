/** Clients through a Unix socket: as the real Redis serves them, and as over TCP. */

import { createClient } from "redis";
import { Redis } from "ioredis";
import { assert, assertEquals } from "../kit/assert.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { connectAt, kindOf, SOCKET } from "../kit/unix_client.ts";
import { createServer } from "../../lib/mod.ts";
import { eventually, infoFigure, openSockets } from "./kit.ts";

const always = { sanitizeOps: true, sanitizeResources: true };
const withRedis = { ...always, ignore: !hasRedisServer() };

/** A large reply: no socket's buffer holds it. */
const LARGE_BYTES = 40_000_000;

/** Sent one after the other through the socket; CLIENT LIST is cut to what does not vary. */
const ASKED: readonly (readonly string[])[] = [
  ["CONFIG", "GET", "unixsocket"],
  ["CONFIG", "GET", "unixsocketperm"],
  ["CONFIG", "SET", "unixsocket", "/elsewhere.sock"],
  ["CONFIG", "SET", "unixsocketperm", "777"],
  ["CLIENT", "INFO"],
  ["CLIENT", "LIST"],
  ["CLIENT", "NO-EVICT", "ON"],
  ["CLIENT", "INFO"],
  ["CLIENT", "NO-EVICT", "OFF"],
  ["DEBUG", "SLEEP", "0"],
  ["CLIENT", "KILL", "ADDR", "/other.sock:0"],
  ["CLIENT", "KILL", "/other.sock:0"],
  ["CLIENT", "KILL", "ADDR", `${SOCKET}:0`],
  ["CLIENT", "KILL", "LADDR", `${SOCKET}:0`],
  ["CLIENT", "KILL", "LADDR", `${SOCKET}:0`, "SKIPME", "no"],
];

/** What of a reply is the same on every server: of a client's line, where it came from. */
function comparable(reply: string): string {
  if (!reply.includes(" laddr=")) return reply;
  return [...reply.matchAll(/^id=\d+ (.*)$/gm)]
    .map(([, line]) => line.split(" ").filter((field) => /^(l?addr|flags)=/.test(field)).join(" "))
    .join("\n");
}

async function answers(server: Server): Promise<readonly string[]> {
  await using asking = await connectAt(`${server.dir}/${SOCKET}`);
  await using second = await connectAt(`${server.dir}/${SOCKET}`);
  await second.call("MULTI");
  const replies: string[] = [];
  for (const words of ASKED) {
    replies.push(`${words.join(" ")}: ${comparable(await asking.callRaw(...words))}`);
  }
  replies.push(await asking.readToEnd(), await second.readToEnd());
  const { mode } = await Deno.lstat(`${server.dir}/${SOCKET}`);
  return [...replies, (mode! & 0o777).toString(8)];
}

const OPTIONS = ["--unixsocket", SOCKET, "--unixsocketperm", "740", "--save", ""]
  .concat("--enable-debug-command", "local");

Deno.test({
  name: "clients of a Unix socket are listed, killed and told of it as by Redis",
  ...withRedis,
  async fn() {
    await using redis = await startRedis(OPTIONS);
    await using redeno = await startRedeno(OPTIONS);
    const [theirs, ours] = [await answers(redis), await answers(redeno)];
    assertEquals(ours, theirs);
    assert(ours.some((line) => line.includes(`addr=${SOCKET}:0 laddr=${SOCKET}:0 flags=U`)));
  },
});

/** TCP is turned off and on again by a client of the Unix socket; then the server is full. */
async function moved(server: Server): Promise<readonly string[]> {
  const path = `${server.dir}/${SOCKET}`;
  await using local = await connectAt(path);
  const seen = [await local.callRaw("CONFIG", "SET", "port", "0")];
  seen.push(String(await infoFigure(local, "tcp_port")));
  seen.push(String(await connect(server.port).then(() => "open", ({ name }: Error) => name)));
  await using another = await connectAt(path);
  seen.push(await another.callRaw("PING"));
  seen.push(await local.callRaw("CONFIG", "SET", "port", String(server.port)));
  await using tcp = await connect(server.port);
  seen.push(comparable(await tcp.callRaw("CLIENT", "INFO")).replace(/:\d+/g, ":PORT"));
  seen.push(await local.callRaw("CONFIG", "SET", "maxclients", "3"));
  await using surplus = await connectAt(path);
  seen.push(await surplus.readToEnd());
  return seen;
}

Deno.test({
  name: "TCP goes and comes by CONFIG SET beside a Unix socket, and maxclients counts both",
  ...withRedis,
  async fn() {
    await using redis = await startRedis(OPTIONS);
    await using redeno = await startRedeno(OPTIONS);
    assertEquals(await moved(redeno), await moved(redis));
  },
});

/** A server with a Unix socket, and the way to it. */
async function withSocket(work: (path: string, server: Server) => Promise<void>): Promise<void> {
  await using server = await startRedeno(["--unixsocket", SOCKET, "--save", ""]);
  await work(`${server.dir}/${SOCKET}`, server);
}

Deno.test(
  "a Unix socket carries pipelines and large replies",
  always,
  () =>
    withSocket(async (path) => {
      await using client = await connectAt(path);
      const commands = Array.from({ length: 20_000 }, (_, i) => ["INCRBY", "n", String(i % 7)]);
      let sum = 0;
      const expected = commands.map((_, i) => `:${sum += i % 7}\r\n`);
      assertEquals(await client.pipelineRaw(commands), expected);
      await client.call("SETRANGE", "large", String(LARGE_BYTES - 1), "x");
      const large = await client.callRaw("GET", "large");
      assertEquals(large.length, `$${LARGE_BYTES}\r\n\r\n`.length + LARGE_BYTES);
      assert(large.endsWith("x\r\n"));
    }),
);

Deno.test(
  "a Unix socket carries what blocks and what is published",
  always,
  () =>
    withSocket(async (path, server) => {
      await using waiting = await connectAt(path);
      await using hearing = await connectAt(path);
      await using acting = await connect(server.port);
      await hearing.call("SUBSCRIBE", "news");
      await waiting.send("BLPOP", "list", "0");
      await eventually("it waits", async () => await infoFigure(acting, "blocked_clients") === 1);
      await acting.call("PUBLISH", "news", "hello");
      await acting.call("RPUSH", "list", "a");
      assertEquals(await waiting.readRaw(), "*2\r\n$4\r\nlist\r\n$1\r\na\r\n");
      assertEquals(await hearing.readRaw(), "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n");
    }),
);

Deno.test(
  "clients of a Unix socket that go away leave nothing behind",
  always,
  () =>
    withSocket(async (path, server) => {
      await using watcher = await connect(server.port);
      await watcher.call("SETRANGE", "large", String(LARGE_BYTES - 1), "x");
      const before = openSockets(server);
      for (let i = 0; i < 20; i++) {
        await using gone = await connectAt(path);
        await gone.send(...[["BLPOP", "list", "0"], ["SUBSCRIBE", "a"], ["GET", "large"]][i % 3]);
      }
      const connected = () => infoFigure(watcher, "connected_clients");
      await eventually("only the watcher is there", async () => await connected() === 1);
      assertEquals(await infoFigure(watcher, "blocked_clients"), 0);
      const allClosed = () => Promise.resolve(openSockets(server) <= before);
      await eventually("all sockets are closed", allClosed);
    }),
);

Deno.test(
  "ioredis and node-redis connect through a Unix socket",
  always,
  () =>
    withSocket(async (path) => {
      const first = new Redis({ path, lazyConnect: true });
      await first.connect();
      assertEquals(await first.set("key", "é"), "OK");
      const ended = new Promise((resolve) => first.once("end", resolve));
      first.disconnect();
      await ended;
      const second = createClient({ socket: { path, tls: false } });
      await second.connect();
      assertEquals(await second.get("key"), "é");
      await second.close();
    }),
);

Deno.test("the library listens at a path again as soon as it has stopped", always, async () => {
  const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
  const path = `${dir}/${SOCKET}`;
  for (let i = 0; i < 10; i++) {
    const server = await createServer({ dir, unixsocket: path, save: "" });
    await using client = await connectAt(path);
    assertEquals(await client.callRaw("PING"), "+PONG\r\n");
    await server.stop();
    assertEquals(kindOf(path), "nothing");
  }
  await Deno.remove(dir, { recursive: true });
});
