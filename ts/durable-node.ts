/** The entry of durable calls for Node, where there are no objects to have any: it can only be imported. */
import { OfWorkers } from './runtime/without-workers.js';

/** Everything in the base class needs the Workers runtime. */
export function withDurableCalls<B>(_base: B): B {
  return OfWorkers as B;
}
