/**
 * What a client finds at the other end: each test of this room runs against redeno and, where it is
 * installed, against the real `redis-server`, so that what is expected is what Redis does.
 */

import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";

/** Registers a test against redeno and the same test against `redis-server`. */
export function testOnBoth(
  name: string,
  options: readonly string[],
  body: (server: Server) => Promise<void>,
): void {
  const sanitized = { sanitizeOps: true, sanitizeResources: true };
  Deno.test({
    name: `${name} (redeno)`,
    ...sanitized,
    async fn() {
      await using server = await startRedeno(options);
      await body(server);
    },
  });
  Deno.test({
    name: `${name} (redis-server)`,
    ignore: !hasRedisServer(),
    ...sanitized,
    async fn() {
      await using server = await startRedis(options);
      await body(server);
    },
  });
}

/** The options of a server that keeps what it acknowledged. */
export const WITH_LOG = ["--appendonly", "yes", "--appendfsync", "everysec"];

/** A directory that is gone after the test. */
export async function scratchDir(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "redeno_clients_" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Bytes that no encoding of text survives. */
export function everyByte(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 256 }, (_, i) => i);
}
