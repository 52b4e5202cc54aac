/** The worker of the eighth story: a shop that orders by a durable call, and the stock that it takes from. */
import { env } from 'cloudflare:workers';
import type { Shop } from './shop.js';
import type { Stock } from './stock.js';

export { Shop } from './shop.js';
export { Stock } from './stock.js';

declare global {
  namespace Cloudflare {
    interface Env {
      readonly SHOP: DurableObjectNamespace<Shop>;
      readonly STOCK: DurableObjectNamespace<Stock>;
    }
  }
}

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    // A request to the shop starts it and so resends its calls. One to the stock does not.
    if (pathname === '/stock') return Response.json(await env.STOCK.getByName('main').seen());
    const shop = env.SHOP.getByName('main');
    if (pathname === '/order') return Response.json(await shop.order('chair', 'o1'));
    return Response.json(await shop.seen());
  },
} satisfies ExportedHandler;
