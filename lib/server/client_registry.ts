/** Everybody who is connected, by id; and CLIENT PAUSE, which holds for all of them. */

import type { Client } from "../commands/client.ts";
import type { Clients } from "../commands/context.ts";
import type { Pause } from "./pause.ts";

/** The connected clients. */
export class ClientRegistry implements Clients {
  readonly #clients = new Map<number, Client>();
  readonly #pause: Pause;
  #lastId = 0;

  /** @param pause what CLIENT PAUSE sets. */
  constructor(pause: Pause) {
    this.#pause = pause;
  }

  /** An id that was never given before. */
  nextId(): number {
    return ++this.#lastId;
  }

  add(client: Client): void {
    this.#clients.set(client.id, client);
  }

  remove(client: Client): void {
    this.#clients.delete(client.id);
  }

  all(): Iterable<Client> {
    return this.#clients.values();
  }

  find(id: number): Client | undefined {
    return this.#clients.get(id);
  }

  get count(): number {
    return this.#clients.size;
  }

  pause(until_ms: number, writesOnly: boolean): void {
    this.#pause.set(until_ms, writesOnly);
  }
}
