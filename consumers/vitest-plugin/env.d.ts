declare namespace Cloudflare {
  interface Env {
    readonly USERS: DurableObjectNamespace<import('./src/readme.js').Users>;
    readonly CART: DurableObjectNamespace<import('./src/readme.js').Cart>;
  }
}
