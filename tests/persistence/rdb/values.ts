/** Values of every type of RDB, written by hand after the format. */

import { join, listpack, text, ziplist } from "./dump_kit.ts";

const double = (value: number) => new Uint8Array(new Float64Array([value]).buffer);
const time = (ms: number) => new Uint8Array(new BigUint64Array([BigInt(ms)]).buffer);
const id = (ms: number, seq: number) => `${hexOf(ms)}${hexOf(seq)}`;
const hexOf = (value: number) => value.toString(16).padStart(16, "0");

/** Two entries, 5-1 and 5-3, with the fields of the chunk; a third, 5-4, that is deleted. */
const chunk = listpack(
  ..."2 1 2 name age 0".split(" "),
  ..."2 0 0 ann 31 5".split(" "),
  ..."2 0 2 bob 32 5".split(" "),
  ..."3 0 3 cy 33 5".split(" "),
);
const chunks = join("01", text(join(id(5, 1))), text(chunk));
const pending = join("01", id(5, 1), time(1_600_000_000_000), "07");
const consumer = join('"alice', time(1_600_000_000_123));
const group = join('"readers', "05 01");

/** What Redis 7.0 reads: by the name of a type, its number and a value. */
export const READ_BY_BOTH: Readonly<Record<string, Uint8Array>> = {
  list: join("01 03", '"a', "c0 07", '"b'),
  set: join("02 03", '"a', "c1 0001", '"b'),
  "zset with scores as text": join(
    "03 05",
    '"a',
    '"1.5',
    '"b',
    "fe",
    '"c',
    "ff",
    '"d',
    '"-3e2',
    '"e',
    '"7',
  ),
  hash: join("04 02", '"a', '"1', "c0 07", '"seven'),
  "zset with scores as doubles": join(
    "05 03",
    '"a',
    double(0.1),
    '"b',
    double(-Infinity),
    '"c',
    double(7),
  ),
  zipmap: join(
    "09",
    text(join("02 03 666f6f 03 00 626172 05 68656c6c6f 05 02 776f726c64 0000 ff")),
  ),
  "list as a ziplist": join("0a", text(ziplist("a", 7n, "", -(2n ** 63n)))),
  intset: join("0b", text(join("04000000 03000000 ffffffff 02000000 00000100"))),
  "zset as a ziplist": join("0c", text(ziplist("a", 1n, "b", "2.5", "c", "inf"))),
  "hash as a ziplist": join("0d", text(ziplist("a", 1n, "b", "text"))),
  quicklist: join("0e 02", text(ziplist("a", 1n)), text(ziplist("b"))),
  "quicklist with an empty node": join("0e 02", text(ziplist()), text(ziplist("b"))),
  stream: join("0f", chunks, "02 05 04 01", group, pending, "01", consumer, "01", id(5, 1)),
  "hash as a listpack": join("10", text(listpack("a", "1", "b", "text"))),
  "zset as a listpack": join("11", text(listpack("a", "1", "b", "2.5", "c", "-inf"))),
  "quicklist of Redis 7": join("12 02 02", text(listpack("a", "1")), "01", text("plain")),
  "stream of Redis 7": join(
    join("13", chunks, "02 05 04 05 01 05 04 03 01", group, "01"),
    join(pending, "01", consumer, "01", id(5, 1)),
  ),
  "stream without entries": join("13 00 00 05 04 00 00 05 04 03 00"),
};

/** What later servers write. */
export const WRITTEN_LATER: Readonly<Record<string, Uint8Array>> = {
  "set as a listpack": join("14", text(listpack("a", "7"))),
  "stream of Redis 7.2": join(
    join("15", chunks, "02 05 04 05 01 05 04 03 01", group, "01"),
    join(pending, "01", consumer, time(1_600_000_000_456), "01", id(5, 1)),
  ),
  "hash with expiries": join("18", time(4e12), "02 00", '"a', '"1', "05", '"b', '"2'),
  "hash with expiries as a listpack": join(
    "19",
    time(4e12),
    text(listpack("b", "2", "4000000000000", "a", "1", "0")),
  ),
};

/** All of them. */
export const VALUES: Readonly<Record<string, Uint8Array>> = { ...READ_BY_BOTH, ...WRITTEN_LATER };
