declare namespace Cloudflare {
  interface Env {
    readonly USERS: DurableObjectNamespace<import('./src/index.js').Users>;
    readonly CART: DurableObjectNamespace<import('./src/index.js').Cart>;
  }
}
