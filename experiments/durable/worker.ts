/** Calls objects as the driver says, and loads them until the process is killed. */
import { type Env, message } from './env.js';
import { APIS, ORDERS, SHAPES } from './turns.js';

export { Alarms, Sharing } from './alarms.js';
export { Sender, Target } from './cost.js';
export { SharedServer } from './server.js';
export { Storage } from './storage.js';
export { Receiver, Turns } from './turns.js';

/** Binding, name of the object, method, arguments. */
type Call = [binding: keyof Env, object: string, method: string, ...args: unknown[]];
type Methods = Record<string, (...args: unknown[]) => Promise<unknown>>;

export default {
  async fetch(request, env) {
    const body: { calls: Call[] } | { load: string; objects: number } = await request.json();
    if ('load' in body) return load(env, body.load, body.objects);
    const outcomes = body.calls.map(async ([binding, object, method, ...args]) => {
      try {
        const stub = env[binding].getByName(object) as unknown as Methods;
        return { value: await stub[method]?.(...args) };
      } catch (error) {
        return { error: message(error) };
      }
    });
    return Response.json(await Promise.all(outcomes));
  },
} satisfies ExportedHandler<Env>;

/** Each object has one call of each shape in flight, until the end. Says which were answered. */
function load(env: Env, name: string, objects: number): Response {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const answered = (id: string): Promise<void> => writer.write(new TextEncoder().encode(`${id}\n`));
  const repeat = async (make: (n: number) => Promise<unknown>): Promise<never> => {
    for (let n = 0; ; n += 1) await make(n);
  };
  for (let at = 0; at < objects; at += 1) {
    const object = `${name} ${at}`;
    const stub = env.TURNS.getByName(object);
    const run = async (shape: string, api: string, n: number): Promise<void> => {
      const id = `${shape}|${api}|${n}`;
      await stub.run(shape, api, id);
      await answered(`${object} ${id}`);
    };
    for (const shape of Object.keys(SHAPES)) {
      for (const api of APIS) repeat((n) => run(shape, api, n)).catch(() => {});
    }
    for (const order of ORDERS) {
      const send = async (n: number): Promise<void> => {
        await stub.writeAndSend(order, `${order} ${n}`);
        // Else these calls leave no time for the answer of this request.
        await scheduler.wait(1);
      };
      repeat(send).catch(() => {});
    }
  }
  return new Response(readable);
}
