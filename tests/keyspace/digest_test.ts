import { NONE } from "../../lib/keyspace/database.ts";
import { datasetDigest, digestText, valueDigest } from "../../lib/keyspace/digest.ts";
import { Args } from "../../lib/resp/args.ts";
import { assert, assertEquals, assertNotEquals } from "../kit/assert.ts";
import { makeRoom, put, remove, START_MS } from "./room.ts";

Deno.test("digests are those of Redis 7.0.15", () => {
  const { keyspace } = makeRoom(1);
  const db = keyspace.database(0);
  assertEquals(datasetDigest(keyspace), "0".repeat(40));
  put(db, "a", "1");
  assertEquals(datasetDigest(keyspace), "943d800368fb9c0e951138f1bc0e313ac769d91f");
  put(db, "b", "hello", START_MS * 2);
  assertEquals(datasetDigest(keyspace), "669dc7955c0119edb82e7cfeb40ea4a28f89f902");
  const of = (key: string) => {
    const ref = db.peek(Args.of(key), 0);
    assert(ref !== NONE);
    return digestText(valueDigest(db, ref));
  };
  assertEquals(of("a"), "b4fc66738120fba0b5aa500ab5c2bf89cea1c5da");
  assertEquals(of("b"), "d037c4eb8a8b36b602fbced4000daeab0714c1e3");
  remove(db, "a");
  remove(db, "b");
  put(keyspace.database(3), "a", "1");
  assertEquals(datasetDigest(keyspace), "bc8f01911f375369cc100f32d768813c62974af0");
});

Deno.test("a digest depends on keys, values and whether they expire, not on order or when", () => {
  const digestOf = (...entries: readonly (readonly [string, string, number?])[]) => {
    const { keyspace } = makeRoom(entries.length);
    for (const [key, value, at_ms] of entries) put(keyspace.database(0), key, value, at_ms);
    return datasetDigest(keyspace);
  };
  const one = digestOf(["a", "1"], ["b", "2", START_MS * 2]);
  assertEquals(digestOf(["b", "2", START_MS * 3], ["a", "1"]), one);
  assertNotEquals(digestOf(["a", "1"], ["b", "2"]), one);
  assertNotEquals(digestOf(["a", "2"], ["b", "1", START_MS * 2]), one);
  assertNotEquals(digestOf(["a", "1"]), one);
});
