import { mkdtempSync } from 'node:fs';
import { serve } from './lib/workerd.mjs';
const { ask, stop, inspector } = await serve('bench/durable/workerd.capnp', { disk: mkdtempSync('/tmp/bd-'), inspect: true });
try {
  const [q] = [{ way: process.argv[2] ?? 'ours', calls: Number(process.argv[3] ?? 200), bytes: 10, together: process.argv[4] !== 'false' }];
  for (let r = 0; r < 10; r++) await ask('measure', q);
  const list = await (await fetch(inspector + '/json')).json();
  const ws = new WebSocket(list[0].webSocketDebuggerUrl);
  await new Promise((r) => ws.addEventListener('open', r));
  let n = 0; const wait = new Map();
  ws.addEventListener('message', (e) => { const m = JSON.parse(e.data); wait.get(m.id)?.(m.result); });
  const send = (method, params = {}) => new Promise((r) => { wait.set(++n, r); ws.send(JSON.stringify({ id: n, method, params })); });
  await send('Profiler.enable'); await send('Profiler.setSamplingInterval', { interval: 100 }); await send('Profiler.start');
  const t = Date.now(); for (let r = 0; r < 30; r++) await ask('measure', q); const took = Date.now() - t;
  const { profile } = await send('Profiler.stop');
  const self = new Map(); const total = profile.samples.length; const byId = new Map(profile.nodes.map((x) => [x.id, x]));
  const dt = profile.timeDeltas; profile.samples.forEach((id, i) => { const f = byId.get(id).callFrame; const k = `${f.functionName || '(anon)'} ${f.url.split('/').pop()}:${f.lineNumber + 1}`; self.set(k, (self.get(k) ?? 0) + dt[i]); });
  const calls = 30 * q.calls; console.log('wall µs/call', (took * 1000 / calls).toFixed(0));
  for (const [k, v] of [...self].sort((a, b) => b[1] - a[1]).slice(0, 40)) console.log((v / calls).toFixed(1).padStart(7), k);
} finally { stop(); }
