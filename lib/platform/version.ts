/** The versions that redeno tells. */

/** Version of Redis whose commands and replies these are: clients look at it. */
export const REDIS_VERSION = "7.0.15";
/** Version of redeno itself, as in deno.json. */
export const REDENO_VERSION = "0.1.0";

/** Versions of what redeno runs on. */
export function runtimeVersions(): { deno: string; v8: string } {
  return { deno: Deno.version.deno, v8: Deno.version.v8 };
}
