/**
 * A client that sends a PING every millisecond while something else happens to the server.
 *
 * Promise: it ends with what it watches, or with an error.
 */

import { withConn } from "./conn.ts";
import { type BenchServer, sleep } from "./servers.ts";

const PING = new TextEncoder().encode("PING\r\n");
const PONG_BYTES = 7;
const INTERVAL_MS = 1;
/** Pings before anything happens: the client's own code gets warm. */
const WARM_PINGS = 300;
/** What is watched has shorter limits of its own; this one is for a server that answers nobody. */
const LIMIT_MS = 180_000;

/** What the client saw. */
export interface Waits extends Record<string, number> {
  /** The longest wait for a reply. */
  readonly longest_ms: number;
  /** What 99.9 % of the waits did not exceed. */
  readonly p999_ms: number;
  /** What half of the waits did not exceed. */
  readonly p50_ms: number;
  /** How late this process itself woke up at worst: the waits may be off by as much. */
  readonly late_ms: number;
}

/** Pings the server until `work` has ended. */
export async function pingDuring(server: BenchServer, work: () => Promise<void>): Promise<Waits> {
  return await withConn(server, LIMIT_MS, async (conn) => {
    await pings(conn, (count) => count < WARM_PINGS);
    let working = true;
    const worked = work().finally(() => working = false);
    const [{ waits_ms, late_ms }] = await Promise.all([pings(conn, () => working), worked]);
    const sorted = waits_ms.toSorted((a, b) => a - b);
    const within = (share: number) => sorted[Math.floor((sorted.length - 1) * share)];
    return { longest_ms: within(1), p999_ms: within(0.999), p50_ms: within(0.5), late_ms };
  });
}

async function pings(conn: Deno.Conn, goesOn: (count: number) => boolean) {
  const waits_ms: number[] = [];
  let late_ms = 0;
  while (goesOn(waits_ms.length)) {
    const sent_ms = performance.now();
    await ping(conn);
    const answered_ms = performance.now();
    waits_ms.push(answered_ms - sent_ms);
    await sleep(INTERVAL_MS);
    late_ms = Math.max(late_ms, performance.now() - answered_ms - INTERVAL_MS);
  }
  return { waits_ms, late_ms };
}

async function ping(conn: Deno.Conn): Promise<void> {
  const chunk = new Uint8Array(PONG_BYTES);
  if (await conn.write(PING) !== PING.length) throw new Error("PING was sent in part");
  for (let got = 0; got < PONG_BYTES;) {
    const read = await conn.read(chunk);
    if (read === null) throw new Error("the server closed the pinging connection");
    got += read;
  }
}
