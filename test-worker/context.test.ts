/** What travels with a call: its deadline, its callers, its data; and what a target does with calls that it receives. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { type CallContext, type CallError, type CallEvent, callChannel } from '@lumenize/call';
import { expect, test, vi } from 'vitest';
import { asSent, chainOf } from './handmade.js';
import type { Hop } from './hop.js';
import { inCaller, thrownBy } from './in-object.js';

function inHop<R>(name: string, run: (hop: Hop) => R | Promise<R>): Promise<R> {
  return runInDurableObject(env.HOP.getByName(name), run);
}

/** What a call comes to. */
function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: unknown) => error);
}

test('rule 45: a method knows its call: who made it, when it expires, its data', () =>
  inHop('first', async (hop) => {
    const options = { timeout: 5_000, context: { tenant: 't1', debug: true, weight: 2 } };
    const before = Date.now();
    const context = (await hop.svc.callRaw(
      hop.ctn('HOP', 'second').context(),
      options,
    )) as CallContext;
    expect(context).toMatchObject({
      callId: expect.any(Number),
      caller: { class: 'Hop', id: env.HOP.idFromName('first').toString(), name: 'first' },
      hops: 1,
      data: { tenant: 't1', debug: true, weight: 2 },
    });
    expect(context.deadline).toBeGreaterThanOrEqual(before + 5_000);
    expect(context.deadline).toBeLessThan(Date.now() + 5_100);
    expect(hop.svc.context).toBeUndefined();
  }));

test('rule 45: data and deadlines go along four hops, and what is added inside goes further', () =>
  inHop('chain 0', async (hop) => {
    const options = { timeout: 5_000, context: { tenant: 't1' } };
    const far = hop.ctn('HOP', 'chain 1').chain(['chain 2', 'chain 3', 'chain 4'], {
      timeout: 60_000,
      context: { step: 'inner' },
    });
    const contexts = ((await hop.svc.callRaw(far, options)) as CallContext[]).reverse();
    expect(contexts.map(({ hops }) => hops)).toEqual([1, 2, 3, 4]);
    expect(contexts.map(({ caller }) => caller.name)).toEqual([
      'chain 0',
      'chain 1',
      'chain 2',
      'chain 3',
    ]);
    expect(contexts.map(({ data }) => data)).toEqual([
      { tenant: 't1' },
      { tenant: 't1', step: 'inner' },
      { tenant: 't1', step: 'inner' },
      { tenant: 't1', step: 'inner' },
    ]);
    const [first = 0, ...others] = contexts.map(({ deadline }) => deadline);
    // What is left travels, so each hop adds what it takes on the way.
    for (const deadline of others) expect(deadline).toBeLessThan(first + 1_000);
  }));

test('rule 45: calls of one message have their own data, and one id before they wait', () =>
  inHop('fan', async (hop) => {
    const fans = hop.ctn('HOP', 'fans').fan('fanned');
    const contexts = (await hop.svc.callRaw(fans, { context: { tenant: 't1' } })) as CallContext[];
    const ids = contexts.map(({ callId }) => callId);
    const [one = 0, two, three = one] = ids as number[];
    // The third has waited, and knows its id only if it has nothing in common with the others.
    expect([two, [one, one + 2].includes(three)]).toEqual([one + 1, true]);
    expect(contexts.map(({ data }) => data)).toEqual(Array(3).fill({ tenant: 't1' }));
    const other = hop.ctn('HOP', 'fanned');
    const mixed = await Promise.all([
      hop.svc.callRaw(other.context(), { context: { tenant: 'a' } }),
      hop.svc.callRaw(other.contextLater(), { context: { tenant: 'b' } }),
      hop.svc.callRaw(other.contextLater()),
      hop.svc.callRaw(other.context(), { context: { tenant: 'd' } }),
    ]);
    expect((mixed as CallContext[]).map(({ data }) => data)).toEqual([
      { tenant: 'a' },
      { tenant: 'b' },
      {},
      { tenant: 'd' },
    ]);
  }));

