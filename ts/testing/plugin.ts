/** The vitest plugin, by which tests reach objects. */

import { CallError } from '../wire/errors.js';

export async function plugin(): Promise<typeof import('cloudflare:test')> {
  try {
    return await import('cloudflare:test');
  } catch (cause) {
    const message =
      'this needs cloudflare:test: run it in a test of @cloudflare/vitest-plugin, beside the object';
    throw new CallError('invalid-target', message, { cause });
  }
}
