/**
 * The worker behind `npm run demo` and `npm start`. `/` lists the chapters of the demo, `/<chapter>`
 * runs one; where the page of the lab is served with it, that is at `/`, and `/lab/…` is what it asks.
 */
import { env } from 'cloudflare:workers';
import type { Cart } from './cart.js';
import type { LabShop, LabStock } from './lab/durable.js';
import type { LabCaller, LabHot, LabLimited } from './lab/hot.js';
import type { Lab } from './lab/lab.js';
import { lab } from './lab/routes.js';
import type { LabTarget } from './lab/target.js';
import type { LabCart, LabUsers } from './lab/trace.js';
import type { Calc, Users } from './targets.js';

export { Cart } from './cart.js';
export { LabShop, LabStock } from './lab/durable.js';
export { LabCaller, LabHot, LabLimited } from './lab/hot.js';
export { Lab } from './lab/lab.js';
export { LabTarget } from './lab/target.js';
export { LabCart, LabUsers } from './lab/trace.js';
export { Calc, Users } from './targets.js';

declare global {
  namespace Cloudflare {
    interface Env {
      readonly USERS: DurableObjectNamespace<Users>;
      readonly CALC: DurableObjectNamespace<Calc>;
      readonly CART: DurableObjectNamespace<Cart>;
      readonly LAB: DurableObjectNamespace<Lab>;
      readonly LAB_TARGET: DurableObjectNamespace<LabTarget>;
      readonly LAB_CALLER: DurableObjectNamespace<LabCaller>;
      readonly LAB_HOT: DurableObjectNamespace<LabHot>;
      readonly LAB_LIMITED: DurableObjectNamespace<LabLimited>;
      readonly LAB_SHOP: DurableObjectNamespace<LabShop>;
      readonly LAB_STOCK: DurableObjectNamespace<LabStock>;
      readonly LAB_CART: DurableObjectNamespace<LabCart>;
      readonly LAB_USERS: DurableObjectNamespace<LabUsers>;
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
    const answer = await lab(request);
    if (answer) return answer;
    const path = new URL(request.url).pathname.slice(1);
    if (path === '') return Response.json(CHAPTERS);
    const chapter = CHAPTERS.find((name) => name === path);
    if (!chapter) return new Response(`there is no chapter '${path}'`, { status: 404 });
    return Response.json(await env.CART.getByName('demo')[chapter]());
  },
} satisfies ExportedHandler;
