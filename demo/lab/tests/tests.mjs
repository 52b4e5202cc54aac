// What the tests of the lab look at, each in a page of its own; lab.mjs runs them.
import assert from 'node:assert/strict';
import { canBeTouched, fits, isAccessible, WAYS } from './page.mjs';

export const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 740 };

/** What the page refuses: the label of a field, what is typed there, the sentence beside it. */
const NONSENSE = [
  ['Calls', '', 'Nothing is here: write a whole number from 1 to 10,000.'],
  ['Calls', '0', '0 is too small: write a whole number from 1 to 10,000.'],
  ['Calls', '10001', '10001 is too large: write a whole number from 1 to 10,000.'],
  ['Calls', 'many', '‘many’ is no whole number: write a whole number from 1 to 10,000.'],
  ['Calls', '1e3', '‘1e3’ is no whole number: write a whole number from 1 to 10,000.'],
  ['Payload', '-1', '-1 is too small: write a whole number from 0 to 1,000,000.'],
  [
    'Payload',
    '100000',
    '200 calls of 100,000 bytes are too much together: write at most 80,000, or make fewer calls.',
  ],
  ['Delay', '1.5', '‘1.5’ is no whole number: write a whole number from 0 to 10,000.'],
  ['Failure rate', '101', '101 is too large: write a whole number from 0 to 100.'],
  ['Deadline', '99', '99 is too small: write a whole number from 100 to 60,000.'],
];

/** What the worker refuses that comes past the page. */
const REFUSED = [
  ['run', { method: 'GET' }, 405, 'Send the settings of a run by POST.'],
  ['run', { type: 'text/plain' }, 415, 'Send the settings of a run as application/json.'],
  ['run', { body: '{' }, 400, 'The settings of a run are no JSON.'],
  ['run', { body: 'null' }, 400, 'Nothing is here: write a whole number from 1 to 10,000.'],
  ['run', { body: '{"calls":1e9}' }, 400, '1000000000 is too large: write a whole number from 1'],
  ['run', { body: '{"mode":"toString"}' }, 400, 'Choose how the calls are made.'],
  ['run', { body: '{"failure":7}' }, 400, 'Choose what failing calls do.'],
  ['run', { body: ' '.repeat(1_001) }, 413, 'These are more than the settings of a run.'],
  [`stop/${'0'.repeat(64)}`, {}, 404, 'There is no such run.'],
  [`stop/${'0'.repeat(64)}`, { method: 'GET' }, 405, 'Stop a run by POST.'],
  ['example/one', { method: 'GET' }, 405, 'Ask for an example by POST.'],
  ['example/constructor', {}, 404, "There is no example 'constructor'."],
];

/** What each example shows, from top to bottom. */
const EXAMPLES = {
  'One call': [
    /^At the caller:\sA call returns at once.*getUser\("u1"\), onOutcome\(getUser\("u1"\), 1\)/s,
    /^From the caller to the target:\sOne frame: 1 program, \d+ bytes.*getUser\("u1"\)/s,
    /^At the target:\sA method runs, once.*getUser\("u1"\)/s,
    /^From the target to the caller:\sAn outcome.*value: \{"id":"u1","name":"Ada"\}/s,
    /^At the caller:\sIts handler runs.*onOutcome\(\{"id":"u1","name":"Ada"\}, 1\)/s,
  ],
  'Three, nested': [
    /add\(add\(1, 10\), add\(100, 1000\)\)/,
    /One frame: 1 program, \d+ bytes.*add\(add\(1, 10\), add\(100, 1000\)\).*4 argument values/s,
    /3 methods run, each once.*add\(1, 10\)\s*add\(100, 1000\)\s*add\(11, 1100\)/s,
    /An outcome\s*value: 1111/,
    /Its handler runs.*onOutcome\(1111, 1\)/s,
  ],
  'An error': [
    /getUser\("nobody"\)/,
    /One frame: 1 program/,
    /A method runs, once/,
    /An outcome\s*remote-threw: RangeError: there is no user 'nobody'/,
    /Its handler runs.*onOutcome\(RangeError: there is no user 'nobody', 1\)/s,
  ],
  'Several in one turn': [
    /5 calls return at once.*getUser\("u1"\)\.name\.toUpperCase\(\)/s,
    /One frame: 5 programs, \d+ bytes.*Programs that are alike are encoded once/s,
    /5 methods run, each once/,
    /4 outcomes\s*value: 11\s*value: "ADA"\s*remote-threw: RangeError: there is no user 'nobody'\s*value: 22/,
    /Their handlers run, each once.*onOutcome\(22, 5\)/s,
    /An outcome\s*value: "waited 200 ms"/,
    /Its handler runs\s*2\d\d ms.*onOutcome\("waited 200 ms", 2\)/s,
  ],
  'A deadline': [
    /never\(\), onOutcome\(never\(\), 1\), \{ timeout: 250 \}/,
    /One frame: 1 program, \d+ bytes/,
    /A method runs, once\s*never\(\)/,
    /The deadline passes\s*\d+ ms\s*timeout: nothing has come within 250 ms/,
    /Its handler runs.*CallError 'timeout': never\(\) on LAB_TARGET\/.*did not answer within 250 ms/s,
  ],
};

