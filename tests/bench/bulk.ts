/**
 * Commands in bulk: the same command with a running number in its key, encoded once and patched.
 *
 * Keys are `key:` and twelve digits: 16 bytes, each number once, scattered so that neither server
 * sees them in order.
 */

import { encodeCommand } from "../kit/resp_client.ts";
import type { BenchServer } from "./servers.ts";

const DIGITS = 12;
/** The key to put into a command for {@linkcode batches}. */
export const KEY = `key:${"0".repeat(DIGITS)}`;
/** A value of 32 bytes. */
export const VALUE_32 = "v".repeat(32);

const COMMANDS_PER_BATCH = 1024;
/** A prime that divides no count used here: multiples of it visit every number once. */
const STRIDE = 1_000_003;
const LF = 10;
const ZERO = 48;

/**
 * Yields `count` commands with distinct keys as RESP, about a thousand at a time.
 *
 * The bytes are overwritten by the next batch: use them before asking for it.
 */
export function* batches(command: readonly string[], count: number): Generator<Uint8Array> {
  if (count % STRIDE === 0) throw new RangeError(`${count} commands: not a multiple of ${STRIDE}`);
  const one = encodeCommand(command);
  const key = new TextDecoder("latin1").decode(one).indexOf(KEY);
  if (key < 0) throw new Error("the command does not hold KEY");
  const digits = key + KEY.length - DIGITS;
  const batch = new Uint8Array(one.length * COMMANDS_PER_BATCH);
  for (let i = 0; i < COMMANDS_PER_BATCH; i++) batch.set(one, i * one.length);
  for (let first = 0; first < count; first += COMMANDS_PER_BATCH) {
    const length = Math.min(COMMANDS_PER_BATCH, count - first);
    for (let i = 0; i < length; i++) {
      putDigits(batch, i * one.length + digits, (first + i) * STRIDE % count);
    }
    yield batch.subarray(0, length * one.length);
  }
}

/** Sends them over one connection without waiting for replies, and checks that each made a key. */
export async function load(
  server: BenchServer,
  command: readonly string[],
  count: number,
): Promise<void> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await Promise.all([send(conn, batches(command, count)), countLines(conn, count)]);
  const keys = await server.keys();
  if (keys !== count) throw new Error(`${server.side} holds ${keys} keys after ${count} commands`);
}

function putDigits(buf: Uint8Array, start: number, number: number): void {
  for (let at = start + DIGITS - 1, rest = number; at >= start; at--) {
    const next = Math.floor(rest / 10);
    buf[at] = ZERO + rest - next * 10;
    rest = next;
  }
}

async function send(conn: Deno.Conn, all: Iterable<Uint8Array>): Promise<void> {
  for (const batch of all) {
    let sent = 0;
    while (sent < batch.length) sent += await conn.write(batch.subarray(sent));
  }
}

/** Every reply to these commands is one line. */
async function countLines(conn: Deno.Conn, count: number): Promise<void> {
  const chunk = new Uint8Array(64 * 1024);
  let lines = 0;
  while (lines < count) {
    const read = await conn.read(chunk);
    if (read === null) throw new Error(`the server closed the connection after ${lines} replies`);
    for (let i = 0; i < read; i++) {
      if (chunk[i] === LF) lines++;
    }
  }
}
