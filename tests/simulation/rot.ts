/**
 * Bit rot: bytes of the log that were safe have changed. It must be noticed: the server refuses to
 * start and names the file, or says in its log what it cut, or the change meant nothing; it never
 * serves what no prefix of the commands has made.
 */

import { parseManifest } from "../../lib/persistence/aof/manifest.ts";
import { Seeded } from "../kit/flags.ts";
import { latin1 } from "../persistence/memory_disk.ts";
import { SURVIVALS } from "./aftermath.ts";
import { Campaign, type Tally } from "./crashes.ts";
import type { Image } from "./journal.ts";
import { Life } from "./life.ts";
import { drawDirectives, type LifePlan, recordOf } from "./lives.ts";
import { recover } from "./recovery.ts";
import { SimDisk } from "./sim_disk.ts";
import { DIR } from "./sim_server.ts";
import { work } from "./workload.ts";

/** What counts as said in the log. */
const SAID = /truncated at offset|cut/i;
/** Files whose bytes are under a checksum. */
const CHECKED = /\.(incr\.aof|base\.(rdb|aof)|manifest)$/;
const LOG_DIR = `${DIR}/appendonlydir`;
/** Changes tried on each image. */
const ROTS_PER_IMAGE = 6;

/** How bytes change. */
const ROTS: Readonly<Record<string, (bytes: Uint8Array, at: number, random: Seeded) => void>> = {
  "one bit flips": (bytes, at, random) => bytes[at] ^= 1 << random.below(8),
  "one byte is another": (bytes, at, random) => bytes[at] ^= random.between(1, 255),
  "a sector is empty": (bytes, at) => bytes.fill(0, at & ~511, (at & ~511) + 512),
  "some bytes are empty": (bytes, at, random) => bytes.fill(0, at, at + random.between(1, 64)),
};

/** An image with a change in one of its files. */
interface Rotten {
  readonly image: Image;
  readonly path: string;
  readonly title: string;
}

function withFile({ files, directories }: Image, path: string, bytes: Uint8Array): Image {
  return { files: new Map(files).set(path, bytes), directories };
}

/** Takes the end off a file that has a seal to lose: it is a base, or a later one has data. */
function cut(image: Image, random: Seeded): Rotten | undefined {
  const text = image.files.get(`${LOG_DIR}/appendonly.aof.manifest`);
  if (text === undefined) return undefined;
  const { base, incrs } = parseManifest(latin1(text), LOG_DIR);
  const files = [...base === undefined ? [] : [base], ...incrs]
    .map(({ name, type }) => ({ path: `${LOG_DIR}/${name}`, type }));
  const size = (path: string) => image.files.get(path)?.length ?? 0;
  const last = files.findLastIndex(({ path }) => size(path) > 0);
  const sealed = files.filter(({ path, type }, i) =>
    size(path) > 0 && (i < last || type === "base")
  );
  if (sealed.length === 0) return undefined;
  const { path } = random.pick(sealed);
  const bytes = image.files.get(path)!;
  // More often than not where a batch ends: there a file looks whole.
  const ends = [...latin1(bytes).matchAll(/\n(?=#B:)/g)].map(({ index }) => index + 1);
  const at = random.chance(0.7) && ends.length > 0 ? random.pick(ends) : random.below(bytes.length);
  return { image: withFile(image, path, bytes.subarray(0, at)), path, title: `cut at ${at}` };
}

function rot(image: Image, random: Seeded): Rotten | undefined {
  if (random.chance(0.2)) return cut(image, random);
  const paths = [...image.files].filter(([path, { length }]) => length > 0 && CHECKED.test(path))
    .map(([path]) => path);
  if (paths.length === 0) return undefined;
  const path = random.pick(paths);
  const bytes = image.files.get(path)!.slice();
  const at = random.below(bytes.length);
  const name = random.pick(Object.keys(ROTS));
  ROTS[name](bytes, at, random);
  return { image: withFile(image, path, bytes), path, title: `${name} at ${at}` };
}

/** A life, crashed at places by chance; each time some bytes of the log have changed. */
export async function rotLife(plan: LifePlan, seed: number, tally: Tally): Promise<void> {
  const random = new Seeded(seed);
  const disk = new SimDisk();
  const directives = () => drawDirectives(plan, random);
  const life = await Life.begin({ disk, random, directives });
  await work(life, plan.steps, plan.stepCount);
  const record = recordOf(life, seed, "bit rot");
  const campaign = new Campaign(record, tally);
  for (let i = 0; i < plan.stepCount; i++) {
    const { image, state } = await campaign.anywhere(random, plan.survivals ?? SURVIVALS);
    for (let change = 0; change < ROTS_PER_IMAGE; change++) {
      const rotten = rot(image, random);
      if (rotten === undefined) continue;
      tally.crashes++;
      tally.recoveries++;
      const { digest, error, lines } = await recover(rotten.image, record.directives);
      const place = `${record.title}: ${rotten.path}: ${rotten.title}`;
      if (digest === undefined) {
        if (error!.includes(rotten.path)) continue;
        throw new Error(`${place}: the error does not name the file: ${error}`);
      }
      const found = record.states.lastIndexOf(digest);
      if (found < 0) throw new Error(`${place}: served\n${lines.join("\n")}`);
      if (found < state && !lines.some((line) => SAID.test(line) && line.includes(rotten.path))) {
        throw new Error(`${place}: state ${found} of ${state}, nothing said\n${lines.join("\n")}`);
      }
    }
  }
}
