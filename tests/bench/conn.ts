/**
 * A bare connection to a server under measurement.
 *
 * Promise: what is done over it ends. When the time is up, or the server is gone, the connection is
 * closed under whoever waits for a reply, and that is an error.
 */

import type { BenchServer } from "./servers.ts";

/**
 * Runs `work` over a new connection.
 *
 * @param limit_ms - how long the work may take.
 * @throws {Error} where the work takes longer or the server ends meanwhile.
 */
export async function withConn<T>(
  server: BenchServer,
  limit_ms: number,
  work: (conn: Deno.Conn) => Promise<T>,
): Promise<T> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  conn.setNoDelay(true);
  const closing = new AbortController();
  // Only this wakes up a read that waits: its promise then rejects.
  const close = () => {
    closing.abort();
    conn.close();
  };
  const timer = setTimeout(close, limit_ms);
  server.gone.addEventListener("abort", close, { once: true });
  try {
    return await work(conn);
  } catch (error) {
    if (server.gone.aborted) throw new Error(server.lastWords());
    if (closing.signal.aborted) throw new Error(`${server.side}: not done in ${limit_ms} ms`);
    throw error;
  } finally {
    clearTimeout(timer);
    server.gone.removeEventListener("abort", close);
  }
}
