/**
 * How the calls of the tests travel: as they come, or, since that may make no difference (rule 16), each
 * alone, or each in one message with others. The whole suite runs in each of these ways.
 */
import { type CallOptions, newContinuation } from '@lumenize/call';

declare const __CALLS_TRAVEL__: 'as they come' | 'alone' | 'in company';

/** How many random programs run: all of them once. */
export const isFirstRun = __CALLS_TRAVEL__ === 'as they come';

/** Bindings whose objects answer messages of several calls as this package does. */
const ANSWERING = new Set(['CALC', 'USERS', 'MACHINE', 'CHOSEN', 'LIMITED', 'OPEN']);

interface AnyCaller {
  call(...args: unknown[]): unknown;
  callRaw(...args: unknown[]): Promise<unknown>;
}

/** A caller whose calls travel as this run of the suite wants it. */
export function inCompany<C extends object>(caller: C): C {
  if (isFirstRun) return caller;
  const any = caller as unknown as AnyCaller;
  const alone = (options: unknown): unknown =>
    typeof options === 'object' && options !== null ? { ...options, ...BATCH } : (options ?? BATCH);
  const wrapped: AnyCaller =
    __CALLS_TRAVEL__ === 'alone'
      ? {
          call: (binding, instance, remote, handler, options) =>
            any.call(binding, instance, remote, handler, alone(options)),
          callRaw: (binding, instance, remote, options) =>
            any.callRaw(binding, instance, remote, alone(options)),
        }
      : {
          call: (...args) => accompanied(any, args, () => any.call(...args)),
          callRaw: (...args) =>
            accompanied(any, args, () => any.callRaw(...args)) as Promise<unknown>,
        };
  return wrapped as unknown as C;
}

const BATCH: CallOptions = { batch: false };

/** Makes a call with one before it and one after it, which the target refuses. */
function accompanied(
  caller: AnyCaller,
  [binding, instance]: readonly unknown[],
  call: () => unknown,
): unknown {
  const accompany = (): void => {
    if (!ANSWERING.has(String(binding)) || typeof instance !== 'string' || instance === '') return;
    const remote = newContinuation<{ accompanies(): void }>().accompanies();
    const handler = newContinuation<{ ignore(outcome: unknown): void }>().ignore(remote);
    caller.call(binding, instance, remote, handler);
  };
  accompany();
  try {
    return call();
  } finally {
    accompany();
  }
}
