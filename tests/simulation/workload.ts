/**
 * What happens in a life: a table of steps, drawn by weight. A new step is one entry.
 */

import { backupPath } from "./copies.ts";
import type { Life } from "./life.ts";
import { settle } from "./sim_clock.ts";

/** One kind of thing that happens. */
export interface Step {
  /** What it is called, for messages. */
  readonly name: string;
  /** How often it happens, against the others. */
  readonly weight: number;
  /** Makes it happen. */
  readonly run: (life: Life) => void | Promise<void>;
}

function write(life: Life): string[] {
  return life.random.pick(life.commands)(life.random, life.next());
}

function writes(life: Life, most: number): string[][] {
  return Array.from({ length: life.random.between(1, most) }, () => write(life));
}

/** Half of the transactions go over several databases. */
function transaction(life: Life): string[][] {
  const { random } = life;
  const commands = writes(life, 5);
  if (random.chance(0.5)) {
    commands.splice(random.below(commands.length), 0, ["SELECT", `${random.below(3)}`]);
  }
  return [["MULTI"], ...commands, ["INCR", "transactions"], ["EXEC"]];
}

/** What clients do. */
export const CLIENT_STEPS: readonly Step[] = [
  { name: "a write", weight: 8, run: (life) => life.client().send([write(life)]) },
  { name: "a pipeline", weight: 4, run: (life) => life.client().send(writes(life, 6)) },
  { name: "a transaction", weight: 5, run: (life) => life.client().send(transaction(life)) },
  {
    name: "several clients in one turn",
    weight: 5,
    run(life) {
      for (const client of life.clients) {
        if (!client.isWaiting) {
          client.send(life.random.chance(0.3) ? transaction(life) : [write(life)]);
        }
      }
    },
  },
  {
    name: "another database",
    weight: 2,
    run: (life) => life.client().send([["SELECT", `${life.random.below(3)}`], write(life)]),
  },
  { name: "a read", weight: 2, run: (life) => life.client().send([["KEYS", "*"]]) },
  {
    name: "a ping",
    weight: 1,
    run: (life) => life.client().send([["PING"]], { touchesData: false }),
  },
  {
    name: "a client that waits for a list, and one that serves it",
    weight: 2,
    async run(life) {
      const queue = `queue${life.next()}`;
      life.clients[0].send([["SELECT", "0"], ["BLPOP", queue, "0"]]);
      await settle();
      life.clients[1].send([["SELECT", "0"], ["RPUSH", queue, `${life.next()}`], write(life)]);
    },
  },
];

/** What time does. */
export const TIME_STEPS: readonly Step[] = [
  {
    name: "time passes",
    weight: 4,
    run: (life) => life.clock.advance(life.random.between(20, 1200)),
  },
  { name: "the disk catches up", weight: 3, run: (life) => life.endBackground(true) },
];

/** The server ends and starts. */
const RESTART_STEPS: readonly Step[] = [
  { name: "an orderly restart", weight: 1, run: (life) => life.restart() },
  { name: "a kill and a restart", weight: 1, run: (life) => life.kill() },
];

/** What an operator does with the log. */
export const LOG_STEPS: readonly Step[] = [
  {
    name: "another policy",
    weight: 1,
    run: (life) =>
      life.client().send([[
        "CONFIG",
        "SET",
        "appendfsync",
        life.random.pick(["always", "everysec", "no"]),
      ]], { touchesData: false }),
  },
  {
    name: "the log is turned off and on",
    weight: 1,
    async run(life) {
      const client = life.client();
      client.send([["CONFIG", "SET", "appendonly", "no"]], { touchesData: false });
      await settle();
      client.send(writes(life, 3));
      await settle();
      client.send([["CONFIG", "SET", "appendonly", "yes"]], { touchesData: false });
    },
  },
  {
    name: "the log is rewritten",
    weight: 4,
    async run(life) {
      await background(life, "BGREWRITEAOF", "Background AOF rewrite terminated with success");
    },
  },
  {
    name: "the base has another format",
    weight: 1,
    run: (life) =>
      life.client().send([[
        "CONFIG",
        "SET",
        "aof-use-rdb-preamble",
        life.random.pick(["yes", "no"]),
      ]], { touchesData: false }),
  },
  {
    name: "a snapshot besides",
    weight: 1,
    run: (life) => life.client().send([["BGSAVE", "SCHEDULE"]], { touchesData: false }),
  },
  {
    name: "the data is loaded again",
    weight: 1,
    run: (life) => life.client().send([["DEBUG", "RELOAD"]], { touchesData: false }),
  },
  ...RESTART_STEPS,
];

/** Copies of the log, made while it goes on. */
export const COPY_STEPS: readonly Step[] = [
  {
    name: "a backup",
    weight: 1,
    async run(life) {
      const path = backupPath(life.next());
      const client = life.client();
      life.backupBegun(path);
      client.send([["BACKUP", "START", path.slice(path.lastIndexOf("/") + 1)]], {
        touchesData: false,
      });
      await settle();
    },
  },
  {
    name: "the archive catches up",
    weight: 1,
    async run(life) {
      for (let round = 0; round < 3; round++) {
        await life.clock.advance(1500);
        await life.endBackground(true);
      }
      life.noticeArchive();
    },
  },
];

/** The log goes on with frames, or without: what is not framed only survives in order. */
export const CHECKSUM_STEPS: readonly Step[] = [
  {
    name: "checksums are switched",
    weight: 2,
    run: (life) =>
      life.client().send([["CONFIG", "SET", "aof-checksums", life.random.pick(["yes", "no"])]], {
        touchesData: false,
      }),
  },
];

/** What an operator does with snapshots. */
export const SNAPSHOT_STEPS: readonly Step[] = [
  {
    name: "a snapshot in the background",
    weight: 4,
    run: (life) => background(life, "BGSAVE", "Background saving terminated with success"),
  },
  {
    name: "a snapshot at once",
    weight: 1,
    async run(life) {
      const client = life.client();
      client.send([["SAVE"]], { touchesData: false });
      await settle();
      if (client.replies.at(-1) === "+OK\r\n") life.promiseSafe();
    },
  },
  ...RESTART_STEPS,
];

/** Begins something whose end makes the state of its beginning safe. */
async function background(life: Life, command: string, end: string): Promise<void> {
  const client = life.client();
  client.send([[command]], { touchesData: false });
  await settle();
  if (client.replies.at(-1)?.includes("started")) life.safeWhenSaid(end);
}

/** Lives on for so many steps, or as long as the server does. */
export async function work(life: Life, steps: readonly Step[], count: number): Promise<void> {
  const total = steps.reduce((sum, { weight }) => sum + weight, 0);
  for (let i = 0; i < count && life.isAlive; i++) {
    let draw = life.random.below(total);
    const step = steps.find(({ weight }) => (draw -= weight) < 0)!;
    await step.run(life);
    await settle();
    if (life.random.chance(0.5)) await life.endBackground(false);
    if (life.random.chance(0.3)) await life.clock.advance(life.random.between(1, 150));
    life.noticeState();
    life.noticeLog();
    if (life.problem !== undefined) throw new Error(life.problem);
  }
}
