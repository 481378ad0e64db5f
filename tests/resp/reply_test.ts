/** The reply writer: both protocols, every size, and taking back what was written. */

import { Buffer } from "node:buffer";
import { releaseReply, Reply, replyBytes, type ReplyMark } from "../../lib/resp/reply.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

function written(reply: Reply): string {
  const parts = reply.take();
  const text = Buffer.concat(parts.map(replyBytes)).toString("latin1");
  for (const part of parts) releaseReply(part);
  return text;
}

/** What a call writes in RESP2 and in RESP3. */
const VALUES: readonly (readonly [call: (reply: Reply) => void, resp2: string, resp3: string])[] = [
  [(r) => r.ok(), "+OK\r\n", "+OK\r\n"],
  [(r) => r.simple("PONG"), "+PONG\r\n", "+PONG\r\n"],
  [(r) => r.error("ERR no"), "-ERR no\r\n", "-ERR no\r\n"],
  [(r) => r.error("ERR a\r\nb"), "-ERR a  b\r\n", "-ERR a  b\r\n"],
  [(r) => r.integer(0), ":0\r\n", ":0\r\n"],
  [(r) => r.integer(9), ":9\r\n", ":9\r\n"],
  [(r) => r.integer(10), ":10\r\n", ":10\r\n"],
  [(r) => r.integer(-1), ":-1\r\n", ":-1\r\n"],
  [(r) => r.integer(Number.MAX_SAFE_INTEGER), ":9007199254740991\r\n", ":9007199254740991\r\n"],
  [(r) => r.integer(-(2n ** 63n)), ":-9223372036854775808\r\n", ":-9223372036854775808\r\n"],
  [(r) => r.bulkText(""), "$0\r\n\r\n", "$0\r\n\r\n"],
  [(r) => r.bulkText("\xff\0"), "$2\r\n\xff\0\r\n", "$2\r\n\xff\0\r\n"],
  [
    (r) => r.bulkText("x".repeat(300)),
    `$300\r\n${"x".repeat(300)}\r\n`,
    `$300\r\n${"x".repeat(300)}\r\n`,
  ],
  [
    (r) => r.bulkText("x".repeat(99) + "\xff\xe9"),
    `$101\r\n${"x".repeat(99)}\xff\xe9\r\n`,
    `$101\r\n${"x".repeat(99)}\xff\xe9\r\n`,
  ],
  [(r) => r.bulk(Buffer.from("abcdef"), 1, 3), "$2\r\nbc\r\n", "$2\r\nbc\r\n"],
  [(r) => r.bulkInteger(-12), "$3\r\n-12\r\n", "$3\r\n-12\r\n"],
  [(r) => r.array(12), "*12\r\n", "*12\r\n"],
  [(r) => r.map(3), "*6\r\n", "%3\r\n"],
  [(r) => r.set(3), "*3\r\n", "~3\r\n"],
  [(r) => r.push(3), "*3\r\n", ">3\r\n"],
  [(r) => r.null(), "$-1\r\n", "_\r\n"],
  [(r) => r.nullArray(), "*-1\r\n", "_\r\n"],
  [(r) => r.double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"],
  [(r) => r.double(3), "$1\r\n3\r\n", ",3\r\n"],
  [(r) => r.double(-1_234_567_890), "$11\r\n-1234567890\r\n", ",-1234567890\r\n"],
  [(r) => r.double(-0), "$2\r\n-0\r\n", ",-0\r\n"],
  [(r) => r.double(999_999_999_999_999), "$15\r\n999999999999999\r\n", ",999999999999999\r\n"],
  [(r) => r.double(1e17), "$5\r\n1e+17\r\n", ",1e+17\r\n"],
  [(r) => r.double(Infinity), "$3\r\ninf\r\n", ",inf\r\n"],
  [(r) => r.boolean(true), ":1\r\n", "#t\r\n"],
  [(r) => r.boolean(false), ":0\r\n", "#f\r\n"],
  [(r) => r.verbatim("txt", "hi"), "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"],
  [(r) => r.raw(Buffer.from("x+OK\r\nx"), 1, 6), "+OK\r\n", "+OK\r\n"],
];

Deno.test("every kind of value is written as its protocol has it", () => {
  const reply = new Reply();
  for (const [call, resp2, resp3] of VALUES) {
    for (const resp3On of [false, true]) {
      reply.resp3 = resp3On;
      call(reply);
      assertEquals(written(reply), resp3On ? resp3 : resp2);
    }
  }
});

Deno.test("errors are counted and the last one is remembered", () => {
  const reply = new Reply();
  reply.error("ERR one");
  reply.ok();
  reply.error("WRONGTYPE two");
  assertEquals([reply.errorCount, reply.lastError], [2, "WRONGTYPE two"]);
});

Deno.test("values larger than a buffer, and many of them, come out whole and in order", () => {
  const reply = new Reply();
  let expected = "";
  for (const size of [10, 20_000, 1 << 20, 100, (1 << 21) + 7, 0, 1_000_000, 60_000]) {
    const letter = String.fromCharCode(97 + size % 26);
    reply.bulk(Buffer.alloc(size, letter));
    reply.bulkText(letter.repeat(size));
    reply.verbatim("txt", letter.repeat(size));
    expected += `$${size}\r\n${letter.repeat(size)}\r\n`.repeat(3);
  }
  assertEquals(reply.length, expected.length);
  assert(reply.bufferBytes >= expected.length);
  assert(written(reply) === expected);
  assertEquals([reply.length, reply.bufferBytes, reply.take()], [0, 0, []]);
});

Deno.test("what was written since a mark can be taken back, whatever its size", () => {
  const { seed, size } = flags(400);
  const chance = new Seeded(seed);
  const reply = new Reply();
  let model = "";
  const marks: { mark: ReplyMark; model: string }[] = [];
  for (let i = 0; i < size; i++) {
    const dice = chance.below(10);
    if (dice < 6) {
      const length = chance.chance(0.1) ? chance.below(2_500_000) : chance.below(3000);
      const letter = chance.pick(["x", "y", "z"]);
      reply.bulk(Buffer.alloc(length, letter));
      model += `$${length}\r\n${letter.repeat(length)}\r\n`;
    } else if (dice < 8) {
      marks.push({ mark: reply.mark(), model });
    } else if (dice === 8 && marks.length > 0) {
      const back = marks.splice(chance.below(marks.length))[0];
      reply.rewind(back.mark);
      model = back.model;
    } else if (chance.chance(0.3)) {
      assert(written(reply) === model, `step ${i}`);
      model = "";
      marks.length = 0;
    }
    assertEquals(reply.length, model.length, `step ${i}`);
  }
  assert(written(reply) === model);
});

Deno.test("a mark holds although what was before it has been taken meanwhile", () => {
  const reply = new Reply();
  reply.simple("PONG");
  const mark = reply.mark();
  assertEquals(written(reply), "+PONG\r\n");
  reply.ok();
  reply.rewind(mark);
  assertEquals(written(reply), "");
});

Deno.test("what is discarded is gone", () => {
  const reply = new Reply();
  reply.bulk(Buffer.alloc(3_000_000));
  reply.ok();
  reply.discard();
  assertEquals(reply.length, 0);
  reply.simple("PONG");
  assertEquals(written(reply), "+PONG\r\n");
});
