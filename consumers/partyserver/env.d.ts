declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: typeof import('./src/index.js');
  }

  interface Env {
    readonly BROKEN: DurableObjectNamespace<import('./src/index.js').Broken>;
    readonly DESK: DurableObjectNamespace<import('./src/index.js').Desk>;
    readonly ROOM: DurableObjectNamespace<import('./src/index.js').Room>;
    readonly SEATS: DurableObjectNamespace<import('./src/index.js').Seats>;
    readonly USERS: DurableObjectNamespace<import('./src/index.js').Users>;
  }
}