/** A name, how the page is opened if not wide and light, and what is done with it. */
export const TESTS = [
  ...WAYS.map((way) => ({
    name: `${way}: all handlers run, and messages are counted`,
    run: async (lab) => {
      await lab.choose(way, { Calls: 50 });
      await lab.press('Run');
      await lab.sees(`${way}: 50 of 50 handlers run`);
      await lab.counts({
        'Messages sent': way === 'Batched' ? '1' : '50',
        'Handlers run': '50 of 50',
        Errors: '0',
      });
      await lab.sees(`None in the last run (${way}).`);
    },
  })),
  {
    name: 'all four ways side by side, in a table and in one chart',
    run: async (lab) => {
      await lab.press('Run all four');
      await lab.sees('Batched: 200 of 200 handlers run');
      const rows = await lab.table();
      assert.deepEqual(rows[''], WAYS);
      assert.deepEqual(rows['Calls'], ['200', '200', '200', '200']);
      assert.deepEqual(rows['Messages'], ['200', '200', '200', '1']);
      const [none, alone, ...others] = rows['Programs, bytes'];
      assert.equal(none, '–');
      assert.equal(Number(alone.replace(',', '')) / 200, Number(others[1]), 'alike, encoded once');
      assert.deepEqual(rows['Handlers run'], ['200', '200', '200', '200']);
      for (const took of rows['All took, ms']) assert.match(took, /^[\d.,]+$/);
      const chart = lab.page.getByRole('img', { name: 'Latency of calls' });
      const name = await chart.getAttribute('aria-label');
      for (const way of WAYS) {
        assert.match(name, new RegExp(`${way}: half within \\d+ ms, 99 % within \\d+ ms`));
        const legend = lab.page.locator('figure').getByText(way, { exact: true });
        assert.ok(await legend.isVisible(), `${way} has its name`);
      }
      await lab.seesNot('These runs are not alike');
      await lab.choose('Handler, alone', { Calls: 3, Delay: 1 });
      await lab.press('Run');
      await lab.hears('These runs are not alike in calls, delay.');
    },
  },
  {
    name: 'one call, and ten thousand',
    run: async (lab) => {
      for (const [calls, shown, messages] of [
        [1, '1', '1'],
        [10_000, '10,000', '10'],
      ]) {
        await lab.choose('Batched', { Calls: calls, Payload: 10 });
        await lab.press('Run');
        await lab.sees(`Batched: ${shown} of ${shown} handlers run`);
        await lab.counts({ 'Messages sent': messages, 'Handlers run': `${shown} of ${shown}` });
        await lab.page.getByRole('img', { name: /Batched: half within/ }).waitFor();
      }
    },
  },
  {
    name: 'a payload comes back whole',
    run: async (lab) => {
      await lab.choose('Handler, alone', { Calls: 16, Payload: 1_000_000 });
      await lab.press('Run');
      await lab.counts({ 'Handlers run': '16 of 16', Errors: '0' });
      await lab.seesNot('Wrong answers');
    },
  },
  {
    name: 'progress is seen while calls are pending',
    run: async (lab) => {
      await lab.choose('Batched', { Calls: 400, 'Failure rate': 25, Deadline: 3_000 });
      await lab.page.getByLabel('Failing calls').selectOption('never answer');
      await lab.press('Run');
      await lab.sees('Batched: 300 of 400 handlers run');
      assert.equal(await lab.page.getByRole('progressbar').getAttribute('value'), '0.75');
      await lab.page.getByRole('img', { name: /Batched: half within/ }).waitFor();
      await lab.page.getByRole('button', { name: 'Stop' }).waitFor();
      await lab.sees('Batched: 400 of 400 handlers run');
      await lab.page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'hidden' });
      await lab.counts({ 'Handlers run': '400 of 400', Errors: '100' });
    },
  },
  {
    name: 'what comes of a choice is heard, and nothing unasked',
    run: async (lab) => {
      for (const status of await lab.page.getByRole('status').all()) {
        assert.equal(await status.textContent(), '');
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
    },
  },
  ...[
    ['Batched', 'throw an Error', 100, 'RangeError', 20],
    ['Batched', 'throw a string', 100, 'remote-threw', 20],
    ['Awaited, alone', 'never answer', 100, 'timeout', 20],
    ['Handler, alone', 'never answer', 30, 'timeout', 6],
    ['Workers RPC', 'throw an Error', 30, 'RangeError', 6],
    ['Workers RPC', 'never answer', 30, 'no answer', 6],
  ].map(([way, failure, rate, code, count]) => ({
    name: `errors by code: ${way}, ${rate} % ${failure}`,
    run: async (lab) => {
      await lab.choose(way, { Calls: 20, 'Failure rate': rate, Deadline: 500 });
      await lab.page.getByLabel('Failing calls').selectOption(failure);
      await lab.press('Run');
      await lab.sees(`In the last run (${way}):`);
      await lab.page.getByText(`${count} × ${code}`).waitFor();
      const handled = code === 'no answer' ? 20 - count : 20;
      await lab.counts({ 'Handlers run': `${handled} of 20`, Errors: String(count) });
    },
  })),
  {
    name: 'Stop settles what is pending, and one can run again',
    run: async (lab) => {
      for (const [way, handled, code] of [
        ['Handler, alone', 10, 'cancelled'],
        ['Batched', 10, 'cancelled'],
        ['Workers RPC', 5, 'no answer'],
      ]) {
        await lab.choose(way, { Calls: 10, 'Failure rate': 50, Deadline: 60_000 });
        await lab.page.getByLabel('Failing calls').selectOption('never answer');
        await lab.press('Run');
        await lab.sees(`${way}: 5 of 10 handlers run`);
        await lab.press('Stop');
        await lab.sees(`${way} (stopped): ${handled} of 10 handlers run`);
        await lab.page.getByText(`5 × ${code}`).waitFor();
        await lab.page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'hidden' });
      }
      await lab.press('Run all four');
      await lab.sees('Workers RPC: 5 of 10 handlers run');
      await lab.press('Stop');
      await lab.sees('Workers RPC (stopped): 5 of 10 handlers run');
      await lab.page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'hidden' });
      await lab.choose('Handler, alone', { 'Failure rate': 0 });
      await lab.press('Run');
      await lab.sees('Handler, alone: 10 of 10 handlers run');
    },
  },
  {
    name: 'what makes no sense is refused beside its field, and nothing is sent',
    run: async (lab) => {
      for (const [label, text, sentence] of NONSENSE) {
        const before = await lab.valueOf(label);
        await lab.choose('Batched', { [label]: text });
        await lab.press('Run');
        const field = lab.field(label);
        await lab.sees(sentence);
        assert.equal(await field.getAttribute('aria-invalid'), 'true', `${label}: ${text}`);
        const ids = (await field.getAttribute('aria-describedby')).split(' ');
        const described = await Promise.all(
          ids.map((id) => lab.page.locator(`[id="${id}"]`).textContent()),
        );
        assert.ok(described.includes(sentence), 'the field is described by the sentence');
        assert.ok(await field.evaluate((element) => element === document.activeElement));
        const [of, said] = [
          await field.boundingBox(),
          await lab.page.getByText(sentence).boundingBox(),
        ];
        assert.ok(said.y - (of.y + of.height) < 12, 'the sentence is beside the field');
        await lab.choose('Batched', { [label]: before });
      }
      assert.deepEqual(lab.sent('/lab/run'), []);
      await lab.choose('Batched', { Calls: 'x', 'Failure rate': 'y' });
      await lab.press('Run all four');
      assert.ok(await lab.isFocused('Calls'), 'the first has the focus');
      assert.equal(await lab.page.getByText('is no whole number').count(), 2);
      await lab.choose('Batched', { Calls: '5', 'Failure rate': '0' });
      await lab.press('Run');
      await lab.sees('Batched: 5 of 5 handlers run');
      await lab.seesNot('is no whole number');
      assert.equal(lab.sent('/lab/run').length, 1);
    },
  },
  {
    name: 'a mode that is refused is refused beside the modes',
    run: async (lab) => {
      const sentence = 'Choose how the calls are made.';
      const modes = lab.page.getByRole('radiogroup', { name: 'How the calls are made' });
      const isSaid = async () => {
        await modes.getByText(sentence).filter({ visible: true }).waitFor();
        assert.equal(await modes.getAttribute('aria-invalid'), 'true');
        assert.ok(await lab.isFocused('Workers RPC'), 'the first of them has the focus');
      };
      await modes.getByRole('radio', { checked: true }).evaluate((radio) => {
        radio.checked = false;
      });
      await lab.press('Run');
      await isSaid();
      assert.deepEqual(lab.sent('/lab/run'), []);
      await lab.choose('Handler, alone', { Calls: 5 });
      await lab.press('Run');
      await lab.sees('Handler, alone: 5 of 5 handlers run');
      await lab.seesNot(sentence);
      assert.equal(await modes.getAttribute('aria-invalid'), null);
      // A worker that is newer than the page may know other modes.
      await lab.page.route('**/lab/run', (route) =>
        route.fulfill({ status: 400, json: { problems: { mode: sentence } } }),
      );
      await lab.press('Run');
      await isSaid();
      await lab.page.getByRole('alert').getByText('The worker refused what was chosen.').waitFor();
    },
  },
  {
    name: 'without scripts, the page says what it needs',
    run: async ({ page, url }) => {
      const context = await page.context().browser().newContext({ javaScriptEnabled: false });
      const without = await context.newPage();
      await without.goto(url);
      // Not by its text: Playwright takes what is in a noscript for unseen.
      const sentence = without.locator('noscript p');
      assert.ok(await sentence.isVisible());
      assert.match(await sentence.textContent(), /are there once JavaScript is\s+allowed here/);
      assert.equal(await without.getByRole('button').count(), 0, 'nothing that could not work');
      await context.close();
    },
  },
  {
    name: 'the worker refuses it too',
    run: async ({ url }) => {
      for (const [
        path,
        { method = 'POST', type = 'application/json', body = '{}' },
        ...expected
      ] of [...REFUSED]) {
        const init = method === 'GET' ? {} : { body, headers: { 'content-type': type } };
        const response = await fetch(`${url}/lab/${path}`, { method, ...init });
        const said = await response.json();
        assert.equal(response.status, expected[0], `${path} ${body.slice(0, 20)}`);
        const sentences = [said.problem, ...Object.values(said.problems ?? {})];
        assert.ok(
          sentences.some((sentence) => sentence?.startsWith(expected[1])),
          `${JSON.stringify(sentences)}: ${expected[1]}`,
        );
      }
    },
  },
  {
    name: 'a worker that cannot be reached is said to be so',
    run: async (lab) => {
      await lab.page.route('**/lab/**', (route) => route.abort());
      await lab.press('Run');
      await lab.page.getByRole('alert').getByText('The worker cannot be reached').waitFor();
      await lab.press('An error');
      await lab.sees('The call could not be made');
      await lab.page.unroute('**/lab/**');
      await lab.press('Run');
      await lab.sees('Batched: 200 of 200 handlers run');
      assert.equal(await lab.page.getByRole('alert').count(), 0);
    },
  },
  ...Object.entries(EXAMPLES).map(([example, rows]) => ({
    name: `the sequence of “${example}”`,
    run: async (lab) => {
      await lab.press(example);
      const list = lab.page.getByRole('list').filter({ hasText: rows[0] });
      await list.waitFor();
      const items = await list.getByRole('listitem').allInnerTexts();
      assert.equal(items.length, rows.length, items.join('\n'));
      for (const [at, row] of rows.entries()) assert.match(items[at], row);
      const pressed = lab.page.getByRole('button', { pressed: true });
      assert.deepEqual(await pressed.allInnerTexts(), [example]);
    },
  })),
  {
    name: 'the keyboard is enough',
    run: async (lab) => {
      const { keyboard } = lab.page;
      await keyboard.press('Tab');
      assert.ok(await lab.isFocused('Batched'), 'the ways come first');
      await keyboard.press('ArrowUp');
      await keyboard.press('ArrowUp');
      assert.ok(await lab.isFocused('Awaited, alone'));
      await keyboard.press('Tab');
      assert.ok(await lab.isFocused('Calls'));
      await keyboard.type('12');
      const outline = await lab
        .field('Calls')
        .evaluate((element) => getComputedStyle(element).outlineWidth);
      assert.equal(outline, '3px', 'the focus is seen');
      await keyboard.press('Enter');
      await lab.sees('Awaited, alone: 12 of 12 handlers run');
      assert.ok(await lab.isFocused('Calls'), 'the focus stays');
      for (const name of ['Run', 'Run all four']) {
        await lab.tabTo(name);
        await keyboard.press(name === 'Run' ? 'Space' : 'Enter');
        const way = name === 'Run' ? 'Awaited, alone' : 'Batched';
        await lab.sees(`${way}: 12 of 12 handlers run`);
        await lab.page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'hidden' });
      }
      await lab.tabTo('An error');
      await keyboard.press('Enter');
      await lab.sees('What the method throws arrives in the handler, as its own class.');
    },
  },
  ...['light', 'dark'].flatMap((colorScheme) =>
    [WIDE, NARROW].map((viewport) => ({
      name: `${viewport === WIDE ? 'wide' : 'at phone width'} and ${colorScheme}: fits, can be touched, read and heard`,
      context: { viewport, colorScheme },
      run: async (lab) => {
        const { page } = lab;
        await lab.choose('Batched', { 'Failure rate': 10, Calls: 500 });
        await lab.press('Run all four');
        await lab.sees('In the last run (Batched):');
        // The longest numbers that there are.
        await lab.choose('Batched', { Calls: 10_000 });
        await lab.press('Run');
        await lab.counts({ 'Handlers run': '10,000 of 10,000' });
        await lab.choose('Batched', { Deadline: '5' });
        await lab.press('Run');
        await lab.sees('5 is too small');
        await lab.press('Several in one turn');
        await lab.sees('value: "waited 200 ms"');
        const name = `${viewport === WIDE ? 'wide' : 'narrow'}-${colorScheme}`;
        await page.screenshot({ path: `target/lab/${name}.png`, fullPage: true });
        await fits(page);
        await canBeTouched(page);
        const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const brightness = Math.max(...ground.match(/\d+/g).map(Number));
        assert.ok(colorScheme === 'dark' ? brightness < 64 : brightness > 192, ground);
        await isAccessible(page);
      },
    })),
  ),
  {
    name: 'nothing comes from elsewhere',
    run: async (lab) => {
      await lab.press('Run');
      await lab.sees('Batched: 200 of 200 handlers run');
      const origins = new Set(lab.requests.map((request) => new URL(request.url()).origin));
      assert.deepEqual([...origins], [lab.url]);
    },
  },
];
