/** Looking ahead: what it finds is what the decoder then finds, and it changes nothing. */

import { Buffer } from "node:buffer";
import { AHEAD_MAX, FIRST, KeysAhead, LAST, OFFSETS, SECOND } from "../../lib/memory/keys_ahead.ts";
import type { Args } from "../../lib/resp/args.ts";
import { Decoder, ProtocolError } from "../../lib/resp/decoder.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { STREAMS } from "./corpus.ts";
import { LIMITS } from "./decode.ts";

/** The three arguments of command `i` that were found, as latin1. */
function found(keys: KeysAhead, i: number): string[] {
  return [FIRST, SECOND, LAST].map((argument) => {
    const at = i * OFFSETS + argument;
    return Buffer.from(keys.bufs[i]).toString("latin1", keys.bounds[at], keys.bounds[at + 1]);
  });
}

function expected(args: Args): string[] {
  return [args.text(1), args.count > 2 ? args.text(2) : "", args.text(args.count - 1)];
}

/** Decodes a stream cut in two, looking ahead before each read's commands. Returns how many it found. */
function check(stream: string, cut: number): number {
  const decoder = new Decoder(LIMITS);
  const bytes = Buffer.from(stream, "latin1");
  let total = 0;
  try {
    for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      decoder.space().set(part);
      decoder.filled(part.length);
      const keys = new KeysAhead();
      decoder.lookAhead(keys, AHEAD_MAX);
      const ahead = Array.from({ length: keys.count }, (_, i) => found(keys, i));
      total += ahead.length;
      while (decoder.next()) {
        if (decoder.args.count === 1 || ahead.length === 0) continue;
        assertEquals(ahead.shift(), expected(decoder.args), JSON.stringify({ stream, cut }));
      }
      assertEquals(ahead, [], JSON.stringify({ stream, cut }));
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
  return total;
}

const SET = "*3\r\n$3\r\nSET\r\n$5\r\nhello\r\n$4\r\na\r\nb\r\n";
const GET = "*2\r\n$3\r\nGET\r\n$0\r\n\r\n";
const PING = "*1\r\n$4\r\nPING\r\n";

Deno.test("a pipeline's keys, second and last arguments are found ahead", () => {
  const zadd = "*4\r\n$4\r\nZADD\r\n$1\r\nz\r\n$1\r\n1\r\n$12\r\nmember-of-it\r\n";
  const decoder = new Decoder(LIMITS);
  const stream = SET + PING + GET + zadd + SET.slice(0, -1);
  decoder.space().set(Buffer.from(stream));
  decoder.filled(stream.length);
  const keys = new KeysAhead();
  decoder.lookAhead(keys, AHEAD_MAX);
  assertEquals(keys.count, 3, "PING has no key, and the last command is not whole");
  assertEquals([0, 1, 2].map((i) => found(keys, i)), [
    ["hello", "a\r\nb", "a\r\nb"],
    ["", "", ""],
    ["z", "1", "member-of-it"],
  ]);
});

Deno.test("what is found ahead is what comes, for every stream cut anywhere", () => {
  let total = 0;
  for (const stream of [...STREAMS, SET.repeat(3), SET + GET + PING + SET]) {
    for (let cut = 0; cut <= stream.length; cut++) total += check(stream, cut);
  }
  assert(total > 300, `only ${total} found`);
});

Deno.test("no more is found than was asked for and has room", () => {
  const decoder = new Decoder(LIMITS, { bufferBytes: 16384 });
  const stream = GET.repeat(AHEAD_MAX * 2);
  decoder.space().set(Buffer.from(stream));
  decoder.filled(stream.length);
  const keys = new KeysAhead();
  decoder.lookAhead(keys, 16);
  assertEquals(keys.count, 16);
  decoder.lookAhead(keys, 1000);
  assertEquals(keys.count, AHEAD_MAX);
  keys.clear();
  assertEquals([keys.count, keys.bufs.length], [0, 0]);
});
