/**
 * Stand-ins for `@std/fs/ensure-dir`, with its signatures: deno.json maps that name here.
 */

/** Makes a directory and those above it; one that is there already is fine, a file is an error. */
export async function ensureDir(dir: string | URL): Promise<void> {
  try {
    await Deno.mkdir(dir, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    refuseUnlessDirectory(dir, await Deno.stat(dir));
  }
}

/** {@linkcode ensureDir} that does not return before it is done. */
export function ensureDirSync(dir: string | URL): void {
  try {
    Deno.mkdirSync(dir, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    refuseUnlessDirectory(dir, Deno.statSync(dir));
  }
}

function refuseUnlessDirectory(dir: string | URL, found: Deno.FileInfo): void {
  if (!found.isDirectory) throw new Deno.errors.AlreadyExists(`${dir} is there, and no directory`);
}
