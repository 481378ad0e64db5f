/**
 * Clients that do not behave: whatever one of them does costs its own connection only. Memory stays
 * bounded, the others are served as fast as before, and nothing is left over.
 */

import { Buffer } from "node:buffer";
import { assert, assertEquals, assertLess, assertMatch } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { createServer } from "../../lib/mod.ts";
import { freePort, startRedeno } from "../kit/oracle.ts";
import { connect, encodeCommand, fromLatin1 } from "../kit/resp_client.ts";
import {
  eventually,
  infoFigure,
  openSockets,
  residentBytes,
  sleep,
  slowestPing,
  socket,
  writeAll,
} from "./kit.ts";

const MIB = 1024 * 1024;
/** Far above what a served client sees, far below what waiting for a bad one would cost. */
const FAST_MS = 500;
const IS_LINUX = Deno.build.os === "linux";

Deno.test("a client that never reads its replies costs little memory and nobody's time", async () => {
  await using server = await startRedeno();
  await using client = await connect(server.port);
  await client.call("SET", "large", new Uint8Array(MIB));
  await client.call("GET", "large");
  const before = IS_LINUX ? await residentBytes(server) : 0;
  const deaf = await socket(server.port);
  const asked = fromLatin1("*2\r\n$3\r\nGET\r\n$5\r\nlarge\r\n".repeat(1000));
  const slowest_ms = await slowestPing(
    server.port,
    writeAll(deaf, asked).then(() => sleep(1000)),
  );
  assertLess(slowest_ms, FAST_MS);
  if (IS_LINUX) assertLess(await residentBytes(server) - before, 100 * MIB);
  assertEquals(await infoFigure(client, "connected_clients"), 2);
  deaf.close();
  await eventually(
    "the client is gone",
    async () => await infoFigure(client, "connected_clients") === 1,
  );
});

Deno.test("a client that sends one byte at a time is served, and so are the others", async () => {
  await using server = await startRedeno();
  await using slow = await connect(server.port);
  const trickle = async () => {
    for (const byte of encodeCommand(["SET", "slowly", "but surely"])) {
      await slow.sendRaw(new Uint8Array([byte]));
      await sleep(1);
    }
  };
  assertLess(await slowestPing(server.port, trickle()), FAST_MS);
  assertEquals(await slow.read(), { type: "simple", value: "OK" });
  assertEquals(await slow.call("GET", "slowly"), { type: "bulk", value: "but surely" });
});

Deno.test("ten thousand connections in sequence leave nothing behind", async () => {
  await using server = await startRedeno();
  await using client = await connect(server.port);
  const socketsBefore = IS_LINUX ? openSockets(server) : 0;
  const ping = fromLatin1("PING\r\n");
  const reply = new Uint8Array(16);
  const comeAndGo = async () => {
    for (let i = 0; i < 10_000; i++) {
      const conn = await socket(server.port);
      if (i % 10 === 0) {
        await conn.write(ping);
        assertEquals(await conn.read(reply), 7);
      }
      conn.close();
    }
    const connected = () => infoFigure(client, "connected_clients");
    await eventually("all are gone", async () => await connected() === 1);
    // The system has 28,000 ports for clients, and gives one out again a second later.
    await new Promise((resolve) => setTimeout(resolve, 500));
  };
  // The first ones make the heap as large as it needs to be: it stops growing after 40,000.
  for (let round = 0; round < 4; round++) await comeAndGo();
  const memoryBefore = IS_LINUX ? await residentBytes(server) : 0;
  await comeAndGo();
  if (!IS_LINUX) return;
  await eventually(
    "all sockets are closed",
    () => Promise.resolve(openSockets(server) <= socketsBefore),
  );
  assertLess(await residentBytes(server) - memoryBefore, 8 * MIB);
});

Deno.test("two thousand connections at once are served and leave nothing behind", async () => {
  await using server = await startRedeno();
  await using client = await connect(server.port);
  const many = await Promise.all(Array.from({ length: 2000 }, () => connect(server.port)));
  const replies = await Promise.all(many.map((each, i) => each.call("ECHO", String(i))));
  replies.forEach((reply, i) => assertEquals(reply, { type: "bulk", value: String(i) }));
  assertEquals(await infoFigure(client, "connected_clients"), 2001);
  for (const each of many) each.close();
  await eventually("all are gone", async () => await infoFigure(client, "connected_clients") === 1);
});

