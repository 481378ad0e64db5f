/**
 * The disk under the configuration: what `loadConfig` reads and CONFIG REWRITE writes. Contents are
 * byte text (one character a byte).
 *
 * Promise: {@linkcode replaceText} leaves the old file or the whole new one, never a part, and no
 * temporary file when it fails.
 */

import { Buffer } from "node:buffer";
import { expandGlobSync } from "./expand_glob.ts";
import { messageOf } from "../message_of.ts";

/** Permissions of a configuration file that was not there before. */
const NEW_FILE_MODE = 0o644;

/** A file's content; throws an Error with a plain reason. */
export function readText(path: string): string {
  try {
    return Buffer.from(Deno.readFileSync(path)).toString("latin1");
  } catch (error) {
    throw new Error(plainReason(error), { cause: error });
  }
}

/** A file's content, or undefined if there is no such file. */
export function readTextIfExists(path: string): string | undefined {
  try {
    return Buffer.from(Deno.readFileSync(path)).toString("latin1");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new Error(plainReason(error), { cause: error });
  }
}

/**
 * Writes a temporary file beside the target, forces it to the disk and renames it into place. A
 * link stays a link: what it points to is replaced. The permissions stay as they are.
 */
export function replaceText(path: string, text: string): void {
  const present = statIfExists(path);
  const target = present ? Deno.realPathSync(path) : path;
  const temporary = `${target}.${Deno.pid}.tmp`;
  try {
    writeDurably(temporary, Buffer.from(text, "latin1"));
    // chmod, because the mode given to open() is narrowed by the umask
    Deno.chmodSync(temporary, (present?.mode ?? NEW_FILE_MODE) & 0o777);
    Deno.renameSync(temporary, target);
    syncDirectory(target.slice(0, target.lastIndexOf("/")) || (target.startsWith("/") ? "/" : "."));
  } catch (error) {
    removeIfThere(temporary);
    throw new Error(plainReason(error), { cause: error });
  }
}

/** The files that match a pattern, in order. */
export function expandGlob(pattern: string): string[] {
  return [...expandGlobSync(pattern, { includeDirs: false })].map((entry) => entry.path);
}

/** The disk as `loadConfig` and `rewriteConfigFile` take it, in the working directory. */
export function configFiles(): {
  readonly directory: string;
  readText(path: string): string;
  readTextIfExists(path: string): string | undefined;
  replaceText(path: string, text: string): void;
  expandGlob(pattern: string): string[];
} {
  return { directory: Deno.cwd(), readText, readTextIfExists, replaceText, expandGlob };
}

function writeDurably(path: string, bytes: Uint8Array): void {
  // closed to others from the start: a configuration may hold a password
  const file = Deno.openSync(path, { write: true, create: true, truncate: true, mode: 0o600 });
  try {
    let at = 0;
    while (at < bytes.length) at += file.writeSync(bytes.subarray(at));
    file.syncSync();
  } finally {
    file.close();
  }
}

function statIfExists(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function syncDirectory(path: string): void {
  const directory = Deno.openSync(path);
  try {
    directory.syncSync();
  } finally {
    directory.close();
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** What the operating system said, without the name of the call. */
function plainReason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "No such file or directory";
  if (error instanceof Deno.errors.PermissionDenied) return "Permission denied";
  return messageOf(error);
}
