/** Digests: put together as Redis puts DEBUG DIGEST together, they are the real server's. */

import { createHash } from "node:crypto";
import { sha1 } from "../../lib/numbers/sha1.ts";
import { assertEquals, assertNotEquals } from "../kit/assert.ts";
import { hasRedisServer, startRedis } from "../kit/oracle.ts";
import { connect, fromLatin1 } from "../kit/resp_client.ts";
import { DIGEST_SIZE_BYTES, mixDigest, xorDigest } from "../../lib/numbers/sha1_digest.ts";

function hex(digest: Uint8Array): string {
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function digestOf(step: typeof xorDigest, words: string[]): string {
  const digest = new Uint8Array(DIGEST_SIZE_BYTES);
  for (const word of words) step(digest, fromLatin1(word));
  return hex(digest);
}

Deno.test("order matters to mixDigest and not to xorDigest", () => {
  assertEquals(digestOf(xorDigest, ["a", "b"]), digestOf(xorDigest, ["b", "a"]));
  assertNotEquals(digestOf(mixDigest, ["a", "b"]), digestOf(mixDigest, ["b", "a"]));
  assertEquals(digestOf(xorDigest, ["abc"]), "a9993e364706816aba3e25717850c26c9cd0d89d");
});

Deno.test({
  name: "the digest of a database of strings is the real server's",
  ignore: !hasRedisServer(),
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using redis = await startRedis(["--enable-debug-command", "yes"]);
    await using client = await connect(redis.port);
    const total = new Uint8Array(DIGEST_SIZE_BYTES);
    mixDigest(total, fromLatin1("\0\0\0\0")); // the number of the database, big-endian
    for (const [key, value] of [["k", "v"], ["number", "12345"], ["empty", ""]]) {
      await client.call("SET", key, value);
      const digest = new Uint8Array(DIGEST_SIZE_BYTES);
      mixDigest(digest, fromLatin1(key));
      mixDigest(digest, fromLatin1("\0\0\0\0")); // the type: 0 is a string
      mixDigest(digest, fromLatin1(value));
      if (key === "number") {
        await client.call("EXPIRE", key, "1000");
        xorDigest(digest, fromLatin1("!!expire!!"));
      }
      xorDigest(total, digest);
    }
    assertEquals(await client.call("DEBUG", "DIGEST"), { type: "simple", value: hex(total) });
  },
});

Deno.test("SHA-1 of every length up to three blocks is that of node:crypto", () => {
  const bytes = Uint8Array.from({ length: 200 }, (_, i) => (i * 37 + 11) & 0xff);
  const out = new Uint8Array(20);
  for (let length = 0; length <= 193; length++) {
    sha1(out, bytes, 3, 3 + length);
    const expected = createHash("sha1").update(bytes.subarray(3, 3 + length)).digest();
    assertEquals([...out], [...expected], `${length} bytes`);
  }
});
