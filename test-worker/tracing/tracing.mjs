// Spans of calls as a worker that tails receives them, in bare workerd: what is inside of what, and what each says.
// Rules 49 to 52.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { build } from '../../scripts/build/build.mjs';
import { check, conclude } from '../../scripts/lib/checks.mjs';
import { serveTraced } from '../../scripts/lib/tracing/serve.mjs';
import { linesOf, spansOf } from '../../scripts/lib/tracing/spans.mjs';
import { bundle } from '../../scripts/lib/workerd.mjs';

/** For each story, the spans below the request, as `shown` writes them. */
const STORIES = {
  'a call that is alone': [
    'single',
    `Cart
       USERS.getUser (value, 1 of a message, to main)
         Users [Users.getUser]
           Users.getUser
             look up`,
  ],
  'the active span is the same around a call': [
    'around',
    `Cart
       USERS.add (value, 1 of a message, to main)
         Users [Users.add]
           Users.add`,
  ],
  'calls of one message have a span each, and their message has one': [
    'batch',
    `Cart
       USERS.fail (remote-threw, 3 of a message, to main) error: RangeError: no user u3
       USERS.getUser (value, 3 of a message, to main)
       USERS.find (value, 3 of a message, to main)
       USERS message (3 of a message, to main)
         Users [Users.fail, Users.getUser, Users.find]
           Users.fail error: RangeError: no user u3, threw RangeError: no user u3
           Users.getUser
             look up
           Users.find
             look up`,
  ],
  'each method of a nested call has a span': [
    'nested',
    `Cart
       USERS.add (value, 1 of a message, to main)
         Users [Users.add]
           3 × Users.add`,
  ],
  'what is thrown is there on both sides': [
    'failing',
    `Cart
       USERS.fail (remote-threw, 1 of a message, to main) error: RangeError: no user u1
         Users [Users.fail]
           Users.fail error: RangeError: no user u1, threw RangeError: no user u1`,
  ],
  'what is no error and rejects later, too': [
    'failingLater',
    `Cart
       USERS.failLater (remote-threw, 1 of a message, to main) error: CallError: failLater() on USERS/main threw a text, which is not an Error
         Users [Users.failLater]
           Users.failLater error: a text, threw : a text`,
  ],
  'a deadline ends the span of the call': [
    'late',
    `Cart
       USERS.never (timeout, 1 of a message, to main) error: CallError: never() on USERS/main did not answer within 50 ms
         Users [Users.never]
           Users.never, which has not ended`,
  ],
  'each attempt has a span': [
    'retried',
    `Cart
       USERS.failsFirst (target-reset, 1 of a message, to second) error: CallError: failsFirst() on USERS/second: a crash (fix the target: its constructor or blockConcurrencyWhile threw this, or it called ctx.abort)
         Users [Users.failsFirst], threw Error: a crash
           Users.failsFirst, which has not ended
       USERS.failsFirst (value, 1 of a message, to second, attempt 2)
         Users [Users.failsFirst]
           Users.failsFirst`,
  ],
  'of what is refused, the target has run nothing': [
    'refused',
    `Cart
       USERS.closed (not-callable, 1 of a message, to main) error: CallError: Users has no method 'closed' that callers may use
         Users`,
  ],
  'a call over three objects is one tree': [
    'chain',
    `Cart
       USERS.reserve (value, 1 of a message, to main)
         Users [Users.reserve]
           Users.reserve
             STOCK.take (value, 1 of a message, to main)
               Stock [Stock.take]
                 Stock.take`,
  ],
  'a handler is inside of its call, after the method that called has returned': [
    'handler',
    `Cart
       USERS.getUser (value, 1 of a message, to main)
         Users [Users.getUser]
           Users.getUser
             look up
         Cart.onUser
           handled`,
  ],
  'handlers that are functions, that fail, and that take their time': [
    'handlers',
    `Cart
       USERS.add (value, 3 of a message, to main)
         Cart.handler
       USERS.add (value, 3 of a message, to main)
         Cart.onFailing error: TypeError: as it was asked to, threw TypeError: as it was asked to
       USERS.add (value, 3 of a message, to main)
         Cart.onLater
       USERS message (3 of a message, to main)
         Users [Users.add]
           3 × Users.add`,
  ],
  'a durable call': [
    'durable',
    `Cart
       STOCK.take (value, 1 of a message, to main)
         Stock
           Stock.take
         Cart.onUser
           handled`,
  ],
};
/** Of two requests whose calls go to an object that runs one at a time. */
const WAITED = `GET /slow
  Cart
    SHELF.slow (value, 1 of a message, to main)
      Shelf [Shelf.slow]
        Shelf.slow
GET /waits
  Cart
    SHELF.getUser (value, 1 of a message, to main)
      Shelf [Shelf.getUser]
        Shelf.getUser
          look up`;
