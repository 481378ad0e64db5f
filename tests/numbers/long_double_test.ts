/** 80-bit long doubles: sums and texts as the real server's INCRBYFLOAT gives them. */

import { assert, assertEquals, assertStrictEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedis } from "../kit/oracle.ts";
import { type Command, connect, fromLatin1 } from "../kit/resp_client.ts";
import { formatDouble, parseDouble } from "../../lib/numbers/double.ts";
import {
  addLongDouble,
  formatLongDouble,
  longDoubleFromNumber,
  parseLongDouble,
} from "../../lib/numbers/long_double.ts";
import { randomFloatText, TRICKY_FLOAT_TEXTS } from "./float_texts.ts";

const INVALID = "ERR value is not a valid float";
const NOT_FINITE = "ERR increment would produce NaN or Infinity";

/** What INCRBYFLOAT answers to `increment` on a key that holds `value`. */
function increment(value: string, incr: string): string {
  const bytes = fromLatin1(value + incr);
  const a = parseLongDouble(bytes, 0, value.length);
  const b = parseLongDouble(bytes, value.length, bytes.length);
  if (a === undefined || b === undefined) return INVALID;
  const sum = addLongDouble(a, b);
  return sum === undefined ? NOT_FINITE : formatLongDouble(sum);
}

Deno.test("sums keep the digits that a double would lose", () => {
  assertEquals(increment("8785.89", "21.63"), "8807.51999999999999957");
  assertEquals(increment("0.1", "0.2"), "0.3");
  assertEquals(increment("3", "1.000000000000000005"), "4.00000000000000001");
  assertEquals(increment("-1", "1"), "0");
  assertEquals(increment("-0", "-0"), "0");
  assertEquals(increment("-1e-30", "0"), "0");
  assertEquals(increment("5.0e3", "2.0e2"), "5200");
  assertEquals(increment("18446744073709551615", "1"), "18446744073709551616");
});

Deno.test("sums that are no finite number are undefined", () => {
  assertEquals(increment("1e4932", "1e4932"), NOT_FINITE);
  assertEquals(increment("inf", "1"), NOT_FINITE);
  assertEquals(increment("inf", "-inf"), NOT_FINITE);
  assertEquals(increment("1", "nan"), INVALID);
  assertEquals(increment("1e4933", "1"), INVALID);
});

Deno.test("every double is a long double exactly", () => {
  const chance = new Seeded(7);
  const bits = new DataView(new ArrayBuffer(8));
  const values = [0, -0, 1, -1.5, 5e-324, 2 ** -1022, Number.MAX_VALUE, 0.1];
  for (let i = 0; i < 200; i++) {
    bits.setUint32(0, chance.uint32());
    bits.setUint32(4, chance.uint32());
    const x = bits.getFloat64(0);
    if (Number.isFinite(x)) values.push(x);
  }
  for (const x of values) {
    const { significand, exponent } = longDoubleFromNumber(x);
    // In two steps: 2^-1074 alone times a wide significand would be rounded.
    const first = Math.trunc(exponent / 2);
    assertStrictEquals(Number(significand) * 2 ** first * 2 ** (exponent - first), x + 0);
  }
  assertEquals(formatLongDouble(longDoubleFromNumber(0.1)), "0.10000000000000001");
});

Deno.test({
  name: "INCRBYFLOAT answers as the real server does",
  ignore: !hasRedisServer(),
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const { seed, size } = flags(3000);
    const chance = new Seeded(seed);
    const pairs: [string, string][] = TRICKY_FLOAT_TEXTS.flatMap((text) =>
      ["0", "1.5", "1e4932"].flatMap((b): [string, string][] => [[text, b], [b, text]])
    );
    for (let i = 0; i < size; i++) pairs.push([randomFloatText(chance), randomFloatText(chance)]);

    await using redis = await startRedis();
    await using client = await connect(redis.port);
    const commands: Command[] = pairs.flatMap(([a, b]) => [["SET", "k", a], [
      "INCRBYFLOAT",
      "k",
      b,
    ]]);
    const replies = await client.pipeline(commands);
    pairs.forEach(([a, b], i) => {
      const reply = replies[i * 2 + 1];
      assert(reply.type === "bulk" || reply.type === "error");
      assertEquals(increment(a, b), reply.value, `${JSON.stringify(a)} + ${JSON.stringify(b)}`);
    });
  },
});

Deno.test("a double survives the text of its shortest form", () => {
  const { seed, size } = flags(1000);
  const chance = new Seeded(seed);
  for (let i = 0; i < size; i++) {
    const text = randomFloatText(chance);
    const x = parseDouble(fromLatin1(text), 0, text.length);
    if (x === undefined) continue;
    const printed = formatDouble(x);
    assertStrictEquals(parseDouble(fromLatin1(printed), 0, printed.length), x, text);
  }
});
