/**
 * Changes that reach a record by an unusual way while a snapshot is written: the snapshot has it as it
 * was, and none of them goes unnoticed.
 */

import type { Keyspace } from "../../../lib/keyspace/keyspace.ts";
import { KeyspaceSnapshot } from "../../../lib/keyspace/snapshot.ts";
import { CommandSnapshotEncoder } from "../../../lib/persistence/aof/snapshot.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import type { Command, RespClient } from "../../kit/resp_client.ts";
import { connect } from "../../kit/resp_client.ts";
import { fill, Taken, withServer } from "./kit.ts";
import { digestsOf } from "./live_kit.ts";

const numbered = (count: number, text: string) =>
  Array.from({ length: count }, (_, i) => `${text}${i}`);

/** The digest of each key once the commands of a snapshot have run. */
async function loaded(commands: Uint8Array): Promise<Record<string, string>> {
  let found: Record<string, string> = {};
  await withServer({}, async (client, keyspace) => {
    const sent = client.sendRaw(commands).then(() => client.send("ECHO", "done"));
    for (let reply = ""; reply !== "$4\r\ndone\r\n";) {
      reply = await client.readRaw();
      assert(!reply.startsWith("-"), reply);
    }
    await sent;
    found = digestsOf(keyspace);
  });
  return found;
}

/** Begins a snapshot, lets `act` change things after `steps` steps, and looks at what was written. */
async function whileWriting(
  keyspace: Keyspace,
  steps: number,
  act: () => Promise<void>,
): Promise<void> {
  const expected = digestsOf(keyspace);
  const encoder = new CommandSnapshotEncoder();
  const taken = new Taken(encoder);
  const snapshot = new KeyspaceSnapshot(keyspace, encoder);
  for (let i = 0; i < steps && !snapshot.step(); i++) taken.take();
  await act();
  while (!snapshot.step()) taken.take();
  assertEquals(snapshot.missedKey, undefined);
  assertEquals(await loaded(taken.end()), expected);
}

Deno.test("a HyperLogLog whose key is very long is written as it was, though it changes in place", async () => {
  await withServer({}, async (client, keyspace) => {
    const key = "k".repeat(60_000);
    await fill(client, [["PFADD", key, ...numbered(9000, "e")], ["PFADD", "other", "1"]]);
    for (const steps of [0, 1, 2, 3]) {
      await whileWriting(keyspace, steps, async () => {
        await fill(client, [["PFADD", key, ...numbered(900, `new ${steps} `)], ["PFCOUNT", key]]);
      });
    }
  });
});

/** How a large value is made, changed and copied. */
const COPIED: Readonly<Record<string, { readonly makes: Command; readonly changes: Command }>> = {
  hash: {
    makes: ["HSET", "key", ...numbered(2000, "f").flatMap((field) => [field, "v"])],
    changes: ["HDEL", "key", "f5", "f1000"],
  },
  set: { makes: ["SADD", "key", ...numbered(2000, "m")], changes: ["SREM", "key", "m5", "m1000"] },
  "sorted set": {
    makes: ["ZADD", "key", ...numbered(2000, "m").flatMap((member, i) => [`${i}`, member])],
    changes: ["ZREM", "key", "m5", "m1000"],
  },
};

for (const [name, { makes, changes }] of Object.entries(COPIED)) {
  Deno.test(`a copy of a ${name}, made while a snapshot is written or after it, is in the next one`, async () => {
    await withServer({}, async (client, keyspace) => {
      await fill(client, [makes, ["SET", "other", "1"]]);
      const nothing = () => Promise.resolve();
      await whileWriting(keyspace, 0, () => fill(client, [changes, ["COPY", "key", "during"]]));
      await whileWriting(keyspace, 0, nothing);
      await fill(client, [["COPY", "key", "after"], ["COPY", "during", "again"]]);
      await whileWriting(keyspace, 0, nothing);
      await whileWriting(keyspace, 1, () => fill(client, [["COPY", "after", "key", "REPLACE"]]));
      await whileWriting(keyspace, 1, nothing);
    });
  });
}

/** Who waits, and what is served from. */
const WAITING: Readonly<Record<string, { readonly waits: Command; readonly makes: Command[] }>> = {
  BLPOP: { waits: ["BLPOP", "key", "0"], makes: [["RPUSH", "key", ...numbered(9000, "e")]] },
  BLMPOP: {
    waits: ["BLMPOP", "0", "1", "key", "LEFT", "COUNT", "8000"],
    makes: [["RPUSH", "key", ...numbered(9000, "e")]],
  },
  BLMOVE: {
    waits: ["BLMOVE", "key", "to", "LEFT", "LEFT", "0"],
    makes: [["RPUSH", "key", ...numbered(9000, "e")], ["RPUSH", "to", ...numbered(9000, "t")]],
  },
  BZPOPMIN: {
    waits: ["BZPOPMIN", "key", "0"],
    makes: [["ZADD", "key", ...numbered(4000, "").flatMap((n) => [n, `m${n}`])]],
  },
  BZMPOP: {
    waits: ["BZMPOP", "0", "1", "key", "MAX", "COUNT", "4000"],
    makes: [["ZADD", "key", ...numbered(4000, "").flatMap((n) => [n, `m${n}`])]],
  },
  XREADGROUP: {
    waits: ["XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "key", ">"],
    makes: [
      ...numbered(2000, "").map((n): Command => ["XADD", "key", `1-${Number(n) + 1}`, "f", n]),
      ["XGROUP", "CREATE", "key", "g", "0"],
    ],
  },
};

for (const [name, { waits, makes }] of Object.entries(WAITING)) {
  Deno.test(`${name}, served since databases were swapped, changes no value that is not written yet`, async () => {
    await withServer({}, async (client, keyspace, port) => {
      for (const steps of [0, 2]) {
        await fill(client, [["FLUSHALL"], ["SELECT", "1"], ...makes, ["SELECT", "0"]]);
        if (name === "XREADGROUP") {
          await fill(client, [["XGROUP", "CREATE", "key", "g", "$", "MKSTREAM"]]);
        }
        await using waiter = await connect(port, { timeout_ms: 20_000 });
        await waiter.send(...waits);
        while (!(await infoOf(client)).includes("blocked_clients:1")) { /* it is on its way */ }
        await whileWriting(keyspace, steps, async () => {
          await fill(client, [["SWAPDB", "0", "1"]]);
          if (name !== "XREADGROUP") await waiter.read();
        });
      }
    });
  });
}

async function infoOf(client: RespClient): Promise<string> {
  return await client.callRaw("INFO", "clients");
}
