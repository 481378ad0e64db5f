/**
 * What was promised survives: the server lives on a simulated disk, is crashed at every change it
 * makes there, in several ways each, and is started again on what is left.
 *
 *     always      every acknowledged command is there, whatever happened
 *     everysec    a killed process loses nothing that was acknowledged, a dead machine the end only
 *     no          as everysec
 *
 * In all cases the data is what some first commands have made, whole transactions only, and the
 * server starts - but for bytes that have rotted, which it must notice.
 *
 * REDENO_SIZE is how many crashes are staged, REDENO_SEED which ones. A failure names the seed of
 * its life: with that as REDENO_SEED the same life is the first one of its test.
 */

import { assert, assertRejects } from "../kit/assert.ts";
import { flags, type Seeded } from "../kit/flags.ts";
import type { Tally } from "./crashes.ts";
import { crashFailingLife, crashGenerations, type LifePlan } from "./lives.ts";
import { rotLife } from "./rot.ts";
import { SimDisk } from "./sim_disk.ts";
import { CLIENT_STEPS, LOG_STEPS, SNAPSHOT_STEPS, TIME_STEPS } from "./workload.ts";

/** Crashes in the run of CI. */
const CRASHES = 100_000;
const GENERATIONS = 3;

const { seed, size } = flags(CRASHES);

function drawLogDirectives(random: Seeded): Record<string, string> {
  return {
    "aof-use-rdb-preamble": random.pick(["yes", "no"]),
    "aof-timestamp-enabled": random.pick(["no", "no", "yes"]),
  };
}

const LOG: LifePlan = {
  steps: [...CLIENT_STEPS, ...TIME_STEPS, ...LOG_STEPS],
  stepCount: 30,
  directives: drawLogDirectives,
};

const SNAPSHOTS: LifePlan = {
  steps: [...CLIENT_STEPS, ...TIME_STEPS, ...SNAPSHOT_STEPS],
  stepCount: 30,
  directives: () => ({ appendonly: "no" }),
};

/** A part of the crashes. */
interface Part {
  readonly name: string;
  /** Percent of all crashes. */
  readonly share: number;
  readonly live: (seed: number, tally: Tally) => Promise<void>;
}

const PARTS: readonly Part[] = [
  {
    name: "the log keeps what was promised, whenever the server ends",
    share: 40,
    live: (seed, tally) => crashGenerations(LOG, seed, tally, 1),
  },
  {
    name: "the log goes on after a crash, and after the next one",
    share: 25,
    live: (seed, tally) => crashGenerations(LOG, seed, tally, GENERATIONS),
  },
  {
    name: "the log keeps what was promised while calls on the disk fail",
    share: 20,
    live: (seed, tally) => crashFailingLife(LOG, seed, tally),
  },
  {
    name: "dump.rdb is the old one or the new one, whenever the server ends",
    share: 5,
    live: (seed, tally) => crashGenerations(SNAPSHOTS, seed, tally, 1),
  },
  {
    name: "dump.rdb is the old one or the new one while calls on the disk fail",
    share: 5,
    live: (seed, tally) => crashFailingLife(SNAPSHOTS, seed, tally),
  },
  {
    name: "bytes of the log that have rotted are noticed, and never served",
    share: 5,
    live: (seed, tally) => rotLife(LOG, seed, tally),
  },
];

function newTally(): Tally {
  return { crashes: 0, recoveries: 0 };
}

const all: Tally = newTally();

function figures({ crashes, recoveries }: Tally): string {
  return `${crashes} crashes simulated, which left ${recoveries} different disks`;
}

for (const { name, share, live } of PARTS) {
  Deno.test(name, async () => {
    const tally: Tally = newTally();
    const enough = Math.ceil(size * share / 100);
    let lives = 0;
    while (tally.crashes < enough) await live(seed + lives++, tally);
    console.log(`${figures(tally)}, in ${lives} lives`);
    all.crashes += tally.crashes;
    all.recoveries += tally.recoveries;
  });
}

Deno.test("so many crashes were simulated as was asked for", () => {
  console.log(`in all ${figures(all)}`);
  assert(all.crashes >= size, "the tests above were not all run, or have failed");
});

/** A disk that calls bytes safe which are not. */
class LyingDisk extends SimDisk {
  override record(op: Parameters<SimDisk["record"]>[0]): void {
    if (op.kind !== "sync") super.record(op);
  }
}

/** A disk that forgets the promise on names. */
class ForgetfulDisk extends SimDisk {
  override record(op: Parameters<SimDisk["record"]>[0]): void {
    if (op.kind !== "sync names") super.record(op);
  }
}

for (const [what, makeDisk] of [["bytes", LyingDisk], ["names", ForgetfulDisk]] as const) {
  Deno.test(`a disk whose fsync of ${what} does nothing is found out`, async () => {
    const plan: LifePlan = { ...LOG, directives: () => ({ appendfsync: "always" }), makeDisk };
    const tally: Tally = newTally();
    await assertRejects(() => crashGenerations(plan, seed, tally, 1), Error, "power failure");
  });
}
