/** Increments by floats: the short path against long doubles of any size, and both against Redis. */

import { FloatIncrement, NOT_A_FLOAT, NOT_FINITE } from "../../lib/numbers/float_increment.ts";
import { FixedFloat } from "../../lib/numbers/fixed_float.ts";
import { addLongDouble, formatLongDouble, parseLongDouble } from "../../lib/numbers/long_double.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedis } from "../kit/oracle.ts";
import { type Command, connect, fromLatin1 } from "../kit/resp_client.ts";
import { randomFloatText, TRICKY_FLOAT_TEXTS } from "./float_texts.ts";

type Outcome = string | typeof NOT_A_FLOAT | typeof NOT_FINITE;

/** The sum of two texts with nothing but long doubles. */
function slowSum(value: string, by: string): Outcome {
  const bytes = fromLatin1(value + by);
  const b = parseLongDouble(bytes, value.length, bytes.length);
  const a = parseLongDouble(bytes, 0, value.length);
  if (a === undefined || b === undefined) return NOT_A_FLOAT;
  const sum = addLongDouble(a, b);
  return sum === undefined ? NOT_FINITE : formatLongDouble(sum);
}

const increment = new FloatIncrement();

/** The same, as the commands have it. */
function sum(value: string, by: string): Outcome {
  const bytes = fromLatin1(`<${value}${by}>`);
  const middle = 1 + value.length;
  if (!increment.read(bytes, middle, bytes.length - 1)) return NOT_A_FLOAT;
  const length = increment.addTo(bytes, 1, middle);
  if (length === NOT_A_FLOAT || length === NOT_FINITE) return length;
  return new TextDecoder().decode(increment.text.subarray(0, length));
}

function isShort(text: string): boolean {
  const bytes = fromLatin1(text);
  return new FixedFloat().read(bytes, 0, bytes.length);
}

/** A number on the short path or at its edge: digits at random, at limits, halfway between two. */
function hardText(chance: Seeded): string {
  const sign = chance.pick(["", "-"]);
  if (chance.chance(0.8)) return sign + String(hardWhole(chance)) + hardFraction(chance);
  // An integer part of so many bits leaves the others for the fraction.
  const whole_bits = chance.between(1, 44);
  const whole = 2 ** (whole_bits - 1) + chance.below(2 ** Math.min(whole_bits - 1, 30));
  const bits = 64 - whole_bits;
  const offset = BigInt(chance.between(-9, 9));
  const scaled = bits > 56 || chance.chance(0.5)
    ? nearHalfBit(bits, offset, BigInt(chance.below(2 ** 17)))
    : nearHalfDecimal(bits, offset, BigInt(chance.below(2 ** 17)));
  return `${sign}${whole}.${String(scaled).padStart(17, "0")}`;
}

const FIVES = 5n ** 17n;
const TENS = 10n ** 17n;

/** 17 decimals, so near to a fraction of `bits` and a half that only the last of 2^-83 tell, or none. */
function nearHalfBit(bits: number, offset: bigint, high: bigint): bigint {
  // decimals * 2^(bits + 1) / 10^17 is to be an integer and offset / 5^17.
  const half = (FIVES + 1n) / 2n;
  let decimals = (offset + FIVES) % FIVES;
  for (let n = 17; n < bits + 1; n++) decimals = decimals * half % FIVES;
  return decimals + high * FIVES;
}

/** 17 decimals that are read as a fraction of `bits` next to the middle of two such decimals. */
function nearHalfDecimal(bits: number, offset: bigint, high: bigint): bigint {
  // fraction * 10^17 / 2^bits is to be an integer, a half, and offset / 2^(bits - 17).
  const shift = BigInt(bits - 17);
  const modulus = 1n << shift;
  let inverse = 1n; // of 5^17: every round doubles the bits that are right
  for (let n = 0; n < 7; n++) inverse = inverse * (2n - FIVES * inverse) % modulus;
  const low = inverse * ((modulus >> 1n) + offset) % modulus;
  const fraction = high * modulus + (low + modulus) % modulus;
  return (fraction * TENS >> BigInt(bits)) % TENS;
}

function hardWhole(chance: Seeded): number {
  const power = 2 ** chance.between(0, 50);
  switch (chance.below(5)) {
    case 0:
      return 0;
    case 1:
      return Math.min(power + chance.between(-1, 1), 999_999_999_999_999);
    case 2:
      return 999_999_999_999_999 - chance.below(2);
    case 3: // ties: 17 decimals reach half a unit, 18 bits of fraction half a decimal
      return 2 ** 46 + chance.uint32() % 2 ** 16 * 2 ** chance.between(0, 32);
    default:
      return Math.floor(power * (1 + chance.uint32() / 2 ** 32));
  }
}

