// The package in Node: what needs no runtime works, the rest says what it needs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import diagnostics from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import {
  CallError,
  callChannel,
  callErrorCodes,
  createCaller,
  explain,
  LumenizeBase,
  LumenizeWorker,
  newContinuation,
  registerErrors,
  validate,
  withCall,
} from '@lumenize/call';
import { checked, Users } from '../built/users.js';

/** Throws what `validate` throws, by its code. */
const refused = (code, message) => (error) => {
  assert.ok(error instanceof CallError, `${error}`);
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

test('what is recorded can be explained and validated', () => {
  const calc = newContinuation();
  const nested = calc.add(calc.add(1, 10), { deep: [calc.a.b(2)] });
  assert.equal(explain(nested), 'add(add(1, 10), {deep: [a.b(2)]})');
  assert.equal(validate(nested), undefined);
  assert.equal(checked('u1', 8), 'getUser("u1")');
});

test('validate throws what a receiver would answer', () => {
  const calc = newContinuation();
  assert.throws(() => validate('add'), refused('invalid-continuation', /not a continuation/));
  assert.throws(() => validate(calc.__defineGetter__('x')), refused('not-callable', /refused/));
  assert.throws(
    () => validate(calc.a().b().c(), { steps: 2 }),
    refused('limit-exceeded', /limit is 2/),
  );
  assert.throws(() => validate(calc.a(), { stepz: 2 }), refused('invalid-option', /stepz/));
});

test('a refusal leaves the core as it was', () => {
  assert.throws(() => validate(newContinuation().caller(1)), CallError);
  assert.equal(checked('u2', 8), 'getUser("u2")');
});

test('the codes are a closed list', () => {
  assert.equal(callErrorCodes.length, 15);
  assert.ok(callErrorCodes.includes('timeout'));
  assert.equal(new Set(callErrorCodes).size, callErrorCodes.length);
});

test('a CallError can be made, for tests of handlers', () => {
  const error = new CallError('timeout', 'too late', { binding: 'USERS', mayHaveRun: true });
  assert.equal(`${error}`, 'CallError: too late');
  assert.deepEqual([error.code, error.binding, error.mayHaveRun], ['timeout', 'USERS', true]);
  assert.equal(error.constructor.name, 'CallError');
});

test('with --enable-source-maps a stack leads to the TypeScript in the package', () => {
  const script = "import { validate } from '@lumenize/call'; validate('add');";
  const args = ['--enable-source-maps', '--input-type=module', '--eval', script];
  const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const frame = /^ +at \w+ \((.+@lumenize\/call\/ts\/.+\.ts):(\d+):\d+\)$/m;
  const [, path, line] = frame.exec(stderr) ?? assert.fail(stderr);
  assert.match(readFileSync(path, 'utf8').split('\n')[line - 1], /new CallError\(/);
});

test('errors can be registered', () => {
  class OutOfStock extends Error {}
  assert.equal(registerErrors(OutOfStock), undefined);
});

test('a class for the Workers runtime loads, and says by its name what it needs', () => {
  class Room extends withCall(class {}) {}
  class Gateway extends LumenizeWorker {}
  class Cart extends LumenizeBase {}
  for (const Class of [Users, Cart, Gateway, Room]) {
    assert.throws(() => new Class({}, {}), {
      name: 'NeedsWorkers',
      message: new RegExp(`^${Class.name} needs the Workers runtime`),
    });
  }
  assert.throws(
    () => createCaller({}, {}),
    /^NeedsWorkers: createCaller needs the Workers runtime/,
  );
});

test('its channel is the one of diagnostics_channel', () => {
  const heard = [];
  const listener = (event) => heard.push(event);
  callChannel.subscribe(listener);
  assert.equal(callChannel.hasSubscribers, true);
  diagnostics.channel('lumenize:call').publish('an event');
  callChannel.unsubscribe(listener);
  assert.equal(callChannel.hasSubscribers, false);
  assert.deepEqual(heard, ['an event']);
});

test('a CommonJS module can require it', () => {
  const required = createRequire(import.meta.url)('@lumenize/call');
  assert.equal(required.CallError, CallError);
});
