/**
 * Stand-ins for `@std/fs/exists`, with its signatures: deno.json maps that name here.
 */

/** What must hold besides being there. */
export interface ExistsOptions {
  /** It must be a directory. */
  isDirectory?: boolean;
  /** It must be a file. */
  isFile?: boolean;
  /** This process must be allowed to read it. */
  isReadable?: boolean;
}

/** Whether there is something at a path; a link counts as what it points to. */
export async function exists(path: string | URL, options: ExistsOptions = {}): Promise<boolean> {
  try {
    const found = await Deno.stat(path);
    if (!isAsAsked(found, options)) return false;
    if (options.isReadable && found.isFile) (await Deno.open(path)).close();
    if (options.isReadable && found.isDirectory) {
      await Deno.readDir(path)[Symbol.asyncIterator]().next();
    }
    return true;
  } catch (error) {
    return isMissing(error, options);
  }
}

/** {@linkcode exists} that does not return before it knows. */
export function existsSync(path: string | URL, options: ExistsOptions = {}): boolean {
  try {
    const found = Deno.statSync(path);
    if (!isAsAsked(found, options)) return false;
    if (options.isReadable && found.isFile) Deno.openSync(path).close();
    if (options.isReadable && found.isDirectory) Deno.readDirSync(path);
    return true;
  } catch (error) {
    return isMissing(error, options);
  }
}

function isAsAsked(found: Deno.FileInfo, options: ExistsOptions): boolean {
  if (options.isDirectory && options.isFile) {
    throw new TypeError("isDirectory and isFile exclude each other");
  }
  return !(options.isDirectory && !found.isDirectory) && !(options.isFile && !found.isFile);
}

/** False for what is not there or may not be read as asked; anything else is thrown on. */
function isMissing(error: unknown, options: ExistsOptions): false {
  if (error instanceof Deno.errors.NotFound) return false;
  if (error instanceof Deno.errors.PermissionDenied && options.isReadable) return false;
  throw error;
}