Deno.test("garbage and half commands end with their connection, and with nothing else", async () => {
  const { seed, size } = flags(150);
  const random = new Seeded(seed);
  await using server = await startRedeno();
  await using client = await connect(server.port);
  await client.call("SET", "k", "v");
  const whole = encodeCommand(["SET", "half", "x".repeat(100)]);
  for (let i = 0; i < size; i++) {
    const conn = await socket(server.port);
    const bytes = i % 2 === 0
      ? Uint8Array.from({ length: random.between(1, 300) }, () => random.below(256))
      : whole.subarray(0, random.between(1, whole.length - 1));
    await writeAll(conn, bytes);
    if (random.chance(0.5)) await conn.closeWrite();
    conn.close();
  }
  await eventually("all are gone", async () => await infoFigure(client, "connected_clients") === 1);
  assertEquals(await client.call("EXISTS", "half"), { type: "int", value: 0 });
  assertEquals(await client.call("GET", "k"), { type: "bulk", value: "v" });
  assert(!server.log().includes("internal error"), server.log());
});

Deno.test("a reply reaches a client that has closed its sending side", async () => {
  await using server = await startRedeno();
  using conn = await socket(server.port);
  await writeAll(conn, fromLatin1("PING\r\n"));
  await conn.closeWrite();
  const text = await new Response(conn.readable).text();
  assertEquals(text, "+PONG\r\n");
});

Deno.test("a hundred thousand GETs sent before a reply is read are all answered in order", async () => {
  await using server = await startRedeno();
  await using client = await connect(server.port, { timeout_ms: 30_000 });
  const value = "v".repeat(500);
  const count = 100_000;
  await client.call("SET", "k", value);
  await client.sendRaw("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n".repeat(count) + "*1\r\n$4\r\nPING\r\n");
  const expected = `$500\r\n${value}\r\n`;
  for (let i = 0; i < count; i++) {
    if (await client.readRaw() !== expected) throw new Error(`reply ${i} is another one`);
  }
  assertEquals(await client.readRaw(), "+PONG\r\n");
});

Deno.test("a value of 200 MB goes in and comes out unchanged", async () => {
  await using server = await startRedeno(["--appendonly", "yes", "--appendfsync", "no"]);
  const value = new Uint8Array(200 * MIB);
  for (let i = 0; i < value.length; i += 4096) value[i] = (i / 4096) % 251;
  const [set, get] = [encodeCommand(["SET", "huge", value]), encodeCommand(["GET", "huge"])];
  const conn = await socket(server.port);
  try {
    await writeAll(conn, set);
    const ok = new Uint8Array(5);
    assertEquals(await conn.read(ok), 5);
    assertEquals(new TextDecoder().decode(ok), "+OK\r\n");
    await writeAll(conn, get);
    const head = fromLatin1(`$${value.length}\r\n`);
    const got = new Uint8Array(head.length + value.length + 2);
    let count = 0;
    while (count < got.length) count += await conn.read(got.subarray(count)) ?? fallen();
    assert(bytesEqual(got.subarray(head.length, -2), value), "the value came back changed");
  } finally {
    conn.close();
  }
});

Deno.test("closing or killing a client in the middle of a large reply harms nobody else", async () => {
  await using server = await startRedeno();
  await using client = await connect(server.port);
  await client.call("SET", "large", new Uint8Array(30 * MIB));
  const chunk = new Uint8Array(65536);

  const leaving = await socket(server.port);
  await writeAll(leaving, encodeCommand(["GET", "large"]));
  await leaving.read(chunk);
  leaving.close();

  const killed = await connect(server.port);
  const id = await killed.call("CLIENT", "ID");
  await killed.send("GET", "large");
  await sleep(50);
  assert(id.type === "int");
  assertEquals(await client.call("CLIENT", "KILL", "ID", String(id.value)), {
    type: "int",
    value: 1,
  });
  let cut = "";
  try {
    cut = await killed.readToEnd();
  } catch (error) {
    assert(error instanceof Deno.errors.ConnectionReset, String(error));
  }
  assertLess(cut.length, 30 * MIB);
  killed.close();

  await eventually(
    "both are gone",
    async () => await infoFigure(client, "connected_clients") === 1,
  );
  assertEquals(await client.call("STRLEN", "large"), { type: "int", value: 30 * MIB });
  assert(!server.log().includes("internal error"), server.log());
});

