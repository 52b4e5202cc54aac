// Runs of many calls, by each way: what is counted, drawn, compared and said.
import { expect, test, WAYS } from './page.mjs';

for (const way of WAYS) {
  test(`${way}: all handlers run, and messages are counted`, async ({ lab }) => {
    await lab.choose(way, { Calls: 50 });
    await lab.press('Run');
    await lab.sees(`${way}: 50 of 50 handlers run`);
    await lab.counts({
      'Messages sent': way === 'Batched' ? '1' : '50',
      'Handlers run': '50 of 50',
      Errors: '0',
    });
    await lab.sees(`None in the last run (${way}).`);
  });
}

test('all four ways side by side, in a table and in one chart', async ({ lab }) => {
  await expect(lab.comparison(), 'nothing to compare yet').toHaveCount(0);
  await lab.press('Run all four');
  await lab.sees('Batched: 200 of 200 handlers run');
  const rows = await lab.table();
  expect(rows['']).toEqual(WAYS);
  expect(rows['Calls']).toEqual(['200', '200', '200', '200']);
  expect(rows['Messages']).toEqual(['200', '200', '200', '1']);
  const [none, alone, ...others] = rows['Programs, bytes'];
  expect(none).toBe('–');
  expect(Number(others[1]), 'alike, encoded once').toBe(Number(alone.replace(',', '')) / 200);
  expect(rows['Handlers run']).toEqual(['200', '200', '200', '200']);
  for (const took of rows['All took, ms']) expect(took).toMatch(/^[\d.,]+$/);
  const [rpc, , , batched] = rows['All took, ms'].map(Number);
  const times = batched < 1 ? `more than ${rpc}` : Number((rpc / batched).toPrecision(2));
  await lab.sees(`200 calls to one object: Batched is ${times} times as fast as Workers RPC.`);
  await lab.sees('npm run bench comes to another figure');
  const chart = lab.page.getByRole('img', { name: 'Latency of calls' });
  const name = await chart.getAttribute('aria-label');
  for (const way of WAYS) {
    expect(name).toMatch(new RegExp(`${way}: half within \\d+ ms, 99 % within \\d+ ms`));
    await expect(lab.legend(way)).toBeVisible();
  }
  await lab.seesNot('These runs are not alike');
  await lab.choose('Handler, alone', { Calls: 3, Delay: 1 });
  await lab.press('Run');
  await lab.hears('These runs are not alike in calls, delay.');
});

test('one call, and ten thousand', async ({ lab }) => {
  for (const [calls, shown, messages] of [
    [1, '1', '1'],
    [10_000, '10,000', '10'],
  ]) {
    await lab.choose('Batched', { Calls: calls, Payload: 10 });
    await lab.press('Run');
    await lab.sees(`Batched: ${shown} of ${shown} handlers run`);
    await lab.counts({ 'Messages sent': messages, 'Handlers run': `${shown} of ${shown}` });
    await expect(lab.page.getByRole('img', { name: /Batched: half within/ })).toBeVisible();
  }
});

test('a payload comes back whole', async ({ lab }) => {
  await lab.choose('Handler, alone', { Calls: 16, Payload: 1_000_000 });
  await lab.press('Run');
  await lab.counts({ 'Handlers run': '16 of 16', Errors: '0' });
  await lab.seesNot('Wrong answers');
});

test('progress is seen while calls are pending', async ({ lab }) => {
  await lab.choose('Batched', { Calls: 400, 'Failure rate': 25, Deadline: 3_000 });
  await lab.chooseFailure('never answer');
  await lab.press('Run');
  await lab.sees('Batched: 300 of 400 handlers run');
  expect(await lab.page.getByRole('progressbar').getAttribute('value')).toBe('0.75');
  await expect(lab.page.getByRole('img', { name: /Batched: half within/ })).toBeVisible();
  await expect(lab.button('Stop')).toBeVisible();
  await lab.sees('Batched: 400 of 400 handlers run');
  await lab.ends();
  await lab.counts({ 'Handlers run': '400 of 400', Errors: '100' });
});

test('what comes of a choice is heard, and nothing unasked', async ({ lab }) => {
  for (const status of await lab.page.getByRole('status').all()) {
    expect(await status.textContent()).toBe('');
  }
  await lab.choose('Batched', { Calls: 20, 'Failure rate': 5 });
  await lab.press('Run');
  await lab.hears(/^Batched: 20 of 20 handlers run, 1 error, 1 message sent, in [\d,]+ ms\.$/);
  await lab.choose('Handler, alone', { 'Failure rate': 50 });
  await lab.press('Run');
  await lab.hears(/^Handler, alone: 20 of 20 handlers run, 10 errors, 20 messages sent, in /);
  await lab.hears('These runs are not alike in failure rate.');
  await lab.press('An error');
  await lab.hears('What the method throws arrives in the handler, as its own class.');
});

