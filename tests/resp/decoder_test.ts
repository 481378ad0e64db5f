/** The decoder: the same commands and the same errors, however the bytes are cut into reads. */

import { Buffer } from "node:buffer";
import { Decoder, ProtocolError, QueryTooLargeError } from "../../lib/resp/decoder.ts";
import { CommandEncoder } from "../../lib/resp/encoder.ts";
import { assert, assertEquals, assertLess, assertThrows } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { LONG_STREAMS, STREAMS, UNAUTHENTICATED_STREAMS } from "./corpus.ts";
import { decode, feed, LIMITS } from "./decode.ts";

const UNAUTHENTICATED = { ...LIMITS, authenticated: false };
const LINE_BYTES_MAX = 65536;

function* everyByte(length: number): Generator<number> {
  for (let cut = 1; cut < length; cut++) yield cut;
}

Deno.test("short streams decode alike whole, byte by byte and cut anywhere", () => {
  for (const strict of [false, true]) {
    for (const stream of STREAMS) {
      const whole = decode(stream, [], { strict });
      const what = JSON.stringify({ stream, strict });
      assertEquals(decode(stream, everyByte(stream.length), { strict }), whole, what);
      for (const cut of everyByte(stream.length)) {
        assertEquals(decode(stream, [cut], { strict }), whole, `${what} cut at ${cut}`);
      }
    }
  }
});

Deno.test("headers in which one byte is another decode alike whole and byte by byte", () => {
  const stream = "*2\r\n$3\r\nGET\r\n$11\r\n0123456789a\r\n*1\r\n$4\r\nPING\r\n";
  const header = [0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 16, 17];
  for (const at of header) {
    for (let byte = 0; byte < 256; byte++) {
      const other = stream.slice(0, at) + String.fromCharCode(byte) + stream.slice(at + 1);
      for (const strict of [false, true]) {
        const whole = decode(other, [], { strict }); // what is canonical must encode to itself
        const what = `${byte} at ${at}`;
        assertEquals(decode(other, everyByte(other.length), { strict }), whole, what);
        if (strict && other !== stream) assert(whole.commands.length < 2, what);
      }
    }
  }
});

Deno.test("long streams decode alike in reads of every size", () => {
  for (const stream of LONG_STREAMS) {
    const whole = decode(stream);
    for (const size of [1, 2, 3, 1000, 1023, 1024, 1025, 16384, 65536]) {
      const cuts = Array.from(
        { length: Math.ceil(stream.length / size) - 1 },
        (_, i) => (i + 1) * size,
      );
      assertEquals(decode(stream, cuts), whole, `${stream.slice(0, 40)} in reads of ${size}`);
    }
  }
});

Deno.test("streams of a client that has not authenticated decode alike in any reads", () => {
  for (const stream of UNAUTHENTICATED_STREAMS) {
    const whole = decode(stream, [], { limits: UNAUTHENTICATED });
    const split = decode(stream, everyByte(stream.length), { limits: UNAUTHENTICATED });
    assertEquals(split, whole, stream.slice(0, 40));
  }
});

Deno.test("arrays become commands, and bytes of any value pass through", () => {
  const stream = "*2\r\n$4\r\nECHO\r\n$4\r\n\r\n\0\xff\r\n*1\r\n$0\r\n\r\n";
  const { commands, canonical, pending } = decode(stream);
  assertEquals(commands, [["ECHO", "\r\n\0\xff"], [""]]);
  assertEquals(canonical, [true, true]);
  assertEquals(pending, 0);
});

Deno.test("empty arrays and empty lines are no commands", () => {
  assertEquals(decode("*0\r\n*-1\r\n\r\n\n  \r\nPING\r\n").commands, [["PING"]]);
});

const ERRORS: readonly (readonly [stream: string, message: string])[] = [
  ["*\r\n", "invalid multibulk length"],
  ["*01\r\n", "invalid multibulk length"],
  ["*:\r\n", "invalid multibulk length"],
  ["*2147483648\r\n", "invalid multibulk length"],
  ["*1\r\n$\r\n", "invalid bulk length"],
  ["*1\r\n$-1\r\n", "invalid bulk length"],
  ["*1\r\n$:\r\n0123456789\r\n", "invalid bulk length"],
  ["*1\r\n$536870913\r\n", "invalid bulk length"],
  ["*1\r\n:1\r\n", "expected '$', got ':'"],
  ["*1\r\n\r\n", "expected '$', got '\r'"],
  ['"a\r\n', "unbalanced quotes in request"],
  ["'a'b\r\n", "unbalanced quotes in request"],
  ["A".repeat(LINE_BYTES_MAX + 1), "too big inline request"],
  ["*" + "1".repeat(LINE_BYTES_MAX), "too big mbulk count string"],
  ["*1\r\n$" + "1".repeat(LINE_BYTES_MAX), "too big bulk count string"],
];

for (const [stream, message] of ERRORS) {
  Deno.test(`${JSON.stringify(stream.slice(0, 20))} is refused: ${JSON.stringify(message)}`, () => {
    assertEquals(decode(stream).error, message);
  });
}

