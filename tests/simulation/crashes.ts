/**
 * Stages crashes of a life at every moment of it, recovers from each, and holds what is found
 * against what was promised.
 */

import { Seeded } from "../kit/flags.ts";
import { Aftermath, type Survival } from "./aftermath.ts";
import type { Image, Journal } from "./journal.ts";
import { BIRTH_MS, type Mark } from "./life.ts";
import { drive, SimClock } from "./sim_clock.ts";
import { SimDisk } from "./sim_disk.ts";
import { type Directives, SimServer } from "./sim_server.ts";

/** What remains of a life when it is over. */
export interface LifeRecord {
  /** How to live it again, for messages. */
  readonly title: string;
  /** Chance in the crashes begins here. */
  readonly seed: number;
  /** What those who come after the crash are started with. */
  readonly directives: Directives;
  readonly journal: Journal;
  readonly states: readonly string[];
  readonly marks: readonly Mark[];
}

/** What was found after a crash. */
export interface Recovery {
  /** Digest of the data; undefined: the server refused to start. */
  readonly digest: string | undefined;
  /** Why it refused. */
  readonly error: string | undefined;
  /** What its log says. */
  readonly lines: readonly string[];
}

/** Figures of a campaign. */
export interface Tally {
  /** Crashes staged. */
  crashes: number;
  /** Different disks among them: each was recovered from once. */
  recoveries: number;
}

/** Starts a server on what a crash has left, and takes the disk away from it. */
export async function recover(image: Image, directives: Directives): Promise<Recovery> {
  const disk = new SimDisk(image);
  const clock = new SimClock(BIRTH_MS);
  let lines: readonly string[] = [];
  const started = SimServer.start(disk, clock, { ...directives, port: "0" }, (starting) => {
    lines = starting.lines;
  });
  try {
    const sim = await drive(started, clock, () => {});
    return { digest: sim.digest, error: undefined, lines };
  } catch (error) {
    return { digest: undefined, error: String(error), lines };
  } finally {
    disk.endProcess();
  }
}

/** Crashes a life at every place of its journal, `outcomes` times by power each. */
export class Campaign {
  readonly #record: LifeRecord;
  readonly #tally: Tally;
  readonly #known = new Map<string, Recovery>();
  /** Digest to the number of the last state that has it. */
  readonly #stateOf: ReadonlyMap<string, number>;
  #place = "";

  /** @param tally is counted up. */
  constructor(record: LifeRecord, tally: Tally) {
    this.#record = record;
    this.#tally = tally;
    this.#stateOf = new Map(record.states.map((digest, state) => [digest, state]));
  }

  /**
   * Crashes everywhere.
   *
   * @param survivals one power failure for each of them at each place
   * @throws {Error} a promise was broken; says how to repeat it
   */
  async everywhere(survivals: readonly Survival[]): Promise<void> {
    const { journal, marks, seed } = this.#record;
    const aftermath = new Aftermath(journal);
    let next = 0;
    do {
      const { position } = aftermath;
      while (next < marks.length && marks[next].position <= position) next++;
      const { kill, power } = marks[next - 1];
      const random = new Seeded(seed * 31 + position);
      await this.#check(aftermath.kill(), kill, "kill", position);
      const torn_bytes = random.below(Math.max(1, aftermath.nextWrite_bytes));
      if (torn_bytes > 0) {
        const how = `kill within the next write, at byte ${torn_bytes}`;
        await this.#check(aftermath.kill(torn_bytes), kill, how, position);
      }
      for (const survival of survivals) {
        const how = `power failure, ${survival} survives`;
        await this.#check(aftermath.power(survival, random), power, how, position);
      }
    } while (aftermath.advance());
  }

  /** One crash at a place by chance: what is left on the disk, after it was checked. */
  async anywhere(
    random: Seeded,
    survivals: readonly Survival[],
  ): Promise<{ image: Image; state: number }> {
    const { journal, marks } = this.#record;
    const aftermath = new Aftermath(journal);
    const place = random.between(0, journal.ops.length);
    while (aftermath.position < place) aftermath.advance();
    const { kill, power } = marks.findLast(({ position }) => position <= place)!;
    if (random.chance(0.3)) {
      const image = aftermath.kill();
      return { image, state: await this.#check(image, kill, "kill", place) };
    }
    const survival = random.pick(survivals);
    const image = aftermath.power(survival, random);
    const how = `power failure, ${survival} survives`;
    return { image, state: await this.#check(image, power, how, place) };
  }

  /** Recovers, and holds what is there against what was promised; returns the state's number. */
  async #check(image: Image, atLeast: number, how: string, position: number): Promise<number> {
    this.#tally.crashes++;
    this.#place = `${this.#record.title}: ${how}, at place ${position} of the journal`;
    const { digest, error, lines } = await this.#recover(image);
    if (digest === undefined) this.#fail(`does not load: ${error}`, lines, image);
    const state = this.#stateOf.get(digest);
    if (state === undefined) this.#fail("holds what is no prefix of the commands", lines, image);
    if (state < atLeast) {
      this.#fail(`holds state ${state}, but ${atLeast} was promised`, lines, image);
    }
    return state;
  }

  async #recover(image: Image): Promise<Recovery> {
    const name = fingerprint(image);
    let recovery = this.#known.get(name);
    if (recovery === undefined) {
      this.#tally.recoveries++;
      recovery = await recover(image, this.#record.directives);
      this.#known.set(name, recovery);
    }
    return recovery;
  }

  #fail(what: string, lines: readonly string[], image: Image): never {
    const files = [...image.files].map(([path, { length }]) => `  ${path} ${length} bytes`);
    const { ops } = this.#record.journal;
    const position = Number(/place (\d+)/.exec(this.#place)![1]);
    const before = ops.slice(Math.max(0, position - 12), position)
      .map((op) => `  ${describe(op)}`);
    throw new Error(
      [`${this.#place}: ${what}`, "its log:", ...lines.map((line) => `  ${line}`), "its disk:"]
        .concat(files, "done before:", before).join("\n"),
    );
  }
}

function describe(op: Journal["ops"][number]): string {
  return JSON.stringify(op, (_key, value) => value instanceof Uint8Array ? value.length : value);
}

/** Two disks with the same fingerprint hold the same (but for one chance in 2^64). */
function fingerprint({ files, directories }: Image): string {
  const parts: string[] = [...directories];
  for (const [path, bytes] of files) {
    let [a, b] = [0x811c9dc5, 0x9e3779b9];
    for (let i = 0; i < bytes.length; i++) {
      a = Math.imul(a ^ bytes[i], 0x01000193);
      b = Math.imul(b ^ bytes[i], 0x85ebca6b) ^ (b >>> 13);
    }
    parts.push(`${path}:${bytes.length}:${a}:${b}`);
  }
  return parts.sort().join("\n");
}
