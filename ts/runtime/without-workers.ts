/** Stands for workers.ts where there is no such runtime: classes that can be extended, but not made. */

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

/** A class that can be extended, so that its module loads, but not made. */
export class OfWorkers {
  constructor() {
    throw new NeedsWorkers(new.target.name);
  }
}

export class DurableObject extends OfWorkers {}
export class WorkerEntrypoint extends OfWorkers {}
export class RpcTarget extends OfWorkers {}

export const runtime: object = { DurableObject, WorkerEntrypoint, RpcTarget };
