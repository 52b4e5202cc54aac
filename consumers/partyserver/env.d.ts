declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: typeof import('./src/index.js');
  }

  interface Env {
    readonly BROKEN: DurableObjectNamespace<import('./src/index.js').Broken>;
    readonly ROOM: DurableObjectNamespace<import('./src/index.js').Room>;
    readonly USERS: DurableObjectNamespace<import('./src/index.js').Users>;
  }
}
