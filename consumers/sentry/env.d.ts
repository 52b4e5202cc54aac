declare namespace Cloudflare {
  interface Env {
    CART: DurableObjectNamespace<import('./src/worker').Cart>;
    USERS: DurableObjectNamespace<import('./src/worker').Users>;
  }
}

interface Env extends Cloudflare.Env {}
