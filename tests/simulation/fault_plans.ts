/** Which calls on the disk fail in a life: drawn from a seed, named for messages. */

import type { Seeded } from "../kit/flags.ts";
import type { Call, Fault, Operation } from "./faults.ts";

/** A plan. */
export interface FaultPlan {
  /** What fails, in words. */
  readonly title: string;
  /** Decides call by call. */
  readonly fault: (call: Call) => Fault | undefined;
}

/** A life of some dozens of steps has about so many calls. */
const CALLS = 400;

const CHANGES: readonly Operation[] = [
  "write",
  "sync",
  "truncate",
  "open",
  "close",
  "rename",
  "remove",
  "link",
  "mkdir",
  "syncdir",
];

/** Which error a call of this kind meets, and how much of a write is done all the same. */
function drawFault(random: Seeded, operation: Operation): Fault {
  const code = random.chance(0.5) ? "EIO" : "ENOSPC";
  if (operation !== "write") return { code };
  const written = random.pick([0, 1, random.below(40), random.below(300)]);
  if (random.chance(0.3) && written > 0) return { written }; // short, and no error
  return { code, written };
}

/** The call with this number fails, whatever it is. */
function oneCall(random: Seeded): FaultPlan {
  const at = random.between(1, CALLS);
  return {
    title: `call ${at} fails`,
    fault: ({ index, operation }) => index === at ? drawFault(random, operation) : undefined,
  };
}

/** Some calls of one kind fail, one after the other. */
function oneKind(random: Seeded): FaultPlan {
  const kind = random.pick(CHANGES);
  const first = random.between(1, 12);
  const count = random.pick([1, 1, 2, 5, 1000]);
  let seen = 0;
  return {
    title: `${kind} number ${first} and the ${count - 1} after it fail`,
    fault({ operation }) {
      if (operation !== kind || ++seen < first || seen >= first + count) return undefined;
      return drawFault(random, operation);
    },
  };
}

/** For a while the disk has no room: what would need some fails. */
function fullDisk(random: Seeded): FaultPlan {
  const from = random.between(1, CALLS);
  const to = from + random.between(1, 60);
  return {
    title: `the disk is full from call ${from} to ${to}`,
    fault({ index, operation }) {
      if (index < from || index > to) return undefined;
      if (operation === "write") return { code: "ENOSPC", written: random.below(30) };
      const needsRoom = operation === "mkdir" || operation === "link" || operation === "rename";
      return needsRoom ? { code: "ENOSPC" } : undefined;
    },
  };
}

/** Each call that changes something fails now and then. */
function nowAndThen(random: Seeded): FaultPlan {
  const odds = random.pick([0.02, 0.1, 0.3]);
  const from = random.between(1, CALLS);
  return {
    title: `from call ${from} on each fails with odds of ${odds}`,
    fault({ index, operation }) {
      if (index < from || !CHANGES.includes(operation) || !random.chance(odds)) return undefined;
      return drawFault(random, operation);
    },
  };
}

/** Now and then an fsync of the log fails, and the next one works. */
export function drawSyncFaults(random: Seeded): FaultPlan {
  const odds = random.pick([0.2, 0.5]);
  let hasFailed = false;
  return {
    title: `an fsync fails with odds of ${odds}, and the next one works`,
    fault({ operation, path }) {
      if (operation !== "sync" || !path.endsWith(".incr.aof")) return undefined;
      hasFailed = !hasFailed && random.chance(odds);
      return hasFailed ? { code: "EIO" } : undefined;
    },
  };
}

/** Draws a plan. */
export function drawFaultPlan(random: Seeded): FaultPlan {
  return random.pick([oneCall, oneCall, oneKind, oneKind, fullDisk, nowAndThen])(random);
}
