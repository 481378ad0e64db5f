/**
 * The tools and the loader say the same of every file: whole, torn at the same offset, or damaged.
 * Files are broken at random: REDENO_SEED and REDENO_SIZE (rounds) make it another or a longer run.
 */

import { loadAof } from "../../lib/persistence/aof/loader.ts";
import { StorageError } from "../../lib/persistence/errors.ts";
import { type Random, SeededRandom } from "../../lib/platform/random.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { memoryLog, resp, restlessClock, ToyTarget } from "../persistence/kit.ts";
import type { MemoryDisk } from "../persistence/memory_disk.ts";
import { type Batch, DIR, diskWith, frame, incr, sealing, set, tool } from "./kit.ts";

const seed = Number(Deno.env.get("REDENO_SEED") ?? 1);
const rounds = Number(Deno.env.get("REDENO_SIZE") ?? 600);

/** What the loader makes of a log: an exit code as of `aof check`, and where it cuts. */
async function load(disk: MemoryDisk, names: readonly string[]) {
  const target = new ToyTarget();
  const files = names.map((name) => ({ path: `${DIR}/${name}`, name, type: "incr" as const }));
  const { log } = memoryLog();
  const before = names.map((name) => disk.content(`${DIR}/${name}`)!.length);
  try {
    const { cut_bytes } = await loadAof({
      disk,
      files,
      target,
      loadTruncated: true,
      refusedCommand: "log", // without a checksum a command may have become another one
      clock: restlessClock,
      log,
    });
    const cut = names.findIndex((name, i) => disk.content(`${DIR}/${name}`)!.length < before[i]);
    const place = cut < 0 ? "" : `${names[cut]} at offset ${before[cut] - cut_bytes}`;
    return { code: cut_bytes > 0 ? 2 : 0, place, data: target.data };
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return { code: 1, place: `${error.path}:${error.offset}`, data: target.data };
  }
}

/** Maybe a log of its own, whose seals say that more is safe than is. */
function randomValue(random: Random): string {
  if (random.below(8) > 0) return "v".repeat(random.below(30));
  const inner = { commands: [set("inner", "1")], time_s: 1_800_000_000 };
  return frame([inner, inner, inner, inner, inner]).text;
}

function randomBatches(random: Random): Batch[] {
  const batches: Batch[] = [];
  for (let i = random.below(5); i >= 0; i--) {
    const one = set(`k${random.below(9)}`, randomValue(random));
    const commands = random.below(3) === 0
      ? [resp("MULTI"), one, set("t", "1"), resp("EXEC")]
      : Array.from({ length: 1 + random.below(3) }, () => one);
    batches.push({ commands, time_s: 1_800_000_000 + i });
  }
  return batches;
}

function randomFile(random: Random): string {
  const batches = randomBatches(random);
  if (random.below(4) === 0) return batches.flatMap(({ commands }) => commands).join("");
  const safe = random.below(3);
  const isSealed = random.below(4) > 0;
  const { text } = frame(
    isSealed ? [...batches, sealing(1_800_000_009, random.below(4) > 0)] : batches,
    (i) => Math.max(0, i - safe),
  );
  return random.below(6) === 0 ? `${text}#TS:1800000010\r\n${set("foreign", "1")}` : text;
}

/** Cuts, flips, or blanks some of it; or leaves it whole. */
function breakSomewhere(random: Random, text: string): string {
  if (text === "") return text;
  const at = random.below(text.length);
  const end = Math.min(text.length, at + 1 + random.below(40));
  switch (random.below(5)) {
    case 0:
      return text.slice(0, at);
    case 1: {
      const flipped = text.charCodeAt(at) ^ (1 << random.below(8));
      return text.slice(0, at) + String.fromCharCode(flipped) + text.slice(at + 1);
    }
    case 2:
      return text.slice(0, at) + "\0".repeat(end - at) + text.slice(end);
    case 3:
      return text.slice(0, at) + text.slice(end);
    default:
      return text;
  }
}

Deno.test("check says of every broken log what loading it says, and fix cuts there too", async () => {
  const random = new SeededRandom(seed);
  const seen = [0, 0, 0];
  for (let round = 0; round < rounds; round++) {
    const files = [randomFile(random), randomFile(random), ""].slice(random.below(3));
    const broken = random.below(files.length);
    files[broken] = breakSomewhere(random, files[broken]);
    const names = files.map((_, i) => incr(i + 1));
    const context = `seed ${seed}, round ${round}, file ${broken + 1} of ${files.length}`;
    const told = await tool(diskWith(files), ["aof", "check", DIR]);
    const loaded = await load(diskWith(files), names);
    assertEquals(told.code, loaded.code, `${context}: ${told.text} ${loaded.place}`);
    seen[told.code]++;
    if (told.code === 2) {
      const torn = /would cut (\S+ at offset \d+)/.exec(told.text)?.[1];
      assertEquals(torn, loaded.place, context);
    }
    const disk = diskWith(files);
    const fixed = await tool(disk, ["aof", "fix", DIR, "--yes"]);
    assertEquals(fixed.code, 0, `${context}: ${fixed.text}`);
    const after = await load(
      disk,
      names.filter((name) => disk.content(`${DIR}/${name}`) !== undefined),
    );
    assertEquals(after.code, 0, `${context}: ${after.place}`);
    if (loaded.code !== 1) assertEquals(after.data, loaded.data, context);
  }
  assert(rounds < 300 || seen.every((count) => count > rounds / 20), `one-sided: ${seen}`);
});
