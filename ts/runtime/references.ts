/** Values that Workers RPC passes by reference: instances of some classes, and stubs. */
import { DurableObject, RpcTarget, runtime, WorkerEntrypoint } from '#workers';
import { isNative } from './builtin.js';
import { isObject } from './kinds.js';

/** Classes whose instances Workers RPC passes by reference: it hides their own properties. */
const byReference = [RpcTarget, DurableObject, WorkerEntrypoint];

/** Whether Workers RPC passes an object by reference. */
export function isPassedByReference(object: unknown): boolean {
  return byReference.some((base) => object instanceof base);
}

/** The class of a Durable Object has the name that the runtime gives to its stub. */
function isBase(prototype: object): boolean {
  return byReference.some((base) => base.prototype === prototype);
}

/** Classes of stubs; older runtimes do not export all of them. */
const STUBS = ['RpcStub', 'RpcPromise', 'RpcProperty', 'ServiceStub'];
const stubs = STUBS.flatMap((name) => {
  const found: unknown = Reflect.get(runtime, name);
  return typeof found === 'function' ? [found] : [];
});

/** Names of the classes of stubs where the runtime does not export them. */
const STUB_NAMES: ReadonlySet<string> = new Set([
  ...STUBS,
  'Fetcher',
  'DurableObject',
  'JsRpcStub',
]);

/** Whether a value is a stub of another object, or the promise or a property of one. */
export function isStub(value: object): boolean {
  if (stubs.some((each) => value instanceof each)) return true;
  if (stubs.length === STUBS.length) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!isObject(prototype) || isBase(prototype)) return false;
  const maker = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof maker === 'function' && STUB_NAMES.has(maker.name) && isNative(maker);
}