Deno.test("an error tells where in the stream its line begins", () => {
  const ping = "*1\r\n$4\r\nPING\r\n";
  assertEquals(decode(ping.repeat(1000) + "*x\r\n").errorAt, 1000 * ping.length);
  assertEquals(decode(`${ping}*2\r\n$1\r\na\r\n$x\r\n`).errorAt, ping.length + 11);
});

Deno.test("lines of 64 KB are taken and longer ones are not", () => {
  const line = (length: number) => decode("A".repeat(length) + "\n");
  assertEquals(line(LINE_BYTES_MAX).commands.length, 1);
  assertEquals(line(LINE_BYTES_MAX + 1).error, "too big inline request");
});

Deno.test("a '$' that is missing is noticed when its line is whole, as Redis does", () => {
  assertEquals(decode("*1\r\nfoo").error, undefined);
  assertEquals(decode("*1\r\nfoo\r").error, undefined);
  assertEquals(decode("*1\r\nfoo\r\n").error, "expected '$', got 'f'");
});

Deno.test("a NUL hides the rest of what has arrived, as it does in Redis", () => {
  for (const stream of ["PI\0NG\r\nPING\r\n", "*1\0\r\nPING\r\n", "*1\r\n$4\0\r\nPING\r\n"]) {
    const { commands, error, pending } = decode(stream);
    assertEquals([commands, error, pending], [[], undefined, stream.length]);
  }
});

Deno.test("vertical tab and form feed stand between inline words but do not end one", () => {
  assertEquals(decode("\x0b\x0cECHO a\x0bb\r\n").commands, [["ECHO", "a\x0bb"]]);
  assertEquals(decode('"a"\x0cb\r\n').commands, [["a", "b"]]);
});

Deno.test("inline words are quoted and escaped as redis-cli users know it", () => {
  const words = (line: string) => decode(`${line}\r\n`).commands[0];
  assertEquals(words(`SET k "a \\"b\\" \\x00\\n" 'it\\'s \\n'`), [
    "SET",
    "k",
    'a "b" \0\n',
    "it's \\n",
  ]);
  assertEquals(words('a"b c" ""'), ["ab c", ""]);
  assertEquals(words('"\\q\\x4g\\x"'), ["qx4gx"]);
});

Deno.test("more than a million arguments are one command", () => {
  const count = 1024 * 1024 + 1;
  const decoder = new Decoder(LIMITS);
  const counts: number[] = [];
  feed(decoder, Buffer.from(`*${count}\r\n` + "$1\r\nx\r\n".repeat(count), "latin1"), () => {
    counts.push(decoder.args.count);
    assert(decoder.canonical);
  });
  assertEquals(counts, [count]);

  feed(decoder, Buffer.from("*1\r\n$4\r\nPING\r\n"), () => counts.push(decoder.args.count));
  assertEquals(counts, [count, 1]);
  assertLess(decoder.args.bounds.length, 10_000, "the room for offsets is not given back");
  decoder.space();
  assert(decoder.bufferBytes <= 64 * 1024, `${decoder.bufferBytes} bytes are kept`);
});

const NOT_CANONICAL: readonly string[] = [
  "PING\r\n",
  "*1\rx$4\r\nPING\r\n",
  "*1\r\n$4\rxPING\r\n",
  "*1\r\n$4\r\nPINGxx",
  "*2\r\n$4\r\nECHO\r\n$1\r\nx\n\r",
];

for (const stream of NOT_CANONICAL) {
  Deno.test(`${JSON.stringify(stream)} is a command, but not in canonical form`, () => {
    assertEquals(decode(stream).canonical, [false]);
    assertEquals(decode(`*1\r\n$4\r\nPING\r\n${stream}*1\r\n$4\r\nPING\r\n`).canonical, [
      true,
      false,
      true,
    ]);
  });
}

Deno.test("the limits of the moment hold: a client that authenticates may send more", () => {
  const limits = { ...LIMITS, authenticated: false };
  const decoder = new Decoder(limits);
  const eleven = Buffer.from("*11\r\n" + "$1\r\nx\r\n".repeat(11));
  feed(decoder, Buffer.from("*1\r\n$4\r\nAUTH\r\n"), () => limits.authenticated = true);
  let found = 0;
  feed(decoder, eleven, () => found++);
  assertEquals(found, 1);
  limits.authenticated = false;
  const error = assertThrows(() => feed(decoder, eleven, () => {}), ProtocolError);
  assertEquals(error.message, "unauthenticated multibulk length");
});

Deno.test("an argument may be as long as the limit, and no longer", () => {
  const limits = { ...LIMITS, bulkBytesMax: 5 };
  assertEquals(decode("*1\r\n$5\r\nhello\r\n", [], { limits }).commands, [["hello"]]);
  assertEquals(decode("*1\r\n$6\r\nworlds\r\n", [], { limits }).error, "invalid bulk length");
});