for (const [way, failure, rate, code, count] of [
  ['Batched', 'throw an Error', 100, 'RangeError', 20],
  ['Batched', 'throw a string', 100, 'remote-threw', 20],
  ['Awaited, alone', 'never answer', 100, 'timeout', 20],
  ['Handler, alone', 'never answer', 30, 'timeout', 6],
  ['Workers RPC', 'throw an Error', 30, 'RangeError', 6],
  ['Workers RPC', 'never answer', 30, 'pending', 6],
]) {
  test(`errors by code: ${way}, ${rate} % ${failure}`, async ({ lab }) => {
    await lab.choose(way, { Calls: 20, 'Failure rate': rate, Deadline: 500 });
    await lab.chooseFailure(failure);
    await lab.press('Run');
    await lab.sees(`In the last run (${way}):`);
    await expect(lab.page.getByText(`${count} × ${code}`)).toBeVisible();
    const handled = code === 'pending' ? 20 - count : 20;
    await lab.counts({ 'Handlers run': `${handled} of 20`, Errors: String(count) });
  });
}

test('Stop settles what is pending, and one can run again', async ({ lab }) => {
  for (const [way, handled, code] of [
    ['Handler, alone', 10, 'cancelled'],
    ['Batched', 10, 'cancelled'],
    ['Workers RPC', 5, 'pending'],
  ]) {
    await lab.choose(way, { Calls: 10, 'Failure rate': 50, Deadline: 60_000 });
    await lab.chooseFailure('never answer');
    await lab.press('Run');
    await lab.sees(`${way}: 5 of 10 handlers run`);
    await lab.press('Stop');
    await lab.sees(`${way} (stopped): ${handled} of 10 handlers run`);
    await expect(lab.page.getByText(`5 × ${code}`)).toBeVisible();
    await lab.ends();
  }
  await lab.press('Run all four');
  await lab.sees('Workers RPC: 5 of 10 handlers run');
  await lab.press('Stop');
  await lab.sees('Workers RPC (stopped): 5 of 10 handlers run');
  await lab.ends();
  await lab.choose('Handler, alone', { 'Failure rate': 0 });
  await lab.press('Run');
  await lab.sees('Handler, alone: 10 of 10 handlers run');
});

test('a hung call counts by each way: it is pending by Workers RPC, and an error of ours', async ({
  lab,
}) => {
  await lab.choose('Batched', { Calls: 20, 'Failure rate': 30, Deadline: 500 });
  await lab.chooseFailure('never answer');
  await lab.press('Run all four');
  await lab.hears(
    /^Workers RPC: 14 of 20 handlers run, 6 pending, 20 messages sent, in 5\d\d ms\.$/,
  );
  await lab.hears(/^Batched: 20 of 20 handlers run, 6 errors, 1 message sent, in [5-9]\d\d ms\.$/);
  const rows = await lab.table();
  expect(rows['Handlers run']).toEqual(['14', '20', '20', '20']);
  expect(rows['Errors']).toEqual(['6 pending', '6', '6', '6']);
  const [rpc, ...ours] = rows['99 % within, ms'];
  expect(rpc).toBe('pending');
  for (const ms of ours) expect(Number(ms)).toBeGreaterThanOrEqual(499);
  // A call that is pending is not left out of the share of calls.
  const chart = lab.page.getByRole('img', { name: 'Latency of calls' });
  const name = await chart.getAttribute('aria-label');
  expect(name).toMatch(/Workers RPC: half within \d+ ms, 6 of 20 calls pending\./);
  expect(name).toMatch(/Batched: half within \d+ ms, 99 % within [5-9]\d\d ms\./);
  await lab.seesNot('times as fast');
  await lab.choose('Workers RPC', { 'Failure rate': 100 });
  await lab.press('Run');
  await lab.counts({ 'Handlers run': '0 of 20', Errors: '20', 'Of these, pending': '20' });
  await expect(chart).toHaveAttribute('aria-label', /Workers RPC: 20 of 20 calls pending\./);
});

test('what was made with other settings than those of the form is grey', async ({ lab }) => {
  const old = lab.page.getByRole('columnheader', { name: 'made with other settings' });
  const note = lab.page.getByText('Grey: made with other settings than the form has now.');
  await lab.press('Run all four');
  await lab.sees('Batched: 200 of 200 handlers run');
  await expect(old).toHaveCount(0);
  await expect(note).toBeHidden();
  await lab.choose('Workers RPC', { Calls: 300 });
  await expect(old).toHaveCount(4);
  await expect(note).toBeVisible();
  await lab.isAccessible();
  await lab.choose('Batched', { Calls: 200 });
  await expect(old, 'the way is no setting').toHaveCount(0);
  await lab.chooseFailure('never answer');
  await expect(old, 'nothing fails').toHaveCount(0);
  await lab.choose('Batched', { Calls: 300 });
  await lab.press('Run');
  await lab.sees('Batched: 300 of 300 handlers run');
  await expect(old).toHaveText([/^Workers RPC/, /^Awaited, alone/, /^Handler, alone/]);
  await lab.seesNot('times as fast');
});

test('nothing comes from elsewhere', async ({ lab }) => {
  await lab.press('Run');
  await lab.sees('Batched: 200 of 200 handlers run');
  const origins = new Set(lab.requests.map((request) => new URL(request.url()).origin));
  expect([...origins]).toEqual([lab.url]);
});