test('rule 45: a handler is inside of the call in which its call was made', () =>
  inHop('handling', async (hop) => {
    const handled = hop.ctn('HOP', 'handler').handled('handled');
    const context = (await hop.svc.callRaw(handled, { context: { tenant: 't1' } })) as CallContext;
    expect(context).toMatchObject({
      hops: 1,
      caller: { name: 'handling' },
      data: { tenant: 't1' },
    });
  }));

test('rule 45: data is inherited by durable calls, in their methods and their handlers', () =>
  inHop('storing', async (hop) => {
    await hop.svc.callRaw(hop.ctn('HOP', 'stores').store('stored'), { context: { tenant: 't1' } });
    const contexts = (): Promise<CallContext[] | undefined> =>
      inHop('stores', (stores) =>
        (stores as unknown as { ctx: DurableObjectState }).ctx.storage.kv.get('contexts'),
      );
    await vi.waitFor(async () => expect(await contexts()).toBeDefined(), 4_000);
    const [inMethod, inHandler] = (await contexts()) as CallContext[];
    expect(inMethod).toMatchObject({
      callId: expect.stringMatching(/^[0-9a-f]{32}$/),
      caller: { class: 'Hop', name: 'stores' },
      hops: 1,
      data: { tenant: 't1' },
    });
    // A day, not what was left of the call that stored it.
    expect(inMethod?.deadline).toBeGreaterThan(Date.now() + 3_600_000);
    expect(inHandler).toMatchObject({ data: { tenant: 't1' } });
  }));

test('rule 46: a call ends no later than the one inside which it is made', () =>
  inHop('bounded', async (hop) => {
    const begun = Date.now();
    const waiting = hop.ctn('HOP', 'waits').wait();
    await outcomeOf(hop.svc.callRaw(waiting, { timeout: 300 }));
    const waited = (): Promise<unknown> =>
      inHop('waits', (waits) =>
        (waits as unknown as { ctx: DurableObjectState }).ctx.storage.kv.get('waited'),
      );
    await vi.waitFor(async () => expect(await waited()).toBeDefined(), 4_000);
    expect(Date.now() - begun).toBeLessThan(5_000);
    expect(await waited()).toMatch(
      /^CallError: hang\(\) on HOP\/hangs did not answer within \d+ ms, when the call ends inside which it was made/,
    );
  }));

test('rule 46: with `context: null` a call is of its own, and so is one whose outer call has ended', () =>
  inHop('apart', async (hop) => {
    const waits = hop.ctn('HOP', 'waits apart').wait(null);
    const [outcome, later] = await Promise.all([
      outcomeOf(hop.svc.callRaw(waits, { timeout: 100 })),
      inHop('late', (late) =>
        late
          .handled('handled late')
          .then(() => late.svc.callRaw(late.ctn('HOP', 'apart 2').context())),
      ),
    ]);
    expect((outcome as CallError).code).toBe('timeout');
    const stats = await inHop('waits apart', (apart) => apart.svc.call.stats());
    expect(stats.pending).toBe(1);
    expect((later as CallContext).deadline).toBeGreaterThan(Date.now() + 20_000);
  }));

test('rule 46: a chain of calls ends before the platform ends it, and says how it went', () =>
  inHop('endless caller', async (hop) => {
    const error = (await outcomeOf(hop.endless())) as CallError;
    expect(error.code).toBe('limit-exceeded');
    expect(error.message).toMatch(
      /would be call 15 of a chain, of which 14 are allowed: Hop\.endless( → Hop\.endless){13}$/,
    );
  }));

