/**
 * Regressions: a password that the slow log showed, and databases whose emptying held everybody up
 * for seconds.
 */

import { assert, assertEquals } from "../kit/assert.ts";
import { startRedeno } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { makeRoom } from "../keyspace/room.ts";
import { CompactionCycle } from "../../lib/keyspace/compaction.ts";
import { NONE } from "../../lib/keyspace/database.ts";
import type { Keyspace } from "../../lib/keyspace/keyspace.ts";
import { KeyspaceSnapshot } from "../../lib/keyspace/snapshot.ts";
import type { ValueObject } from "../../lib/keyspace/value.ts";
import { Args } from "../../lib/resp/args.ts";

Deno.test("the slow log shows no password, wherever HELLO and CONFIG SET have it", async () => {
  const options = ["--slowlog-log-slower-than", "0", "--requirepass", "hush", "--save", ""];
  await using server = await startRedeno(options);
  await using client = await connect(server.port);
  const replies = await client.pipelineRaw([
    ["HELLO", "2", "SETNAME", "AUTH", "AUTH", "default", "hush"],
    ["HELLO", "2", "AUTH", "default", "hush", "SETNAME", "auth"],
    ["AUTH", "default", "hush"],
    ["CONFIG", "SET", "hz", "20", "RequirePass", "hush", "masterauth", "hush"],
    ["MULTI"],
    ["CONFIG", "SET", "requirepass", "hush"],
    ["EXEC"],
  ]);
  for (const reply of replies) assert(!reply.startsWith("-"), reply);
  const shown = await client.callRaw("SLOWLOG", "GET", "-1");
  assert(shown.includes("(redacted)") && !shown.includes("hush"), shown);
});

const OBJECTS = 1000;

/** Stores large values; returns how many of them have been freed since. */
function fill(keyspace: Keyspace): () => number {
  let freed = 0;
  const db = keyspace.database(0);
  for (let i = 0; i < OBJECTS; i++) {
    const object: ValueObject = {
      type: "list",
      encodingName: "quicklist",
      usedBytes: 1000,
      clone: () => object,
      free: () => void freed++,
      keep: () => ({ end: () => {}, drain: () => true }),
    };
    const args = Args.of(`key${i}`);
    assertEquals(db.peek(args, 0), NONE);
    db.storeObject(NONE, args, 0, object);
  }
  return () => freed;
}

Deno.test("an emptied database gives its memory back bit by bit, and all of it", () => {
  const { keyspace, clock } = makeRoom(1, 1, 1); // each look at the clock takes a millisecond
  const freed = fill(keyspace);
  const db = keyspace.database(0);
  db.clear();
  assertEquals(db.size, 0);
  assert(db.measureBytes() < 10_000, `${db.measureBytes()} bytes are still in use`);
  assertEquals(freed(), 0);
  const cycle = new CompactionCycle(keyspace, clock);
  assertEquals(cycle.run(), true);
  assert(freed() < OBJECTS / 10, `${freed()} in one slice`);
  while (cycle.run()) continue;
  assertEquals(freed(), OBJECTS);

  keyspace.loading = true; // nobody is held up
  const freedAgain = fill(keyspace);
  db.clear();
  assertEquals(freedAgain(), OBJECTS);
});

Deno.test("so does one that a snapshot has kept", () => {
  const { keyspace, clock } = makeRoom(1);
  const freed = fill(keyspace);
  let written = 0;
  const snapshot = new KeyspaceSnapshot(keyspace, {
    record: () => void written++,
    pieces: () => [][Symbol.iterator](),
  });
  keyspace.database(0).clear();
  while (!snapshot.step()) assertEquals(freed(), 0, "a step of the snapshot frees all at once");
  assertEquals(written, OBJECTS);
  while (new CompactionCycle(keyspace, clock).run()) continue;
  assertEquals(freed(), OBJECTS);
});
