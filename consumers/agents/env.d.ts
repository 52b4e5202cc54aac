declare namespace Cloudflare {
  interface Env {
    readonly ASSISTANT: DurableObjectNamespace<import('./src/index.js').Assistant>;
    readonly CHOSEN: DurableObjectNamespace<import('./src/index.js').Chosen>;
    readonly USERS: DurableObjectNamespace<import('./src/index.js').Users>;
  }
}
