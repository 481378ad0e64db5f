/** Lives of several kinds, each lived from one seed and then crashed everywhere. */

import { Seeded } from "../kit/flags.ts";
import { type Survival, SURVIVALS } from "./aftermath.ts";
import { Campaign, type LifeRecord, type Tally } from "./crashes.ts";
import { drawFaultPlan, type FaultPlan } from "./fault_plans.ts";
import type { Image } from "./journal.ts";
import { Life } from "./life.ts";
import { SimDisk } from "./sim_disk.ts";
import type { Directives } from "./sim_server.ts";
import { type Step, work } from "./workload.ts";
import type { WriteCommand } from "./write_commands.ts";

/** How lives are lived. */
export interface LifePlan {
  /** What happens in them. */
  readonly steps: readonly Step[];
  /** How much. */
  readonly stepCount: number;
  /** What clients write; missing: everything. */
  readonly commands?: readonly WriteCommand[];
  /** Directives, besides the policy. */
  readonly directives?: (random: Seeded) => Directives;
  /** Power failures at each place. */
  readonly survivals?: readonly Survival[];
  /** Another kind of disk. */
  readonly makeDisk?: new (start?: Image) => SimDisk;
}

const POLICIES = ["always", "everysec", "no"] as const;

/** Draws what a server is started with. */
export function drawDirectives({ directives }: LifePlan, random: Seeded): Directives {
  return { appendfsync: random.pick(POLICIES), ...directives?.(random) };
}

/**
 * A life, a crash of it, a life on what was left, and so on: each crashed everywhere, also while it
 * begins with what the crash before it has left.
 */
export async function crashGenerations(
  plan: LifePlan,
  seed: number,
  tally: Tally,
  generations: number,
): Promise<void> {
  const random = new Seeded(seed);
  let image: Image | undefined;
  for (let generation = 0; generation < generations; generation++) {
    const directives = () => drawDirectives(plan, random);
    const disk = new (plan.makeDisk ?? SimDisk)(image);
    const { commands } = plan;
    const life = await Life.begin({ disk, random, directives, generation, commands });
    await work(life, plan.steps, plan.stepCount);
    const record = recordOf(life, seed, `generation ${generation}`, generation === 0);
    const campaign = new Campaign(record, tally);
    await campaign.everywhere(plan.survivals ?? SURVIVALS);
    ({ image } = await campaign.anywhere(random, plan.survivals ?? SURVIVALS));
  }
}

/** A life in which calls on the disk fail, crashed everywhere. */
export async function crashFailingLife(
  plan: LifePlan,
  seed: number,
  tally: Tally,
  drawFaults: (random: Seeded) => FaultPlan = drawFaultPlan,
): Promise<void> {
  const random = new Seeded(seed);
  const directives = () => drawDirectives(plan, random);
  const faults = drawFaults(new Seeded(seed + 1));
  const disk = new SimDisk();
  disk.fault = faults.fault;
  const life = await Life.begin({ disk, random, directives });
  await work(life, plan.steps, plan.stepCount);
  await new Campaign(recordOf(life, seed, faults.title), tally)
    .everywhere(plan.survivals ?? SURVIVALS);
}

/** What remains of a life; `title` says what is special about it. */
export function recordOf(life: Life, seed: number, title: string, isFirst = true): LifeRecord {
  return {
    title: `seed ${seed}, ${title}, ${JSON.stringify(life.directives)}`,
    seed,
    directives: life.directives,
    journal: life.journal,
    states: life.states,
    marks: life.marks,
    backups: life.backups,
    isFirst,
  };
}
