/** What all objects of the experiment have in common. */
import type { Alarms, Sharing } from './alarms.js';
import type { Sender, Target } from './cost.js';
import type { SharedServer } from './server.js';
import type { Storage } from './storage.js';
import type { Receiver, Turns } from './turns.js';

export interface Env {
  readonly TURNS: DurableObjectNamespace<Turns>;
  readonly RECEIVER: DurableObjectNamespace<Receiver>;
  readonly STORAGE: DurableObjectNamespace<Storage>;
  readonly ALARMS: DurableObjectNamespace<Alarms>;
  readonly SHARED_ALARM: DurableObjectNamespace<Sharing>;
  readonly SHARED_SERVER: DurableObjectNamespace<SharedServer>;
  readonly SENDER: DurableObjectNamespace<Sender>;
  readonly TARGET: DurableObjectNamespace<Target>;
}

export const message = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

/** Awaits a resolved promise so many times. */
export async function microtasks(times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) await undefined;
}
