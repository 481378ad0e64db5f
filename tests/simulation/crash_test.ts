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
import { flags } from "../kit/flags.ts";
import type { Tally } from "./crashes.ts";
import { crashGenerations, type LifePlan } from "./lives.ts";
import { LOG, PARTS } from "./plans.ts";
import { SimDisk } from "./sim_disk.ts";

/** Crashes in the run of CI. */
const CRASHES = 100_000;

const { seed, size } = flags(CRASHES);

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
    while (tally.crashes < enough) {
      await live(seed + lives++, tally);
      await new Promise((turn) => setTimeout(turn, 0)); // what was rejected unheard is heard of now
    }
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
