/**
 * A stand-in for `@std/fs/expand-glob`, with its signature as far as it goes: `*`, `?` and `[...]`
 * within a name. There is no `**`, no `{a,b}` and no `exclude`. deno.json maps that name here.
 */

/** One thing that was found. */
export interface WalkEntry extends Deno.DirEntry {
  /** Its path; absolute, below `root`. */
  path: string;
}

/** How to search. */
export interface ExpandGlobOptions {
  /** Directory that relative patterns start from; the working directory if left out. */
  root?: string;
  /** Whether directories are among what is found; they are unless this is false. */
  includeDirs?: boolean;
}

/** Files and directories that match a pattern, by name. A name's first dot must be written out. */
export function* expandGlobSync(
  glob: string,
  { root = Deno.cwd(), includeDirs = true }: ExpandGlobOptions = {},
): Generator<WalkEntry> {
  const parts = glob.split("/").filter((part) => part !== "" && part !== ".");
  const start = glob.startsWith("/") ? "" : root.replace(/\/+$/, "");
  for (const path of matches(start, parts)) {
    const found = statOrMissing(path);
    if (!found || (found.isDirectory && !includeDirs)) continue;
    const { isFile, isDirectory, isSymlink } = found;
    yield { path, name: path.slice(path.lastIndexOf("/") + 1), isFile, isDirectory, isSymlink };
  }
}

function* matches(directory: string, parts: readonly string[]): Generator<string> {
  const [part, ...rest] = parts;
  if (part === undefined) {
    yield directory || "/";
  } else if (/[*?[]/.test(part)) {
    const pattern = nameMatcher(part);
    const names = namesIn(directory || "/").filter((name) => pattern.test(name));
    for (const name of names.sort()) yield* matches(`${directory}/${name}`, rest);
  } else {
    yield* matches(`${directory}/${part}`, rest);
  }
}

/** A pattern for one name as a regular expression. */
function nameMatcher(part: string): RegExp {
  const source = part.replace(
    /\[(!?)((?:\]|[^\]])[^\]]*)\]|[\s\S]/g,
    (found, not?: string, set?: string) => {
      if (found === "*") return "[^/]*";
      if (found === "?") return "[^/]";
      if (set !== undefined) return `[${not ? "^" : ""}${set.replace(/[\\\]^[]/g, "\\$&")}]`;
      return found.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
    },
  );
  return new RegExp(`^${part.startsWith(".") ? "" : "(?!\\.)"}${source}$`);
}

function namesIn(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map((entry) => entry.name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return [];
    }
    throw error;
  }
}

function statOrMissing(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw error;
  }
}
