declare namespace Cloudflare {
  interface Env {
    readonly CART: DurableObjectNamespace<import('./src/objects.js').Cart>;
    readonly USERS: DurableObjectNamespace<import('./src/objects.js').Users>;
  }
}
