/**
 * What a client finds at the other end: each test of this room runs against redeno and, where it is
 * installed, against the real `redis-server`, so that what is expected is what Redis does.
 */

import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";

const BODY_TIMEOUT_MS = 20_000;

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
      await within(BODY_TIMEOUT_MS, body(server));
    },
  });
  Deno.test({
    name: `${name} (redis-server)`,
    ignore: !hasRedisServer(),
    ...sanitized,
    async fn() {
      await using server = await startRedis(options);
      await within(BODY_TIMEOUT_MS, body(server));
    },
  });
}

/** A client that waits for ever fails its test instead of hanging it. */
async function within(timeout_ms: number, work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${timeout_ms} ms`)), timeout_ms);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
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
