/** What the tests of connections share: figures of a server from outside, and plain sockets. */

import type { Server } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";

const EVENTUALLY_TIMEOUT_MS = 8000;

/** Resolves after so many milliseconds. */
export function sleep(duration_ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration_ms));
}

/** Asks until it is so; fails with `what` where it does not come about. */
export async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline_ms = performance.now() + EVENTUALLY_TIMEOUT_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline_ms) throw new Error(`it never came about that ${what}`);
    await sleep(20);
  }
}

/** A figure of INFO. */
export async function infoFigure(client: RespClient, name: string): Promise<number> {
  const reply = await client.call("INFO", "everything");
  const text = reply.type === "bulk" ? reply.value : "";
  const value = new RegExp(`^${name}:(\\d+)`, "m").exec(text)?.[1];
  if (value === undefined) throw new Error(`INFO has no figure ${name}`);
  return Number(value);
}

/** Resident memory of a server in bytes; Linux only. */
export async function residentBytes(server: Server): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${server.process.pid}/status`);
  return Number(/VmRSS:\s+(\d+) kB/.exec(text)![1]) * 1024;
}

/** How many sockets a server has open; Linux only. Deno has files of its own, which come and go. */
export function openSockets(server: Server): number {
  const dir = `/proc/${server.process.pid}/fd`;
  const isSocket = (name: string) => {
    try {
      return Deno.readLinkSync(`${dir}/${name}`).startsWith("socket:");
    } catch {
      return false; // closed meanwhile
    }
  };
  return [...Deno.readDirSync(dir)].filter(({ name }) => isSocket(name)).length;
}

/** The slowest of the PINGs that are sent while `work` goes on, in ms. */
export async function slowestPing(port: number, work: Promise<unknown>): Promise<number> {
  await using client = await connect(port);
  let isOver = false;
  const over = work.finally(() => isOver = true);
  let slowest_ms = 0;
  while (!isOver) {
    const began_ms = performance.now();
    await client.call("PING");
    slowest_ms = Math.max(slowest_ms, performance.now() - began_ms);
    await sleep(2);
  }
  await over;
  return slowest_ms;
}

/** A plain TCP connection to this machine. */
export function socket(port: number, hostname = "127.0.0.1"): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname, port });
}

/** Writes all bytes, however often it takes. */
export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}
