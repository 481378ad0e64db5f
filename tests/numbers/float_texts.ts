/** Texts that are numbers, nearly numbers, or hard to round: for differential tests. */

import type { Seeded } from "../kit/flags.ts";

/** Cases a generator would seldom find. */
export const TRICKY_FLOAT_TEXTS: readonly string[] = [
  ..." 1|1 |+1|-|+|.|.5|5.|-.5|1e|1e5|1E+5|1e-5|e5|0x|0x1|0X1F|0x1.8p3|0x.|0x.8|0x1p|0xp1|0x1p-1074"
    .split("|"),
  ..."0x1p-1075|0x1.8p-1075|0x1p1023|0x1p1024|0x1.fffffffffffff8p1023|0x1.fffffffffffff7p1023"
    .split("|"),
  ..."inf|+inf|-inf|Infinity|INFINITY|infinit|nan|NaN|-nan|nan(1)|1e308|1.8e308|1e309|1e400|1e-400"
    .split("|"),
  ..."5e-324|2.5e-324|2.4e-324|1e-310|0e400|0e-400|-0|0|-0.0|00012|0x0p9999|1e99999999999999999999"
    .split("|"),
  ..."1e4931|1e4932|1.18973149535723176502e4932|1.2e4932|1e4933|-1e4933|3.6e-4951|1.8e-4951|1e-4951"
    .split("|"),
  ..."1e-4950|1e-4960|9007199254740993|18446744073709551616|18446744073709551617|0.1|0.2|1e17|1e21"
    .split("|"),
  ..."0x1p-16445|0x1p-16446|0x1.8p-16446|0x1p16383|0x1p16384|0x1p99999999999|1_000|1,5|1.2.3|1e5.5"
    .split("|"),
  ..."1\0|\t1|1\n|--1|+-1|0b1|1f|1L|0x1.8|0x1.p1|0x1p+4|0x1p 4|0x1P-4|1.0000000000000000000000001"
    .split("|"),
  "",
  "1" + "0".repeat(400),
  "0." + "0".repeat(500) + "1",
  "1" + "0".repeat(5000),
  "1" + "0".repeat(5200),
  "0." + "3".repeat(5117),
  "0." + "3".repeat(5118),
];

/** A random number as text, from plain prices to the far ends of the formats. */
export function randomFloatText(chance: Seeded): string {
  const sign = chance.pick(["", "", "-", "+"]);
  switch (chance.below(7)) {
    case 0:
      return `${sign}${chance.below(10_000)}.${chance.below(100)}`;
    case 1:
      return `${sign}${digits(chance, 1, 25)}.${digits(chance, 1, 25)}`;
    case 2:
      return `${sign}${digits(chance, 1, 20)}e${chance.between(-30, 30)}`;
    case 3:
      return `${sign}${digits(chance, 1, 4)}.${digits(chance, 1, 20)}e${chance.between(-340, 320)}`;
    case 4:
      return `${sign}0x${hex(chance, 1, 18)}.${hex(chance, 0, 18)}p${chance.between(-90, 90)}`;
    case 5:
      return `${sign}${(2 ** chance.between(-40, 80)) * chance.between(1, 9999)}`;
    default:
      return `${sign}${digits(chance, 1, 18)}`;
  }
}

function digits(chance: Seeded, low: number, high: number): string {
  return Array.from({ length: chance.between(low, high) }, () => chance.below(10)).join("");
}

function hex(chance: Seeded, low: number, high: number): string {
  const count = chance.between(low, high);
  return Array.from({ length: count }, () => chance.below(16).toString(16)).join("");
}
