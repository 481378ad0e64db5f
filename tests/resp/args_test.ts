/** Arguments as offsets, their copies, and commands encoded from them. */

import { Buffer } from "node:buffer";
import { Args } from "../../lib/resp/args.ts";
import { CommandEncoder } from "../../lib/resp/encoder.ts";
import { assert, assertEquals } from "../kit/assert.ts";

function texts(args: Args): string[] {
  return Array.from({ length: args.count }, (_, i) => args.text(i));
}

Deno.test("arguments are made from texts and bytes, empty ones too", () => {
  const args = Args.of("SET", "", Uint8Array.of(0, 255), "\xe4");
  assertEquals(texts(args), ["SET", "", "\0\xff", "\xe4"]);
  assertEquals([args.length(1), args.length(2)], [0, 2]);
  assertEquals([...args.bytes(2)], [0, 255]);
});

Deno.test("there may be any number of arguments", () => {
  const many = Array.from({ length: 1000 }, (_, i) => `a${i}`);
  assertEquals(texts(Args.of(...many)), many);
  assertEquals(Args.of().count, 0);
});

Deno.test("a word is told in any case, but not by its beginning", () => {
  const args = Args.of("eX", "EXAT", "E", "", "\xc5X", "e\x18");
  assert(args.is(0, "EX"));
  for (let i = 1; i < args.count; i++) assert(!args.is(i, "EX"), `argument ${i}`);
  assert(!Args.of("\x4e\x18-x").is(0, "NX-X"));
  assert(Args.of("no-evict").is(0, "NO-EVICT"));
});

Deno.test("integers are read strictly", () => {
  const args = Args.of("-7", "9223372036854775807", "9223372036854775808", "01", " 1", "");
  const read = Array.from({ length: args.count }, (_, i) => args.int64(i));
  assertEquals(read, [-7, 9223372036854775807n, undefined, undefined, undefined, undefined]);
});

Deno.test("a copy keeps its bytes when the buffer is used again", () => {
  const buffer = Buffer.from("xxSETyykeyzz");
  const args = new Args(buffer);
  args.push(2, 5);
  args.push(7, 10);
  args.push(12, 12);
  const copy = args.copy();
  buffer.fill(0);
  assertEquals(texts(copy), ["SET", "key", ""]);
  assertEquals(copy.buf.length, 6);
});

Deno.test("commands are encoded as arrays of bulk strings, one after another", () => {
  const encoder = new CommandEncoder();
  const bytes = () => encoder.buf.toString("latin1", 0, encoder.length);
  encoder.command("PEXPIREAT", Uint8Array.of(0, 255), 1700000000000, -(2n ** 63n), "");
  const first = "*5\r\n$9\r\nPEXPIREAT\r\n$2\r\n\0\xff\r\n$13\r\n1700000000000\r\n" +
    "$20\r\n-9223372036854775808\r\n$0\r\n\r\n";
  assertEquals(bytes(), first);
  encoder.args(Args.of("DEL", "\xe4"));
  encoder.raw(Buffer.from("x*1\r\n$4\r\nEXEC\r\nx"), 1, 15);
  assertEquals(bytes(), first + "*2\r\n$3\r\nDEL\r\n$1\r\n\xe4\r\n*1\r\n$4\r\nEXEC\r\n");
  encoder.clear();
  assertEquals(bytes(), "");
});

Deno.test("the encoder grows with a large command and gives the room back", () => {
  const encoder = new CommandEncoder();
  const value = "v".repeat(3_000_000);
  encoder.command("SET", "k", value);
  const expected = `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000000\r\n${value}\r\n`;
  assert(encoder.buf.toString("latin1", 0, encoder.length) === expected);
  encoder.clear();
  assert(encoder.buf.length < 1 << 20);
});
