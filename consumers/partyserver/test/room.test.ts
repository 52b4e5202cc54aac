/** A Server of `partyserver` calls a plain Durable Object, and is called by one. */
import { runInDurableObject } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { CallError } from '@lumenize/call';
import { expect, test, vi } from 'vitest';
import type { Broken, Room } from '../src/index.js';

test('a room asks a plain object, and its handler runs once for each message', async () => {
  const upgrade = { headers: { Upgrade: 'websocket' } };
  const { webSocket } = await exports.default.fetch('https://x.test/parties/room/r1', upgrade);
  if (!webSocket) throw new Error('no WebSocket');
  const heard: unknown[] = [];
  webSocket.addEventListener('message', ({ data }: MessageEvent) => heard.push(data));
  webSocket.accept();
  webSocket.send('u1');
  webSocket.send('nobody');
  await vi.waitUntil(() => heard.length === 2);
  expect(heard).toEqual(['Ada', 'RangeError: no user nobody']);
  await runInDurableObject(env.ROOM.getByName('r1'), (room) => {
    expect(room.users).toEqual([{ id: 'u1', name: 'Ada' }, new RangeError('no user nobody')]);
    expect(room.users[1]).toBeInstanceOf(RangeError);
    expect(room.svc.call.stats()).toMatchObject({ pending: 0, settled: { value: 1 } });
  });
  webSocket.close();
});

test('a plain object calls a room that nobody has visited, which has started by then', () =>
  runInDurableObject(env.USERS.getByName('main'), async (users) => {
    users.greet('r2', 'Ada');
    await vi.waitUntil(() => users.greetings.length > 0);
    expect(users.greetings).toEqual(['Hello, Ada, in r2: started 1 times']);
  }));

test('calls reach a room that has to start first in their order', () =>
  runInDurableObject(env.USERS.getByName('u5'), async (users) => {
    const come = (number: number, batch: boolean) =>
      users.svc.callRaw('ROOM', 'r5', users.ctn<Room>().come(number), { batch });
    await Promise.all([1, 2, 3, 4, 5].map((number) => come(number, number > 2)));
    expect(await come(6, true)).toEqual([1, 2, 3, 4, 5, 6]);
  }));

test('a room that cannot start fails its calls with the error that it had', () =>
  runInDurableObject(env.USERS.getByName('u6'), async (users) => {
    const call = () => users.svc.callRaw('BROKEN', 'b1', users.ctn<Broken>().method());
    await expect(call()).rejects.toThrow(new RangeError('cannot start'));
    await expect(call()).rejects.toThrow(new RangeError('cannot start'));
    const calls = await Promise.allSettled([call(), call()]);
    expect(calls).toMatchObject(Array(2).fill({ reason: { message: 'cannot start' } }));
  }));

test('what is none of its methods is not callable: the facade, the lifecycle', () =>
  runInDurableObject(env.USERS.getByName('u2'), async (users) => {
    const names = ['svc', 'ctn', '__lmzCall', 'fetch', 'alarm', 'webSocketMessage', 'ctx', 'users'];
    for (const name of names) {
      const room = users.ctn<Record<string, () => unknown>>()[name]?.();
      const call = users.svc.callRaw('ROOM', 'r3', room as never);
      await expect(call, name).rejects.toMatchObject({ code: 'not-callable' });
    }
  }));

test('the compiler knows the bindings of a room', () =>
  runInDurableObject(env.ROOM.getByName('r4'), (room) => {
    // @ts-expect-error: there is no such binding
    const mistake = () => room.svc.call('USRES', 'main', room.ctn<Room>().greeting('Ada'));
    expect(mistake).toThrow(CallError);
  }));
