/**
 * Seeded data sets with values of every type, as commands: small and large ones, integers and texts,
 * members at the borders of every encoding, keys and fields that expire, several databases.
 */

import type { Seeded } from "../kit/flags.ts";
import type { Command } from "../kit/resp_client.ts";
import { latin1 } from "../kit/resp_reply.ts";

/** Far enough in the future for every test. */
const LATER_MS = 4_000_000_000_000;

/** The types that commands are made for. */
export type DataType = "string" | "list" | "set" | "hash" | "zset" | "stream";

/** All types. */
export const DATA_TYPES: readonly DataType[] = ["string", "list", "set", "hash", "zset", "stream"];

/** How many elements the collections have: on both sides of 128 and 512, where encodings change. */
const SIZES = [1, 2, 5, 17, 40, 127, 128, 129, 200, 511, 512, 513, 700];
/** Elements of one command. */
const BATCH = 50;

/** Text or bytes of a kind that some encoding treats in its own way. */
export function element(chance: Seeded): string {
  switch (chance.below(9)) {
    case 0:
      return String(chance.below(300) - 150);
    case 1:
      return String(chance.below(2 ** 30) * (chance.chance(0.5) ? 1 : -1));
    case 2:
      return String((BigInt(chance.uint32()) << 31n) * (chance.chance(0.5) ? 1n : -1n));
    case 3:
      return `0${chance.below(1000)}`;
    case 4:
      return latin1(Uint8Array.from({ length: chance.below(24) }, () => chance.below(256)));
    case 5:
      return "ab".repeat(chance.between(1, 31));
    case 6:
      return `field:${chance.below(100_000)}`;
    case 7:
      return chance.pick(["", "-", "-0", "1.5", "9223372036854775807", "-9223372036854775808"]);
    default:
      return chance.uint32().toString(36);
  }
}

function longElement(chance: Seeded): string {
  const length = chance.pick([64, 65, 300, 4095, 4096, 9000]);
  return element(chance).padEnd(length, chance.pick(["x", "ab", "0123456789abcdefghij"]));
}

function score(chance: Seeded): string {
  switch (chance.below(7)) {
    case 0:
      return String(chance.below(1000) - 500);
    case 1:
      return (chance.uint32() / 2 ** 20 - 2000).toString();
    case 2:
      return String(chance.below(2 ** 31) * 2 ** chance.below(40));
    case 3:
      // Not -0, which a small sorted set turns into 0: then it matters how a large one has grown.
      return chance.pick(["inf", "-inf", "0", "1e17", "1e-300", "0.1", "4611686018427387904"]);
    default:
      return String(chance.below(20));
  }
}

/** Makes `count` elements, a few of them long if `long`. */
function elements(chance: Seeded, count: number, long: boolean): string[] {
  return Array.from(
    { length: count },
    () => long && chance.chance(0.02) ? longElement(chance) : element(chance),
  );
}

function batches(name: string, key: string, parts: readonly string[]): Command[] {
  const commands: Command[] = [];
  for (let i = 0; i < parts.length; i += BATCH) {
    commands.push([name, key, ...parts.slice(i, i + BATCH)]);
  }
  return commands;
}

const MAKERS: Readonly<Record<DataType, (chance: Seeded, key: string, size: number) => Command[]>> =
  {
    string: (chance, key, size) => [
      ["SET", key, chance.chance(0.3) ? longElement(chance) : element(chance)],
      ...(size % 5 === 0 ? [["APPEND", key, "1"]] : []),
    ],
    list: (chance, key, size) =>
      batches(chance.pick(["RPUSH", "LPUSH"]), key, elements(chance, size, size % 2 === 0)),
    set: (chance, key, size) => {
      if (chance.chance(0.5)) return batches("SADD", key, elements(chance, size, size % 2 === 0));
      const width = chance.pick([8, 15, 31, 40]);
      const integers = Array.from(
        { length: size },
        () => String(chance.below(2 ** width) - chance.below(2 ** width)),
      );
      return batches("SADD", key, integers);
    },
    hash: (chance, key, size) => batches("HSET", key, elements(chance, 2 * size, size % 2 === 0)),
    zset: (chance, key, size) =>
      batches(
        "ZADD",
        key,
        elements(chance, size, size % 2 === 0).flatMap((member) => [score(chance), member]),
      ),
    stream: streamCommands,
  };

