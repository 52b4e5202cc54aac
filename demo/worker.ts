/** The worker behind `npm run demo`: `/` lists the chapters, `/<chapter>` runs one. */
import { env } from 'cloudflare:workers';
import type { Cart } from './cart.js';
import type { Calc, Users } from './targets.js';

export { Cart } from './cart.js';
export { Calc, Users } from './targets.js';

declare global {
  namespace Cloudflare {
    interface Env {
      readonly USERS: DurableObjectNamespace<Users>;
      readonly CALC: DurableObjectNamespace<Calc>;
      readonly CART: DurableObjectNamespace<Cart>;
    }
  }
}

const CHAPTERS = [
  'handler',
  'awaited',
  'chain',
  'nested',
  'failing',
  'hanging',
  'concurrent',
] as const;

export default {
  async fetch(request) {
    const path = new URL(request.url).pathname.slice(1);
    if (path === '') return Response.json(CHAPTERS);
    const chapter = CHAPTERS.find((name) => name === path);
    if (!chapter) return new Response(`there is no chapter '${path}'`, { status: 404 });
    return Response.json(await env.CART.getByName('demo')[chapter]());
  },
} satisfies ExportedHandler;
