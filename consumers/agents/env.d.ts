declare namespace Cloudflare {
  interface Env {
    readonly ASSISTANT: DurableObjectNamespace<import('./src/index.js').Assistant>;
    readonly BANK: DurableObjectNamespace<import('./src/index.js').Bank>;
    readonly CHOSEN: DurableObjectNamespace<import('./src/index.js').Chosen>;
    readonly CLERK: DurableObjectNamespace<import('./src/index.js').Clerk>;
    readonly USERS: DurableObjectNamespace<import('./src/index.js').Users>;
  }
}
