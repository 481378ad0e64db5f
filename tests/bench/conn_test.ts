/** A benchmark never waits for a server for ever. */

import { assertEquals, assertRejects } from "../kit/assert.ts";
import { type Reachable, withConn } from "./conn.ts";

/** Accepts connections and never answers. */
function silentServer(gone: AbortSignal): Reachable & Disposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const conn of listener) accepted.push(conn);
  })();
  return {
    side: "redis",
    port: listener.addr.port,
    gone,
    lastWords: () => "it has ended",
    [Symbol.dispose]() {
      listener.close();
      accepting.catch(() => {});
      for (const conn of accepted) conn.close();
    },
  };
}

async function readOne(conn: Deno.Conn): Promise<number | null> {
  return await conn.read(new Uint8Array(1));
}

Deno.test("a server that does not answer is an error when the time is up", async () => {
  using server = silentServer(new AbortController().signal);
  await assertRejects(() => withConn(server, 30, readOne), Error, "redis: not done in 30 ms");
});

Deno.test("a server that ends is an error at once, with what it wrote", async () => {
  const ending = new AbortController();
  using server = silentServer(ending.signal);
  const result = assertRejects(() => withConn(server, 60_000, readOne), Error, "it has ended");
  setTimeout(() => ending.abort(), 20);
  await result;
});

Deno.test("work that ends in time gives its result and leaves no timer behind", async () => {
  using server = silentServer(new AbortController().signal);
  assertEquals(await withConn(server, 60_000, () => Promise.resolve(7)), 7);
});
