/** The kinds of lives that are crashed, and how many crashes each kind gets. */

import type { Seeded } from "../kit/flags.ts";
import type { Tally } from "./crashes.ts";
import { drawSyncFaults } from "./fault_plans.ts";
import { crashFailingLife, crashGenerations, type LifePlan } from "./lives.ts";
import { rotLife } from "./rot.ts";
import {
  CHECKSUM_STEPS,
  CLIENT_STEPS,
  COPY_STEPS,
  LOG_STEPS,
  SNAPSHOT_STEPS,
  TIME_STEPS,
} from "./workload.ts";
import { PLAIN_COMMANDS } from "./write_commands.ts";

const GENERATIONS = 3;

function drawLogDirectives(random: Seeded): Record<string, string> {
  return {
    "aof-use-rdb-preamble": random.pick(["yes", "no"]),
    "aof-timestamp-enabled": random.pick(["no", "no", "yes"]),
  };
}

/** Lives of the log. */
export const LOG: LifePlan = {
  steps: [...CLIENT_STEPS, ...TIME_STEPS, ...LOG_STEPS],
  stepCount: 30,
  directives: drawLogDirectives,
};

/**
 * The same, while frames come and go. It takes frames to tell what is lost in any order, and a torn
 * value that looks like a log from damage.
 */
const CHECKSUMS: LifePlan = {
  steps: [...LOG.steps, ...CHECKSUM_STEPS],
  stepCount: 30,
  commands: PLAIN_COMMANDS,
  directives: (random) => ({
    ...drawLogDirectives(random),
    "aof-checksums": random.pick(["yes", "no"]),
  }),
  survivals: ["in order", "nothing", "in order", "everything"],
};

/** The log, with an archive and backups beside it. */
const COPIES: LifePlan = {
  steps: [...LOG.steps, ...COPY_STEPS],
  stepCount: 30,
  directives: (random) => ({
    ...drawLogDirectives(random),
    "aof-archive-dir": "archive",
    "aof-archive-interval": "1",
  }),
};

/** The log where a failed fsync is not the end. */
const BACKGROUND_SYNCS: LifePlan = {
  ...LOG,
  steps: [...LOG.steps, ...TIME_STEPS],
  directives: (random) => ({
    ...drawLogDirectives(random),
    appendfsync: random.pick(["everysec", "everysec", "no"]),
  }),
};

/** Lives without a log. */
const SNAPSHOTS: LifePlan = {
  steps: [...CLIENT_STEPS, ...TIME_STEPS, ...SNAPSHOT_STEPS],
  stepCount: 30,
  directives: () => ({ appendonly: "no" }),
};

/** A part of the crashes. */
export interface Part {
  readonly name: string;
  /** Percent of all crashes. */
  readonly share: number;
  readonly live: (seed: number, tally: Tally) => Promise<void>;
}

/** All parts. */
export const PARTS: readonly Part[] = [
  {
    name: "the log keeps what was promised, whenever the server ends",
    share: 25,
    live: (seed, tally) => crashGenerations(LOG, seed, tally, 1),
  },
  {
    name: "the log goes on after a crash, and after the next one",
    share: 20,
    live: (seed, tally) => crashGenerations(LOG, seed, tally, GENERATIONS),
  },
  {
    name: "the log keeps what was promised while calls on the disk fail",
    share: 15,
    live: (seed, tally) => crashFailingLife(LOG, seed, tally),
  },
  {
    name: "what a failed fsync has put in doubt is safe when the next one has worked",
    share: 5,
    live: (seed, tally) => crashFailingLife(BACKGROUND_SYNCS, seed, tally, drawSyncFaults),
  },
  {
    name: "the log keeps what was promised while checksums are switched",
    share: 10,
    live: (seed, tally) => crashGenerations(CHECKSUMS, seed, tally, GENERATIONS),
  },
  {
    name: "the archive and backups hold what they were known to hold",
    share: 8,
    live: (seed, tally) => crashGenerations(COPIES, seed, tally, GENERATIONS),
  },
  {
    name: "the archive and backups are never mistaken while calls on the disk fail",
    share: 5,
    live: (seed, tally) => crashFailingLife(COPIES, seed, tally),
  },
  {
    name: "dump.rdb is the old one or the new one, whenever the server ends",
    share: 4,
    live: (seed, tally) => crashGenerations(SNAPSHOTS, seed, tally, 1),
  },
  {
    name: "dump.rdb is the old one or the new one while calls on the disk fail",
    share: 3,
    live: (seed, tally) => crashFailingLife(SNAPSHOTS, seed, tally),
  },
  {
    name: "bytes of the log that have rotted are noticed, and never served",
    share: 5,
    live: (seed, tally) => rotLife(LOG, seed, tally),
  },
];