test('rule 45: what cannot be data of a call is refused at once', () =>
  inHop('refusing', (hop) => {
    const context = hop.ctn('HOP', 'refused').context();
    const tooMany = Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`key ${n}`, n]));
    const wrong = [
      5,
      [],
      { a: {} },
      { a: null },
      { a: Number.NaN },
      tooMany,
      { a: 'x'.repeat(2_000) },
    ];
    const thrown = wrong.map((each) =>
      thrownBy(() => hop.svc.call(context, undefined, { context: each as never })),
    );
    expect(thrown.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      "invalid-option: context is 5: pass an object, as in { tenant: 't1' }",
      "invalid-option: context is []: pass an object, as in { tenant: 't1' }",
      'invalid-option: context.a is {}: pass a string, a finite number or a boolean',
      'invalid-option: context.a is null: pass a string, a finite number or a boolean',
      'invalid-option: context.a is NaN: pass a string, a finite number or a boolean',
      'invalid-option: context has 17 entries: 16 are allowed',
      'invalid-option: context has 2001 UTF-16 code units: 2000 are allowed',
    ]);
  }));

test('rule 25: hostile context is refused before anything runs, and other arguments are left alone', async () => {
  const frame = asSent(chainOf('context'));
  const stub = env.HOP.getByName('hostile') as unknown as {
    __lmzCall(...message: unknown[]): Promise<unknown>;
    __lmzCalls(...message: unknown[]): Promise<unknown>;
  };
  const mark = '__lmzContext';
  const hostile = [
    [mark],
    [mark, [], []],
    [mark, [], [1, 2, 3]],
    [mark, [], ['1', 2]],
    [mark, [], [1, -1]],
    [mark, [], [1, Number.NaN]],
    [mark, [{}], [1, 2]],
    [mark, ['x'.repeat(641)], [1, 2]],
    [mark, [], [1, 2], 5],
    [mark, [], [1, 2], [5]],
    [mark, [], [1, 2], [[5]]],
    [mark, [], [1, 2], [[[5]]]],
    [mark, [], [1, 2], [[Array(15).fill('a')]]],
    [mark, [], [1, 2], [[[], { a: {} }]]],
    [mark, [], [1, 2], [[[], { a: 'x'.repeat(5_000) }]]],
  ];
  for (const context of hostile) {
    const [kind, refused] = (await stub.__lmzCall(frame, context)) as [string, { code: string }];
    expect([kind, JSON.stringify(refused)]).toEqual([
      '__lmzRefusal',
      expect.stringContaining('protocol'),
    ]);
    const several = (await stub.__lmzCalls(
      [frame],
      Uint16Array.of(0),
      Uint16Array.of(0),
      [],
      context,
    )) as unknown[];
    expect(several[0]).toBe('__lmzRefusal');
  }
  expect(await inHop('hostile', ({ begun }) => begun)).toEqual([]);
  // Older callers send nothing, and tools append what they like.
  for (const more of [[], [{ trace: 1 }], [[1, 2]], [[mark, [], [7, 50]], { trace: 1 }]]) {
    const context = (await stub.__lmzCall(frame, ...more)) as CallContext;
    expect(context).toMatchObject({ hops: 1, caller: { class: undefined }, data: {} });
  }
});

test('rule 47: `onReceive` sees each call before it runs, and what it throws refuses the call', () =>
  inHop('gated', async (hop) => {
    const gate = hop.ctn('HOP', 'gate');
    await hop.svc.callRaw(gate.context());
    const refusals = await Promise.all(
      ['closed', 'closed later'].map((state) =>
        outcomeOf(hop.svc.callRaw(gate.context(), { context: { gate: state } })),
      ),
    );
    for (const refused of refusals) {
      expect(refused).toBeInstanceOf(RangeError);
      expect(refused).toMatchObject({ message: 'context is closed' });
    }
    await inHop('gate', ({ seen, begun, failed }) => {
      expect(seen.map(({ method, caller }) => [method, caller.name])).toEqual(
        Array(3).fill(['context', 'gated']),
      );
      expect(begun).toEqual(['context']);
      expect(failed).toEqual([]);
    });
  }));

