/**
 * Commands in bulk: the same command with running numbers in it, encoded once and patched.
 *
 * A number stands wherever the command has a slot, a run of `#`: as many of its last digits as the
 * slot is long. Scattered, each number comes once and neither server sees them in order.
 */

import { encodeCommand } from "../kit/resp_client.ts";
import { withConn } from "./conn.ts";
import type { BenchServer } from "./servers.ts";

/** A key of 16 bytes with a slot. */
export const KEY = "key:############";
/** A value of 32 bytes. */
export const VALUE_32 = "v".repeat(32);

/** In which order the numbers come. */
export type Order = "scattered" | "rising";

/** Where a number goes, in bytes. */
interface Slot {
  readonly start: number;
  readonly length: number;
}

const COMMANDS_PER_BATCH = 1024;
/** A prime that divides no count used here: multiples of it visit every number once. */
const STRIDE = 1_000_003;
/** Far more than any load takes beside a busy neighbour. */
const LOAD_LIMIT_MS = 300_000;
const LF = 10;
const MINUS = 45;
const ZERO = 48;

/**
 * Yields `count` commands with the numbers below `count` in their slots, as RESP, about a thousand
 * at a time.
 *
 * The bytes are overwritten by the next batch: use them before asking for it.
 */
export function* batches(
  command: readonly string[],
  count: number,
  order: Order = "scattered",
): Generator<Uint8Array> {
  if (count % STRIDE === 0) throw new RangeError(`${count} commands: not a multiple of ${STRIDE}`);
  const stride = order === "scattered" ? STRIDE : 1;
  const one = encodeCommand(command);
  const slots = slotsOf(one);
  if (slots.length === 0) throw new Error("the command holds no SLOT");
  const batch = new Uint8Array(one.length * COMMANDS_PER_BATCH);
  for (let i = 0; i < COMMANDS_PER_BATCH; i++) batch.set(one, i * one.length);
  for (let first = 0; first < count; first += COMMANDS_PER_BATCH) {
    const length = Math.min(COMMANDS_PER_BATCH, count - first);
    for (let i = 0; i < length; i++) {
      const number = (first + i) * stride % count;
      for (const slot of slots) putDigits(batch, i * one.length, slot, number);
    }
    yield batch.subarray(0, length * one.length);
  }
}

/**
 * Sends them over one connection without waiting for replies.
 *
 * @param linesPerReply - what the command answers with: 1 for an integer, 2 for a bulk string.
 * @throws {Error} where a command is answered with an error.
 */
export async function load(
  server: BenchServer,
  command: readonly string[],
  count: number,
  order: Order = "scattered",
  linesPerReply = 1,
): Promise<void> {
  await withConn(server, LOAD_LIMIT_MS, async (conn) => {
    await Promise.all([
      send(conn, batches(command, count, order)),
      readLines(conn, count * linesPerReply),
    ]);
  });
}

/** Loads and checks that each command made a key. */
export async function loadKeys(
  server: BenchServer,
  command: readonly string[],
  count: number,
): Promise<void> {
  await load(server, command, count);
  const keys = await server.keys();
  if (keys !== count) throw new Error(`${server.side} holds ${keys} keys after ${count} commands`);
}

function slotsOf(encoded: Uint8Array): Slot[] {
  const text = new TextDecoder("latin1").decode(encoded);
  return [...text.matchAll(/#+/g)].map(({ index, 0: { length } }) => ({ start: index, length }));
}

function putDigits(buf: Uint8Array, start: number, slot: Slot, number: number): void {
  const first = start + slot.start;
  for (let at = first + slot.length - 1, rest = number; at >= first; at--) {
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

/** Reads replies of which no line begins with a minus unless it is an error. */
async function readLines(conn: Deno.Conn, count: number): Promise<void> {
  const chunk = new Uint8Array(64 * 1024);
  let lines = 0;
  let last = LF;
  while (lines < count) {
    const read = await conn.read(chunk);
    if (read === null) throw new Error(`the server closed the connection after ${lines} lines`);
    for (let i = 0; i < read; i++) {
      if (last === LF && chunk[i] === MINUS) {
        throw new Error(`a command failed: ${new TextDecoder().decode(chunk.subarray(i, read))}`);
      }
      last = chunk[i];
      if (last === LF) lines++;
    }
  }
}