function streamCommands(chance: Seeded, key: string, size: number): Command[] {
  const commands: Command[] = [];
  const ids: string[] = [];
  let ms = chance.below(2 ** 31);
  let seq = 0;
  for (let i = 0; i < size; i++) {
    if (chance.chance(0.7)) [ms, seq] = [ms + chance.between(1, 100_000), chance.below(3)];
    else seq += chance.between(1, 200);
    const id = `${ms}-${seq}`;
    ids.push(id);
    const fields = chance.chance(0.7)
      ? ["temperature", element(chance), "place", element(chance)]
      : elements(chance, 2 * chance.between(1, 4), false);
    commands.push(["XADD", key, id, ...fields]);
  }
  for (const id of ids) if (chance.chance(0.1)) commands.push(["XDEL", key, id]);
  for (const group of ["readers", element(chance)].slice(0, chance.below(3))) {
    commands.push(["XGROUP", "CREATE", key, group, chance.pick(["0", "$", ids[0]])]);
    for (let reads = chance.below(4); reads > 0; reads--) {
      const consumer = chance.pick(["alice", "bob", element(chance)]);
      const count = String(chance.between(1, 20));
      const options = chance.chance(0.2) ? ["NOACK"] : [];
      commands.push(
        ["XREADGROUP", "GROUP", group, consumer, "COUNT", count, ...options, "STREAMS", key, ">"],
      );
    }
    commands.push(["XACK", key, group, ...ids.filter(() => chance.chance(0.2)), "1-1"]);
    commands.push(["XGROUP", "CREATECONSUMER", key, group, "idle"]);
  }
  if (chance.chance(0.2)) commands.push(["XTRIM", key, "MAXLEN", String(size >> 1)]);
  if (chance.chance(0.1)) commands.push(["XTRIM", key, "MAXLEN", "0"]);
  return commands;
}

/** The commands of a data set, and the names of its keys (all in database 0 but for a few). */
export function dataSet(
  chance: Seeded,
  types: readonly DataType[],
): { readonly commands: readonly Command[]; readonly keys: readonly string[] } {
  const commands: Command[] = [];
  const keys: string[] = [];
  for (const type of types) {
    for (const size of SIZES) {
      const key = `${type}:${size}`;
      keys.push(key);
      commands.push(...MAKERS[type](chance, key, size));
      if (chance.chance(0.3)) {
        commands.push(["PEXPIREAT", key, String(LATER_MS + chance.below(1_000_000))]);
      }
    }
  }
  commands.push(["SELECT", "9"]);
  for (const type of types) commands.push(...MAKERS[type](chance, `other:${type}`, 7));
  commands.push(["SELECT", "0"]);
  return { commands, keys };
}

/** The commands that read all of a key; replies to those marked are compared whatever the order. */
export function readingCommands(key: string): { command: Command; unordered: boolean }[] {
  const type = key.slice(0, key.indexOf(":"));
  const ordered = (...command: string[]) => ({ command, unordered: false });
  switch (type) {
    case "string":
      return [ordered("GET", key)];
    case "list":
      return [ordered("LRANGE", key, "0", "-1")];
    case "set":
      return [{ command: ["SMEMBERS", key], unordered: true }];
    case "hash":
      return [{ command: ["HGETALL", key], unordered: true }];
    case "zset":
      return [ordered("ZRANGE", key, "0", "-1", "WITHSCORES")];
    default:
      return [
        ordered("XRANGE", key, "-", "+"),
        ordered("XLEN", key),
        ordered("XINFO", "GROUPS", key),
        ordered("XPENDING", key, "readers"),
      ];
  }
}