test('rule 47: it sees each member with which a call begins', () =>
  inHop('gated twice', async (hop) => {
    const gate = hop.ctn('HOP', 'gate of two');
    const fails = gate.fail(gate.context() as never);
    const refused = await outcomeOf(
      hop.svc.callRaw(fails as never, { context: { gate: 'closed' } }),
    );
    expect(refused).toBeInstanceOf(RangeError);
    await outcomeOf(hop.svc.callRaw(fails as never));
    await inHop('gate of two', ({ seen, begun }) => {
      expect(
        seen
          .map(({ method }) => method)
          .slice(-2)
          .sort(),
      ).toEqual(['context', 'fail']);
      expect(begun).toEqual(['context']);
    });
  }));

test('rules 26, 47: callers reach neither `onReceive` nor `onReceiveError`', () =>
  inHop('reaching', (hop) => {
    const other = hop.ctn('HOP', 'reached') as unknown as Record<string, () => never>;
    for (const name of ['onReceive', 'onReceiveError']) {
      expect(thrownBy(() => hop.svc.call(other[name]?.() as never)).code).toBe('not-callable');
    }
  }));

test('rule 48: what a method throws is heard of at its target, and may be hidden from its caller', () =>
  inHop('failing', async (hop) => {
    const failing = hop.ctn('HOP', 'fails');
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    const messages = ['known', 'secret', 'secret later', 'secret that cannot be hidden'];
    const outcomes = await Promise.all(
      messages.map((message) => outcomeOf(hop.svc.callRaw(failing.fail(message)))),
    );
    expect(outcomes.map((each) => (each as Error).message)).toEqual([
      'known',
      'something failed',
      'something failed later',
      'Hop.fail failed, and its error is withheld since onReceiveError failed',
    ]);
    await inHop('fails', ({ failed }) => {
      expect(failed.map(({ error }) => (error as Error).message)).toEqual(messages);
      expect(failed[0]?.call).toMatchObject({ method: 'fail', caller: { name: 'failing' } });
    });
    expect(error).toHaveBeenCalledTimes(1);
    error.mockRestore();
  }));

test('rule 48: without `onReceiveError` the log of the target has what is thrown', () =>
  inCaller('of a bare one', async (caller) => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    await outcomeOf(caller.svc.callRaw(caller.ctn('BARE', 'bare').fail('aloud') as never));
    expect(error.mock.calls).toEqual([
      ['@lumenize/call: Bare.fail threw:', expect.objectContaining({ message: 'aloud' })],
    ]);
    error.mockRestore();
  }));

test('rule 48: observers see what an object receives', () =>
  inHop('observing', async (hop) => {
    const events: CallEvent[] = [];
    const listen = (event: CallEvent): void => {
      if ('caller' in event) events.push(event);
    };
    callChannel.subscribe(listen);
    const seen = hop.ctn('HOP', 'observed');
    await hop.svc.callRaw(seen.contextLater());
    await outcomeOf(hop.svc.callRaw(seen.fail('known')));
    await outcomeOf(hop.svc.callRaw(seen.context(), { context: { gate: 'closed' } }));
    callChannel.unsubscribe(listen);
    const common = {
      class: 'Hop',
      instance: 'observed',
      caller: expect.objectContaining({ name: 'observing' }),
    };
    expect(events).toMatchObject([
      { event: 'began', operation: 'Hop.contextLater', id: expect.any(Number), ...common },
      { event: 'ended', operation: 'Hop.contextLater', ms: expect.any(Number), ...common },
      { event: 'began', operation: 'Hop.fail', ...common },
      { event: 'ended', operation: 'Hop.fail', error: { message: 'known' }, ...common },
      { event: 'refused', operation: 'Hop.context', error: { name: 'RangeError' }, ...common },
    ]);
    expect(events[1]).not.toHaveProperty('error');
  }));
