/** What the page asks of the worker: to run calls, to show one, to heat an object, and to place an order. */
import { env } from 'cloudflare:workers';
import { EXAMPLES, type Example } from './events.js';
import { heat } from './hot.js';
import { HOT_WAYS, type HotWay, readSettings } from './settings.js';

/** Bytes of the settings of a run, in a request. */
const MOST_REQUEST = 1_000;

/** Answers a request of the page; `undefined` for a path that is none of the lab's. */
export async function lab(request: Request): Promise<Response | undefined> {
  const { pathname } = new URL(request.url);
  if (pathname === '/lab/run') return run(request);
  const [, stopped] = /^\/lab\/stop\/([0-9a-f]{64})$/.exec(pathname) ?? [];
  if (stopped !== undefined) return stop(request, stopped);
  const [, example] = /^\/lab\/example\/([a-z]+)$/.exec(pathname) ?? [];
  if (example !== undefined) return show(request, example);
  const [, way] = /^\/lab\/hot\/([a-z]+)$/.exec(pathname) ?? [];
  if (way !== undefined) return heated(request, way);
  if (pathname === '/lab/durable/order') return order(request);
  const [, shop] = /^\/lab\/durable\/reset\/([0-9a-f]{64})$/.exec(pathname) ?? [];
  if (shop !== undefined) return reset(request, shop);
  if (pathname === '/lab/trace') return trace(request);
  return undefined;
}

async function run(request: Request): Promise<Response> {
  if (request.method !== 'POST') return refuse(405, 'Send the settings of a run by POST.');
  // A page of another site cannot send this type without being asked first.
  if (request.headers.get('content-type') !== 'application/json') {
    return refuse(415, 'Send the settings of a run as application/json.');
  }
  const text = await request.text();
  if (text.length > MOST_REQUEST) return refuse(413, 'These are more than the settings of a run.');
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return refuse(400, 'The settings of a run are no JSON.');
  }
  const isRecord = typeof given === 'object' && given !== null;
  const { settings, problems } = readSettings(isRecord ? (given as Record<string, unknown>) : {});
  if (!settings) return Response.json({ problems }, { status: 400 });
  return streamed(await newLab().run(settings));
}

async function stop(request: Request, run: string): Promise<Response> {
  if (request.method !== 'POST') return refuse(405, 'Stop a run by POST.');
  let id: DurableObjectId;
  try {
    id = env.LAB.idFromString(run);
  } catch {
    return refuse(404, 'There is no such run.');
  }
  await env.LAB.get(id).stop();
  return new Response(null, { status: 204 });
}

async function show(request: Request, name: string): Promise<Response> {
  if (request.method !== 'POST') return refuse(405, 'Ask for an example by POST.');
  if (!Object.hasOwn(EXAMPLES, name)) return refuse(404, `There is no example '${name}'.`);
  return Response.json(await newLab().example(name as Example));
}

async function heated(request: Request, way: string): Promise<Response> {
  if (request.method !== 'POST') return refuse(405, 'Heat an object by POST.');
  if (!Object.hasOwn(HOT_WAYS, way)) return refuse(404, `There is no hot object '${way}'.`);
  return Response.json(await heat(way as HotWay));
}

async function order(request: Request): Promise<Response> {
  if (request.method !== 'POST') return refuse(405, 'Place an order by POST.');
  return streamed(await env.LAB_SHOP.get(env.LAB_SHOP.newUniqueId()).order());
}

async function reset(request: Request, shop: string): Promise<Response> {
  if (request.method !== 'POST') return refuse(405, 'Reset a target by POST.');
  let id: DurableObjectId;
  try {
    id = env.LAB_SHOP.idFromString(shop);
  } catch {
    return refuse(404, 'There is no such order.');
  }
  await env.LAB_SHOP.get(id).resetTarget();
  return new Response(null, { status: 204 });
}

async function trace(request: Request): Promise<Response> {
  if (request.method !== 'POST') return refuse(405, 'Ask for a trace by POST.');
  return Response.json(await env.LAB_CART.get(env.LAB_CART.newUniqueId()).checkout());
}

/** Events as they come, one JSON text on each line. */
function streamed(events: ReadableStream<Uint8Array>): Response {
  return new Response(events, {
    headers: {
      'content-type': 'application/x-ndjson',
      'cache-control': 'no-store',
      // What is compressed on its way is held back until there is enough of it.
      'content-encoding': 'identity',
    },
  });
}

/** Runs share nothing: each has two objects of its own. They store nothing, so nothing stays of them. */
function newLab() {
  return env.LAB.get(env.LAB.newUniqueId());
}

function refuse(status: number, sentence: string): Response {
  return Response.json({ problem: sentence }, { status });
}
