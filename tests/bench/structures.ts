/**
 * Resident memory of data structures: many small ones, and one large one of each type.
 *
 * Each is loaded through a pipeline into a server that was just started. `total` is the RSS of the
 * process, `over empty` leaves out what the empty server had. The goals are stated for the full size;
 * at the small one, a tenth of it, what the runtime takes to get warm outweighs the data: no goals.
 */

import {
  type Benchmark,
  compare,
  interleave,
  progress,
  ratioAtMost,
  type Row,
  type Wish,
} from "./benchmark.ts";
import { KEY, loadKeys } from "./bulk.ts";
import { LARGE, loadLarge } from "./large.ts";
import { type BenchServer, QUIET, sleep, startServer } from "./servers.ts";

interface Data {
  readonly what: string;
  /** Keys or members at the full size. */
  readonly count: number;
  readonly load: (server: BenchServer, count: number) => Promise<void>;
  readonly bound: number;
}

const SMALL_BOUND = 0.9;
const LARGE_BOUND = 0.8;
const LARGE_MEMBERS = 2_000_000;
const SHARE = { small: 0.1, full: 1 };
const DEFAULT_ROUNDS = { small: 1, full: 3 };
/** Time to give back what the start and the load only borrowed. */
const SETTLE_MS = 2000;

/** Elements of 8 bytes that are no numbers: `a#######`, `b#######`, ... */
function elements(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${String.fromCharCode(97 + i)}#######`);
}

function many(what: string, count: number, command: readonly string[]): Data {
  return {
    what,
    count,
    load: (server, keys) => loadKeys(server, command, keys),
    bound: SMALL_BOUND,
  };
}

const FIVE = elements(5);
const DATA: readonly Data[] = [
  many("hashes of 5", 1e6, ["HSET", KEY, ...FIVE.flatMap((value, i) => [`field:0${i}`, value])]),
  many("sets of 5", 1e6, ["SADD", KEY, ...FIVE]),
  many("lists of 5", 1e6, ["RPUSH", KEY, ...FIVE]),
  many("zsets of 20", 5e5, [
    ...["ZADD", KEY],
    ...elements(20).flatMap((member, i) => [`${i + 1}####`, member]),
  ]),
  ...LARGE.filter(({ type }) => type !== "list").map((large): Data => ({
    what: `members of one ${large.type}`,
    count: LARGE_MEMBERS,
    load: (server, members) => loadLarge(server, large, members),
    bound: LARGE_BOUND,
  })),
];

/** RSS of structures. */
export const structures: Benchmark = {
  name: "structures",
  title: "RSS of data structures after a pipelined load, elements of 8 bytes, large ones of 16",
  async run(wish): Promise<Row[]> {
    const rows: Row[] = [];
    for (const data of DATA) rows.push(...await measure(data, wish));
    return rows;
  },
};

async function measure(data: Data, wish: Wish): Promise<Row[]> {
  const count = data.count * SHARE[wish.size];
  const what = `${count / 1e6} M ${data.what}`;
  const rounds = wish.rounds ?? DEFAULT_ROUNDS[wish.size];
  const { total, overEmpty } = await interleave(rounds, async (side) => {
    progress(`${what}, ${side}`);
    await using server = await startServer(side, QUIET);
    await sleep(SETTLE_MS);
    const empty_mb = server.rss_bytes() / 1e6;
    await data.load(server, count);
    await sleep(SETTLE_MS);
    const full_mb = server.rss_bytes() / 1e6;
    return { total: full_mb, overEmpty: full_mb - empty_mb };
  });
  const goal = wish.size === "full" ? ratioAtMost(data.bound) : undefined;
  return [
    compare(`${what}: total`, "MB", total, goal),
    compare(`${what}: over empty`, "MB", overEmpty, goal),
  ];
}