Deno.test("over maxclients one more is told so and closed; there is room again when one leaves", async () => {
  await using server = await startRedeno(["--maxclients", "5"]);
  const five = await Promise.all(Array.from({ length: 5 }, () => connect(server.port)));
  for (const each of five) await each.call("PING");
  await using sixth = await connect(server.port);
  assertEquals(await sixth.readToEnd(), "-ERR max number of clients reached\r\n");
  assertEquals(await infoFigure(five[0], "rejected_connections"), 1);
  five[4].close();
  await eventually("there is room", async () => {
    await using again = await connect(server.port);
    return await again.callRaw("PING").catch(() => "") === "+PONG\r\n";
  });
  for (const each of five) each.close();
});

Deno.test("timeout closes clients that are idle, and no others", async () => {
  await using server = await startRedeno(["--timeout", "1"]);
  await using idle = await connect(server.port);
  await using busy = await connect(server.port);
  assertEquals(await idle.callRaw("PING"), "+PONG\r\n");
  const end = idle.readToEnd();
  let isOver = false;
  end.finally(() => isOver = true);
  while (!isOver) {
    assertEquals(await busy.callRaw("PING"), "+PONG\r\n");
    await sleep(100);
  }
  assertEquals(await end, "");
});

Deno.test("before AUTH there are NOAUTH and tighter limits; after it there are not", async () => {
  await using server = await startRedeno(["--requirepass", "secret"]);
  const raw = async (bytes: string) => {
    await using client = await connect(server.port);
    await client.sendRaw(bytes);
    return await client.readToEnd();
  };
  assertEquals(
    await raw("*11\r\n"),
    "-ERR Protocol error: unauthenticated multibulk length\r\n",
  );
  assertEquals(
    await raw("*2\r\n$4\r\nAUTH\r\n$16385\r\n"),
    "-ERR Protocol error: unauthenticated bulk length\r\n",
  );
  await using client = await connect(server.port);
  assertEquals(await client.callRaw("GET", "k"), "-NOAUTH Authentication required.\r\n");
  assertMatch(await client.callRaw("AUTH", "wrong"), /^-WRONGPASS /);
  assertEquals(await client.callRaw("AUTH", "secret"), "+OK\r\n");
  assertEquals(await client.callRaw("SET", "k", "x".repeat(20_000)), "+OK\r\n");
});

const outside = Deno.networkInterfaces().find(({ family, address }) =>
  family === "IPv4" && !address.startsWith("127.")
)?.address;

Deno.test({
  name: "protected mode turns away clients from elsewhere until there is a password",
  ignore: outside === undefined,
  async fn() {
    const port = freePort();
    const server = await createServer({ port, bind: `127.0.0.1 ${outside}` });
    await using _stop = { [Symbol.asyncDispose]: () => server.stop() };
    await using near = await connect(port);
    assertEquals(await near.callRaw("PING"), "+PONG\r\n");
    const far = () => connect(port, { hostname: outside });
    {
      await using stranger = await far();
      assertMatch(await stranger.readToEnd(), /^-DENIED .*protected mode.*\r\n$/);
    }
    assertEquals(await near.callRaw("CONFIG", "SET", "requirepass", "secret"), "+OK\r\n");
    {
      await using stranger = await far();
      assertEquals(await stranger.callRaw("PING"), "-NOAUTH Authentication required.\r\n");
    }
    assertEquals(
      await near.callRaw("CONFIG", "SET", "requirepass", "", "protected-mode", "no"),
      "+OK\r\n",
    );
    await using stranger = await far();
    assertEquals(await stranger.callRaw("PING"), "+PONG\r\n");
  },
});

function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function fallen(): never {
  throw new Error("the server closed the connection");
}
