/** An Agent of `agents` calls a plain Durable Object, and is called by one. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { CallError } from '@lumenize/call';
import { expect, test, vi } from 'vitest';
import type { Assistant, Chosen } from '../src/index.js';

test('an agent asks a plain object, and its handler runs once for each call', () =>
  runInDurableObject(env.ASSISTANT.getByName('a1'), async (assistant) => {
    assistant.lookUp('u1');
    assistant.lookUp('nobody');
    await vi.waitUntil(() => assistant.users.length === 2);
    expect(assistant.users).toEqual([{ id: 'u1', name: 'Ada' }, new RangeError('no user nobody')]);
    expect(assistant.users[1]).toBeInstanceOf(RangeError);
    expect(assistant.state.asked).toBe(2);
    expect(assistant.svc.call.stats()).toMatchObject({ pending: 0, settled: { value: 1 } });
  }));

test('a plain object asks an agent that nobody has woken, which has started by then', () =>
  runInDurableObject(env.USERS.getByName('main'), async (users) => {
    users.ask('a2', 'why?');
    await vi.waitUntil(() => users.answers.length > 0);
    expect(users.answers).toEqual(["a2 was asked 'why?': started 1 times"]);
  }));

test('what is none of its methods is not callable: the facade, the lifecycle', () =>
  runInDurableObject(env.USERS.getByName('u2'), async (users) => {
    const names = ['svc', 'ctn', '__lmzCall', 'fetch', 'alarm', 'webSocketMessage', 'ctx', 'users'];
    for (const name of names) {
      const assistant = users.ctn<Record<string, () => unknown>>()[name]?.();
      const call = users.svc.callRaw('ASSISTANT', 'a3', assistant as never);
      await expect(call, name).rejects.toMatchObject({ code: 'not-callable' });
    }
  }));

test('an agent that marks methods opens these only', () =>
  runInDurableObject(env.USERS.getByName('u3'), async (users) => {
    const chosen = users.ctn<Chosen>();
    expect(await users.svc.callRaw('CHOSEN', 'c1', chosen.open())).toBe('open');
    const refused = { code: 'not-callable' };
    const closed = users.svc.callRaw('CHOSEN', 'c1', chosen.closed());
    await expect(closed).rejects.toMatchObject(refused);
    const destroyed = users.svc.callRaw('CHOSEN', 'c1', chosen.destroy());
    await expect(destroyed).rejects.toMatchObject(refused);
  }));

test('the compiler knows the bindings of an agent', () =>
  runInDurableObject(env.ASSISTANT.getByName('a4'), (assistant) => {
    // @ts-expect-error: there is no such binding
    const mistake = () => assistant.svc.call('USRES', 'main', assistant.ctn<Assistant>().seen());
    expect(mistake).toThrow(CallError);
  }));
