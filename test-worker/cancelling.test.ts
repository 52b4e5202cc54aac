/** Calls that are cancelled, and who releases the stubs that an outcome holds. */
import { newContinuation } from '@lumenize/call';
import { expect, test, vi } from 'vitest';
import { calc, inCalc, inCaller } from './in-object.js';
import { type CallerObject, Session } from './index.js';

const on = newContinuation<CallerObject>;

test('rule 18: `cancel` settles a call once, with its reason, after this turn', () =>
  inCaller('cancel', async (caller) => {
    const handle = caller.svc.call('CALC', 'cancel', calc().never(), on().onOutcome());
    await inCalc('cancel', ({ log }) => vi.waitFor(() => expect(log).toEqual(['never()'])));
    expect(handle.cancel('no longer needed')).toBe(true);
    expect(caller.received).toEqual([]);
    expect(handle.cancel('again')).toBe(false);
    await caller.arrived(1);
    expect(caller.received[0]?.outcome).toMatchObject({
      code: 'cancelled',
      cause: 'no longer needed',
      callId: handle.id,
      operation: 'never()',
      mayHaveRun: true,
    });
  }));

test('rule 18: a call that has its outcome cannot be cancelled', () =>
  inCaller('too late', async (caller) => {
    const handle = caller.svc.call('CALC', 'too late', calc().add(1, 10), on().onOutcome());
    await caller.arrived(1);
    expect(handle.cancel()).toBe(false);
    expect(caller.received).toEqual([{ outcome: 11, rest: [] }]);
  }));

test('rule 18: an aborted signal settles a call with a handler, and one that is awaited', () =>
  inCaller('signal', async (caller) => {
    const controller = new AbortController();
    const { signal } = controller;
    caller.svc.call('CALC', 'signal', calc().never(), on().onOutcome(), { signal });
    const awaited = caller.svc.callRaw('CALC', 'signal', calc().never(), { signal });
    const settled = caller.svc.callRaw('CALC', 'signal', calc().add(1, 10), { signal });
    expect(await settled).toBe(11);
    controller.abort(new RangeError('enough'));
    await expect(awaited).rejects.toMatchObject({ code: 'cancelled', mayHaveRun: true });
    await caller.arrived(1);
    const { outcome } = caller.received[0] as { outcome: Error };
    expect(outcome).toMatchObject({ code: 'cancelled', mayHaveRun: true });
    expect(outcome.cause).toBe(signal.reason);
  }));

test('rule 18: a signal that is aborted already sends nothing', () =>
  inCaller('aborted', async (caller) => {
    const signal = AbortSignal.abort('before it began');
    caller.svc.call('CALC', 'aborted', calc().next(), on().onOutcome(), { signal });
    expect(caller.received).toEqual([]);
    const awaited = caller.svc.callRaw('CALC', 'aborted', calc().next(), { signal });
    await expect(awaited).rejects.toMatchObject({
      code: 'cancelled',
      cause: 'before it began',
      mayHaveRun: false,
    });
    await caller.arrived(1);
    expect(caller.received[0]?.outcome).toMatchObject({ code: 'cancelled', mayHaveRun: false });
    expect(await inCalc('aborted', ({ log }) => log)).toEqual([]);
  }));

test('rule 18: the signal of a timeout cancels too', () =>
  inCaller('timeout signal', async (caller) => {
    const signal = AbortSignal.timeout(10);
    const awaited = caller.svc.callRaw('CALC', 'timeout signal', calc().never(), { signal });
    await expect(awaited).rejects.toMatchObject({
      code: 'cancelled',
      cause: { name: 'TimeoutError' },
    });
  }));

test('rule 18: a signal keeps nothing of the calls that have settled', () =>
  inCaller('listeners', async (caller) => {
    const { signal } = new AbortController();
    const add = vi.spyOn(signal, 'addEventListener');
    const remove = vi.spyOn(signal, 'removeEventListener');
    await caller.svc.callRaw('CALC', 'listeners', calc().add(1, 10), { signal });
    const timedOut = caller.svc.callRaw('CALC', 'listeners', calc().never(), {
      signal,
      timeout: 10,
    });
    await expect(timedOut).rejects.toMatchObject({ code: 'timeout' });
    expect(add.mock.calls.map(([, listener]) => listener)).toHaveLength(2);
    expect(remove.mock.calls.map(([, listener]) => listener)).toEqual(
      add.mock.calls.map(([, listener]) => listener),
    );
  }));

test('rule 6: a signal that is none throws at once', () =>
  inCaller('no signal', (caller) => {
    const call = (): unknown =>
      caller.svc.call('CALC', 'x', calc().next(), undefined, { signal: 'abort' as never });
    expect(call).toThrow(/signal is "abort": pass the signal of an AbortController/);
  }));

test('rule 7: an outcome that comes after the call settled is dropped, and its stubs released', () =>
  inCaller('late', async (caller) => {
    const before = Session.released;
    const late = calc().sessionWhenOpen();
    const timedOut = caller.svc.callRaw('CALC', 'late', late, { timeout: 10 });
    await expect(timedOut).rejects.toMatchObject({ code: 'timeout' });
    const handle = caller.svc.call('CALC', 'late', late, on().onOutcome());
    await undefined;
    handle.cancel();
    await caller.arrived(1);
    caller.svc.call('CALC', 'late', calc().open());
    await vi.waitFor(() => expect(Session.released).toBe(before + 2));
    expect(caller.received).toHaveLength(1);
    expect(caller.errors).toEqual([]);
  }));

test('what a handler received is released when it has ended, unless it kept a duplicate', () =>
  inCaller('session', async (caller) => {
    const before = Session.released;
    const session = calc().session();
    caller.svc.call('CALC', 'session', session, on().onSession(session, 'as it is'));
    await caller.arrived(1);
    expect(caller.received[0]?.outcome).toBe('hello in the handler');
    await vi.waitFor(() => expect(Session.released).toBe(before + 1));
    const later = async (): Promise<string | undefined> => caller.kept?.hello('later');
    await expect(later()).rejects.toThrow(/disposed/);

    caller.svc.call('CALC', 'session', session, on().onSession(session, 'by dup'));
    await caller.arrived(2);
    expect(await caller.kept?.hello('later')).toBe('hello later');
    expect(Session.released).toBe(before + 1);
    (caller.kept as unknown as Disposable)[Symbol.dispose]();
    await vi.waitFor(() => expect(Session.released).toBe(before + 2));
  }));

test('what `callRaw` yields is the caller’s to dispose', () =>
  inCaller('disposing', async (caller) => {
    const before = Session.released;
    {
      using session = (await caller.svc.callRaw(
        'CALC',
        'disposing',
        calc().session(),
      )) as unknown as Disposable & { hello(name: string): Promise<string> };
      expect(await session.hello('Ada')).toBe('hello Ada');
      expect(Session.released).toBe(before);
    }
    await vi.waitFor(() => expect(Session.released).toBe(before + 1));
  }));

test('a stub that a chain passed through is released when the chain has ended', () =>
  inCaller('passed through', async (caller) => {
    const before = Session.released;
    const hello = calc().sessionOf('somewhere else').hello('Ada');
    expect(await caller.svc.callRaw('CALC', 'passed through', hello)).toBe('hello Ada');
    await vi.waitFor(() => expect(Session.released).toBe(before + 1));
  }));
