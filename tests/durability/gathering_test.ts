/** A server that ends while its turns wait for more clients: nothing is lost, nothing stays open. */

import { createServer } from "../../lib/mod.ts";
import { assertEquals, assertGreater } from "../kit/assert.ts";
import { connect } from "../kit/resp_client.ts";
import { sleep, withDir } from "./kit.ts";

const ROUNDS = Number(Deno.env.get("REDENO_SIZE") ?? 5);
const CLIENTS = 12;
/** By then the first turns have waited. */
const BUSY_MS = 40;

/** Counts until the server ends. Returns the last count that was answered. */
async function count(port: number, key: string): Promise<number> {
  let answered = 0;
  try {
    await using client = await connect(port);
    while (true) {
      const reply = await client.call("INCR", key);
      if (reply.type !== "int") return answered;
      answered = Number(reply.value);
    }
  } catch {
    return answered; // the connection was closed
  }
}

Deno.test("a server stopped while turns wait keeps what it answered and closes all it opened", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    await withDir(async (dir) => {
      const directives = { port: 0, appendonly: "yes", appendfsync: "always", save: "", dir };
      const server = await createServer(directives);
      const keys = Array.from({ length: CLIENTS }, (_, n) => `k${n}`);
      const counts = keys.map((key) => count(server.port, key));
      await sleep(BUSY_MS + round);
      await server.stop(); // what it has left open fails the test
      const answered = await Promise.all(counts);
      assertGreater(Math.min(...answered), 0);
      const again = await createServer(directives);
      {
        await using client = await connect(again.port);
        for (const [n, key] of keys.entries()) {
          const reply = await client.call("GET", key);
          const kept = reply.type === "bulk" ? Number(reply.value) : 0;
          assertEquals(kept >= answered[n], true, `${key}: ${kept} of ${answered[n]}`);
        }
      }
      await again.stop();
    });
  }
});
