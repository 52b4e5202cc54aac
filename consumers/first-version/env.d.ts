declare namespace Cloudflare {
  interface Env {
    readonly ORIGIN_DO: DurableObjectNamespace<import('./src/index.js').OriginDO>;
    readonly REMOTE_DO: DurableObjectNamespace<import('./src/index.js').RemoteDO>;
  }
}