function hardFraction(chance: Seeded): string {
  switch (chance.below(7)) {
    case 0:
      return "";
    case 1:
      return "." + "9".repeat(chance.between(0, 17));
    case 2:
      return "." + "0".repeat(chance.between(0, 16)) + String(chance.below(11));
    case 3:
      return "." + String(chance.below(1000)).padStart(chance.between(1, 3), "0");
    case 4:
      return "." + dyadic(chance, 0n);
    case 5:
      return "." + dyadic(chance, BigInt(chance.between(-1, 1)));
    default:
      return "." + decimals(chance, chance.between(1, 18));
  }
}

/** A fraction of up to 17 bits in 17 decimals, all of them; and a little more or less. */
function dyadic(chance: Seeded, extra: bigint): string {
  const bits = chance.between(1, 17);
  const numerator = BigInt(chance.below(2 ** bits)) | 1n;
  const scaled = numerator * 10n ** 17n / 2n ** BigInt(bits) + extra;
  return String(scaled).padStart(17, "0");
}

function decimals(chance: Seeded, count: number): string {
  return Array.from({ length: count }, () => chance.below(10)).join("");
}

function assertSame(value: string, by: string): void {
  assertEquals(sum(value, by), slowSum(value, by), `${value} + ${by}`);
}

Deno.test("numbers of up to 15 digits and 17 decimals take the short path", () => {
  for (
    const text of ["0", "-0", "5.", ".5", "-.5", "0.1", "3000", "999999999999999.99999999999999999"]
      .concat("8807.51999999999999957", "-0.00000190734863282", "00012.50", "0.00000000000000000")
  ) assert(isShort(text), text);
  for (
    const text of [
      "",
      "-",
      ".",
      "-.",
      "+1",
      "1e3",
      "0x1",
      "inf",
      " 1",
      "1 ",
      "1.2.3",
      "--1",
      "1.-2",
    ]
      .concat(
        "1000000000000000",
        "0.123456789012345678",
        "0.00000190734863281",
        "1.5x",
        "1:2",
        "1/",
      )
  ) assert(!isShort(text), text);
});

Deno.test("the short path answers as long doubles do, at the limits of rounding too", () => {
  const { seed, size } = flags(20_000);
  const chance = new Seeded(seed);
  const texts = TRICKY_FLOAT_TEXTS.filter((text) => text.length < 1000);
  let shorts = 0;
  for (let n = 0; n < size; n++) {
    const a = hardText(chance);
    const b = hardText(chance);
    if (isShort(a) && isShort(b)) shorts++;
    assertSame(a, b);
    assertSame(a, a.startsWith("-") ? a.slice(1) : "-" + a);
    assertSame(a, chance.chance(0.5) ? randomFloatText(chance) : chance.pick(texts));
    assertSame(randomFloatText(chance), b);
  }
  assert(shorts > size / 2, `${shorts} of ${size}`);
});

Deno.test("halves are rounded to even, of bits and of decimals", () => {
  // 2^48 + 3/2^17 lies between two long doubles; 2^46 + 1/2^18 between two decimals.
  for (let k = 1; k < 2000; k += 2) {
    const half = String(BigInt(k) * 10n ** 17n / 2n ** 17n).padStart(17, "0");
    assertSame(`${2 ** 48}.${half}`, "0");
    assertSame(`${2 ** 48 + 1}.5`, `0.${half}`);
    const quarter = 10n ** 17n / 2n ** 17n * BigInt(k) / 2n;
    assertSame(`${2 ** 46}.${String(quarter).padStart(17, "0")}`, "0");
    assertSame(`-${2 ** 46 + k}.${String(quarter).padStart(17, "0")}`, "0");
  }
});

Deno.test("a value that is increased over and over stays that of long doubles", () => {
  for (const by of ["0.1", "-1000.1", "1.5", "12345678.87654321", "0.00001", "-0.7"]) {
    let value = "0";
    for (let n = 0; n < 1000; n++) {
      const expected = slowSum(value, by);
      assertEquals(sum(value, by), expected, `${value} + ${by}`);
      value = String(expected);
    }
  }
});

Deno.test({
  name: "INCRBYFLOAT of hard numbers answers as the real server does",
  ignore: !hasRedisServer(),
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const { seed, size } = flags(2000);
    const chance = new Seeded(seed);
    await using redis = await startRedis();
    await using client = await connect(redis.port);
    let value = "1000.1";
    const commands: Command[] = [];
    const steps: (readonly [boolean, string])[] = [[true, value], [false, "0.2"]];
    for (let n = 0; n < size; n++) steps.push([chance.chance(0.3), hardText(chance)]);
    for (const [isNew, text] of steps) commands.push([isNew ? "SET" : "INCRBYFLOAT", "k", text]);
    const replies = await client.pipeline(commands);
    steps.forEach(([isNew, text], i) => {
      if (isNew) {
        value = text;
        return;
      }
      const reply = replies[i];
      assert(reply.type === "bulk");
      assertEquals(sum(value, text), reply.value, `${value} + ${text}`);
      value = String(reply.value);
    });
  },
});
