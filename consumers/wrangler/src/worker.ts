import { validate } from '@lumenize/call';
import { Cart as ExampleCart } from './readme.js';

export { Users } from './readme.js';

export class Cart extends ExampleCart {
  shown() {
    return this.user;
  }
}

export default {
  /** Answers when the handler has run. */
  async fetch(request, env) {
    if (request.url.endsWith('/mistaken')) validate('a name' as never);
    const cart = env.CART.getByName('c1');
    await cart.refresh('u1');
    for (;;) {
      const user = await cart.shown();
      if (user) return Response.json(user);
      await scheduler.wait(5);
    }
  },
} satisfies ExportedHandler<Env>;
