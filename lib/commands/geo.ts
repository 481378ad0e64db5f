/**
 * The commands on places, which are sorted sets whose scores are geohashes:
 *
 *     geo_places.ts             GEOADD GEODIST GEOHASH GEOPOS
 *     geo_search.ts             GEOSEARCH GEOSEARCHSTORE GEORADIUS GEORADIUSBYMEMBER and their _RO
 *     geo_search_arguments.ts   what these are asked for
 */

import type { Command } from "./command.ts";
import { geoPlaceCommands } from "./geo_places.ts";
import { geoSearchCommands } from "./geo_search.ts";

/** All commands on places. */
export const geoCommands: readonly Command[] = [...geoPlaceCommands, ...geoSearchCommands];
