/** Replaces workers.ts outside the Workers runtime: its classes can be extended but not instantiated. */

/** What says so. */
export class NeedsWorkers extends Error {
  constructor(what: string) {
    super(
      `${what} needs the Workers runtime: run it in workerd, by wrangler or by a test of ` +
        '@cloudflare/vitest-plugin. In Node, @lumenize/call records, explains and validates.',
    );
    this.name = 'NeedsWorkers';
  }
}

/** A class that can be extended, so that modules load, but not instantiated. */
export class OfWorkers {
  constructor() {
    throw new NeedsWorkers(new.target.name);
  }
}

export class DurableObject extends OfWorkers {}
export class WorkerEntrypoint extends OfWorkers {}
export class RpcTarget extends OfWorkers {}

export const runtime: object = { DurableObject, WorkerEntrypoint, RpcTarget };