/** What the span of a call says. */
const ATTRIBUTES = [
  'rpc.system',
  'rpc.service',
  'rpc.method',
  'lumenize.target.instance',
  'lumenize.call.id',
  'lumenize.call.code',
  'lumenize.call.wait_ms',
  'lumenize.batch.size',
];
/** Ended by nobody: their methods hang. */
const ENDLESS = ['Users', 'Users.never', 'Users.failsFirst', 'Cart', 'GET /late'];

build();
await bundle('test-worker/tracing/worker.ts', 'target/tracing');
const disk = mkdtempSync(join(tmpdir(), 'lumenize-call-tracing-'));
const server = await serveTraced('test-worker/tracing/workerd.capnp', { disk });
try {
  const outcomes = [];
  for (const story of ['failing', 'failingByRpc']) {
    await server.ask(story);
    outcomes.push(await spansOf(server).then(outcomesOf));
  }
  check('an invocation that throws ends as it does by Workers RPC', isDeepStrictEqual(...outcomes));
  const [, , call] = await server.ask('single').then(() => spansOf(server).then(flat));
  check(
    'a call says what it is by the conventions for RPC',
    isDeepStrictEqual(Object.keys(call.attributes), ATTRIBUTES) &&
      call.attributes['rpc.system'] === 'cloudflare_workers' &&
      call.attributes['rpc.service'] === 'USERS' &&
      call.attributes['rpc.method'] === 'getUser',
  );
  for (const [what, [story, expected]] of Object.entries(STORIES)) {
    const answer = await server.ask(story);
    const [root, ...others] = await spansOf(
      server,
      ['late', 'retried'].includes(story) ? ENDLESS : [],
    );
    const lines = linesOf(root.children, shown, '  ').join('\n');
    const wanted = expected.replaceAll(/^ {5}/gm, '').replaceAll(/^/gm, '  ');
    check(what, lines === wanted && others.length === 0);
    if (lines !== wanted) console.log(`It is:\n${lines}\nand not:\n${wanted}`);
    if (story === 'around') check('the active span is the same around a call', answer === true);
  }
  const slow = server.ask('slow');
  await setTimeout(100);
  await Promise.all([slow, server.ask('waits')]);
  const trees = await spansOf(server);
  // An alarm of the story before is no request.
  const requests = trees.filter(({ name }) => name.startsWith('GET'));
  const lines = linesOf(requests, shown).join('\n');
  check('what waited for a call of another request is in its own trace', lines === WAITED);
  if (lines !== WAITED) console.log(`It is:\n${lines}`);
} finally {
  server.stop();
  rmSync(disk, { recursive: true, force: true });
}
conclude();

function flat(trees) {
  return trees.flatMap((tree) => [tree, ...flat(tree.children)]);
}

/** How the invocations of a request ended. */
function outcomesOf(trees) {
  const invocations = flat(trees).filter(({ isInvocation }) => isInvocation);
  return invocations.map(({ name, outcome }) => [name.split(' ')[0], outcome]);
}

function shown({ name, isInvocation, attributes, status, exceptions, ms }) {
  const { 'lumenize.call.code': code, 'lumenize.batch.size': batch } = attributes;
  const { 'lumenize.target.instance': instance, 'lumenize.methods': methods } = attributes;
  const attempt = attributes['lumenize.call.attempt'];
  const said = [
    code,
    batch && `${batch} of a message`,
    instance && `to ${instance}`,
    attempt && `attempt ${attempt}`,
  ];
  const details = said.filter(Boolean).join(', ');
  return [
    name,
    isInvocation && methods ? ` [${methods}]` : '',
    details && ` (${details})`,
    status?.code === 'error' ? ` error: ${status.message}` : '',
    ...exceptions.map((each) => `, threw ${each}`),
    ms === undefined && !isInvocation ? ', which has not ended' : '',
  ].join('');
}