Deno.test("a command that outgrows the query buffer's limit is given up", () => {
  const decoder = new Decoder({ ...LIMITS, queryBytesMax: 100_000 });
  const part = Buffer.alloc(1000, "x");
  assertThrows(() => {
    feed(decoder, Buffer.from("*1\r\n$300000\r\n"), () => {});
    for (let i = 0; i < 200; i++) feed(decoder, part, () => {});
  }, QueryTooLargeError);
});

Deno.test("strict: every byte must be right, and annotations are stepped over", () => {
  const strict = (stream: string) => decode(stream, [], { strict: true });
  const ping = "*1\r\n$4\r\nPING\r\n";
  assertEquals(strict(`#TS:1\r\n${ping}#\n#x\0y\r\n${ping}`).commands, [["PING"], ["PING"]]);
  assertEquals(strict("PING\r\n").error, "expected '*', got 'P'");
  assertEquals(strict("\r\n").error, "expected '*', got '\r'");
  assertEquals(strict("*0\r\n").error, "invalid multibulk length");
  assertEquals(strict("*-1\r\n").error, "invalid multibulk length");
  assertEquals(strict("*1\rx").error, "invalid multibulk length");
  assertEquals(strict("*1\0\r\n").error, "invalid multibulk length");
  assertEquals(strict("*1\r\nP").error, "expected '$', got 'P'");
  assertEquals(strict("*1\r\n$4\rxPING\r\n").error, "invalid bulk length");
  assertEquals(strict("*1\r\n$4\r\nPINGxx").error, "bulk string without its line end");
  assertEquals(strict(`${ping}*1\r\n$4\r\nPIN`).pending, 11);
});

Deno.test("a 64 MB argument in 16 KB reads costs time in proportion to its length", () => {
  const time_ms = (size: number): number => {
    const decoder = new Decoder(LIMITS);
    const chunk = Buffer.alloc(16 * 1024, "x");
    let found = 0;
    const begin = performance.now();
    feed(decoder, Buffer.from(`*1\r\n$${size}\r\n`), () => found++);
    for (let sent = 0; sent < size; sent += chunk.length) feed(decoder, chunk, () => found++);
    feed(decoder, Buffer.from("\r\n"), () => found++);
    assertEquals(found, 1);
    assertEquals(decoder.args.length(0), size);
    return performance.now() - begin;
  };
  time_ms(1 << 20);
  // Linear: some 50 ms. Moving everything at every read would be 128 GB: half a minute at least.
  assertLess(time_ms(64 << 20), 3000);
});

Deno.test("a line of 64 KB byte by byte is searched once", () => {
  const decoder = new Decoder(LIMITS);
  const letter = Buffer.from("A");
  const begin = performance.now();
  for (let i = 0; i < LINE_BYTES_MAX; i++) feed(decoder, letter, () => {});
  let found = 0;
  feed(decoder, Buffer.from("\n"), () => found++);
  assertEquals(found, 1);
  assertLess(performance.now() - begin, 3000);
});

Deno.test("a long pipeline in reads of any size keeps the buffer small", () => {
  const decoder = new Decoder(LIMITS);
  const command = "*3\r\n$3\r\nSET\r\n$5\r\nkey:1\r\n$10\r\n0123456789\r\n";
  const bytes = Buffer.from(command.repeat(100_000));
  let found = 0;
  feed(decoder, bytes, () => found++);
  assertEquals(found, 100_000);
  assert(decoder.bufferBytes <= 64 * 1024);
});

Deno.test("a buffer that a large command left behind is given back", () => {
  const decoder = new Decoder(LIMITS);
  feed(decoder, Buffer.from(`*1\r\n$1000000\r\n${"x".repeat(1_000_000)}\r\n`), () => {});
  const ping = Buffer.from("*1\r\n$4\r\nPING\r\n");
  for (let i = 0; i < 1000; i++) feed(decoder, ping, () => {});
  assert(decoder.bufferBytes <= 4096, `${decoder.bufferBytes} bytes are kept`);
});

Deno.test("commands of random arguments survive encoding and decoding in random reads", () => {
  const { seed, size } = flags(300);
  const chance = new Seeded(seed);
  const encoder = new CommandEncoder();
  const sent: string[][] = [];
  for (let i = 0; i < size; i++) {
    const command = Array.from({ length: chance.between(1, 20) }, () => randomText(chance));
    sent.push(command);
    encoder.command(...command.map((text) => Buffer.from(text, "latin1")));
  }
  const stream = encoder.buf.toString("latin1", 0, encoder.length);
  const cuts: number[] = [];
  for (let at = 0; (at += chance.between(1, chance.pick([3, 100, 5000]))) < stream.length;) {
    cuts.push(at);
  }
  const { commands, canonical, pending } = decode(stream, cuts);
  assertEquals(commands, sent);
  assert(canonical.every(Boolean));
  assertEquals(pending, 0);
});

function randomText(chance: Seeded): string {
  const length = chance.chance(0.05) ? chance.below(5000) : chance.below(20);
  let text = "";
  for (let i = 0; i < length; i++) text += String.fromCharCode(chance.below(256));
  return text;
}
