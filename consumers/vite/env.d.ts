interface Env {
  readonly USERS: DurableObjectNamespace<import('./src/worker.js').Users>;
  readonly CART: DurableObjectNamespace<import('./src/worker.js').Cart>;
}
