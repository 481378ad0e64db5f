/**
 * A bare connection to a server under measurement.
 *
 * Promise: what is done over it ends. When the time is up, or the server is gone, the connection is
 * closed under whoever waits for a reply, and that is an error.
 */

import type { BenchServer } from "./servers.ts";

/** What of a server is needed to talk to it. */
export type Reachable = Pick<BenchServer, "side" | "port" | "gone" | "lastWords">;

/**
 * Runs `work` over a new connection.
 *
 * @param limit_ms - how long the work may take.
 * @throws {Error} where the work takes longer or the server ends meanwhile.
 */
export async function withConn<T>(
  server: Reachable,
  limit_ms: number,
  work: (conn: Deno.Conn) => Promise<T>,
): Promise<T> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  conn.setNoDelay(true);
  let closed = false;
  // Only closing wakes up a read that waits: its promise then rejects.
  const close = () => {
    if (!closed) conn.close();
    closed = true;
  };
  const timer = setTimeout(close, limit_ms);
  server.gone.addEventListener("abort", close, { once: true });
  try {
    return await work(conn);
  } catch (error) {
    if (server.gone.aborted) throw new Error(server.lastWords());
    if (closed) throw new Error(`${server.side}: not done in ${limit_ms} ms`);
    throw error;
  } finally {
    clearTimeout(timer);
    server.gone.removeEventListener("abort", close);
  }
}
