/** Directories that do not outlive the run, even if it is given up: a log of 5 M SETs is large. */

const made = new Set<string>();

/** Makes one. */
export async function makeTempDir(): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "redeno_bench_" });
  made.add(dir);
  return dir;
}

/** Removes one and what is in it. */
export async function removeTempDir(dir: string): Promise<void> {
  await Deno.remove(dir, { recursive: true });
  made.delete(dir);
}

/** Removes all that are left, at once. */
export function removeTempDirs(): void {
  for (const dir of made) Deno.removeSync(dir, { recursive: true });
  made.clear();
}
