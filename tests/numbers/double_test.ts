/** Doubles: printed and read as the real server prints and reads scores. */

import { assertEquals, assertStrictEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedis } from "../kit/oracle.ts";
import { type Command, connect, fromLatin1 } from "../kit/resp_client.ts";
import { formatDouble, parseDouble } from "../../lib/numbers/double.ts";
import { randomFloatText, TRICKY_FLOAT_TEXTS } from "./float_texts.ts";

function parse(text: string): number | undefined {
  const bytes = fromLatin1(`9${text}9`);
  return parseDouble(bytes, 1, bytes.length - 1);
}

Deno.test("doubles print with 17 significant digits, integers as integers", () => {
  const texts: [number, string][] = [
    [0, "0"],
    [-0, "-0"],
    [3, "3"],
    [0.1, "0.10000000000000001"],
    [1e15, "1000000000000000"],
    [12345678901234567, "12345678901234568"],
    [1e17, "1e+17"],
    [-1.5e300, "-1.5000000000000001e+300"],
    [0.0001, "0.0001"],
    [0.00001, "1.0000000000000001e-05"],
    [5e-324, "4.9406564584124654e-324"],
    [Infinity, "inf"],
    [-Infinity, "-inf"],
    [NaN, "nan"],
  ];
  for (const [x, text] of texts) assertEquals(formatDouble(x), text);
});

Deno.test("a tie between two decimals of 17 digits goes to the even one", () => {
  assertEquals(formatDouble(5 * 2 ** -25), "1.4901161193847656e-07");
  // The exact decimals end in ...9765625, ...9296875: 18 digits, of which the last is a 5.
  assertEquals(formatDouble(33554432.0000000005 + 2 ** -10), "33554432.000976562");
  assertEquals(formatDouble(8388608.0009765625 + 2 ** -9), "8388608.0029296875");
  assertEquals(formatDouble(134217728.0009765625), "134217728.00097656");
  assertEquals(formatDouble(134217728.0029296875), "134217728.00292969");
});

Deno.test("texts that Redis refuses are refused", () => {
  const refused = [
    "",
    " 1",
    "1 ",
    "+",
    "-",
    ".",
    "e5",
    "1e",
    "1e+",
    "nan",
    "-nan",
    "nan(1)",
    "1e400",
    "-1e400",
    "1e-400",
    "0x",
    "0x.",
    "0x1p",
    "0x1g",
    "0x1p2000",
    "0x1p-2000",
    "infinit",
    "infinityx",
    "1,5",
    "1\0",
    "--1",
    "1.2.3",
  ];
  for (const text of refused) assertStrictEquals(parse(text), undefined, text);
});

Deno.test("texts that Redis accepts are read to the nearest double", () => {
  const accepted: [string, number][] = [
    ["1.", 1],
    [".5", 0.5],
    ["+7", 7],
    ["-0", -0],
    ["007", 7],
    ["1e3", 1000],
    ["0e999999", 0],
    ["Inf", Infinity],
    ["-iNFinITY", -Infinity],
    ["0x10", 16],
    ["-0X1.8P3", -12],
    ["0x.8", 0.5],
    ["0x1p-1074", 5e-324],
    ["0x1.00000000000008", 1],
    ["0x1.000000000000080000000000000000000000000000000001", 1 + 2 ** -52],
    ["0x1.00000000000018", 1 + 2 ** -51],
    ["123456789012345678901234567890", 123456789012345678901234567890],
    ["4.9e-324", 5e-324],
  ];
  for (const [text, x] of accepted) assertStrictEquals(parse(text), x, text);
});

Deno.test({
  name: "scores are read and printed as the real server does",
  ignore: !hasRedisServer(),
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const { seed, size } = flags(3000);
    const chance = new Seeded(seed);
    const texts = [...TRICKY_FLOAT_TEXTS];
    for (let i = 0; i < size; i++) texts.push(randomFloatText(chance));
    for (let i = 0; i < size; i++) texts.push(tieText(chance));

    // A packed sorted set keeps integral scores as integers and so forgets the sign of -0.
    await using redis = await startRedis(["--zset-max-listpack-entries", "0"]);
    await using client = await connect(redis.port);
    const commands: Command[] = texts.flatMap((text) => [
      ["DEL", "z"],
      ["ZADD", "z", text, "m"],
      ["ZSCORE", "z", "m"],
    ]);
    const replies = await client.pipeline(commands);
    texts.forEach((text, i) => {
      const reply = replies[i * 3 + 2];
      const x = parse(text);
      const ours = x === undefined ? "refused" : formatDouble(x);
      assertEquals(ours, reply.type === "bulk" ? reply.value : "refused", JSON.stringify(text));
    });
  },
});

/** The exact decimal of a double that has 18 significant digits: a tie. */
function tieText(chance: Seeded): string {
  const decimals = chance.between(1, 17);
  const integer = 10 ** (17 - decimals) * (1 + chance.below(9_000_000) / 1e6);
  const units = Math.floor(integer) * 2 ** decimals +
    (chance.below(2 ** Math.min(decimals, 30)) | 1);
  return (units / 2 ** decimals).toFixed(decimals);
}
