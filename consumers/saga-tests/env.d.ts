declare namespace Cloudflare {
  interface Env {
    ORDER: DurableObjectNamespace<import('./src/saga').Order>;
    STOCK: DurableObjectNamespace<import('./src/saga').Stock>;
    BANK: DurableObjectNamespace<import('./src/saga').Bank>;
  }
}

interface Env extends Cloudflare.Env {}
