// What the form refuses, and what the worker refuses that comes past the page.
import { expect, test } from './page.mjs';

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

/** What the worker refuses: the path, what is sent there, status and beginning of the sentence. */
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

test('what makes no sense is refused beside its field, and nothing is sent', async ({ lab }) => {
  for (const [label, text, sentence] of NONSENSE) {
    const field = lab.field(label);
    const before = await field.inputValue();
    await lab.choose('Batched', { [label]: text });
    await lab.press('Run');
    await lab.sees(sentence);
    await expect(field, `${label}: ${text}`).toHaveAttribute('aria-invalid', 'true');
    const ids = (await field.getAttribute('aria-describedby')).split(' ');
    const described = ids.map((id) => lab.page.locator(`[id="${id}"]`).textContent());
    expect(await Promise.all(described), 'described by the sentence').toContain(sentence);
    await expect(field).toBeFocused();
    const of = await field.boundingBox();
    const said = await lab.page.getByText(sentence).boundingBox();
    expect(said.y - (of.y + of.height), 'the sentence is beside the field').toBeLessThan(12);
    await lab.choose('Batched', { [label]: before });
  }
  expect(lab.sent('/lab/run')).toEqual([]);
  await lab.choose('Batched', { Calls: 'x', 'Failure rate': 'y' });
  await lab.press('Run all four');
  await expect(lab.field('Calls'), 'the first has the focus').toBeFocused();
  await expect(lab.page.getByText('is no whole number')).toHaveCount(2);
  await lab.choose('Batched', { Calls: '5', 'Failure rate': '0' });
  await lab.press('Run');
  await lab.sees('Batched: 5 of 5 handlers run');
  await lab.seesNot('is no whole number');
  expect(lab.sent('/lab/run')).toHaveLength(1);
});

test('a mode that is refused is refused beside the modes', async ({ lab }) => {
  const sentence = 'Choose how the calls are made.';
  const modes = lab.page.getByRole('radiogroup', { name: 'How the calls are made' });
  const isSaid = async () => {
    await expect(modes.getByText(sentence)).toBeVisible();
    await expect(modes).toHaveAttribute('aria-invalid', 'true');
    await expect(lab.radio('Workers RPC'), 'the first of them has the focus').toBeFocused();
  };
  await modes.getByRole('radio', { checked: true }).evaluate((radio) => {
    radio.checked = false;
  });
  await lab.press('Run');
  await isSaid();
  expect(lab.sent('/lab/run')).toEqual([]);
  await lab.choose('Handler, alone', { Calls: 5 });
  await lab.press('Run');
  await lab.sees('Handler, alone: 5 of 5 handlers run');
  await lab.seesNot(sentence);
  await expect(modes).not.toHaveAttribute('aria-invalid');
  // A worker that is newer than the page may know other modes.
  await lab.page.route('**/lab/run', (route) =>
    route.fulfill({ status: 400, json: { problems: { mode: sentence } } }),
  );
  await lab.press('Run');
  await isSaid();
  await expect(lab.page.getByRole('alert')).toHaveText('The worker refused what was chosen.');
});

test('the worker refuses it too', async ({ url }) => {
  for (const [path, sent, status, sentence] of REFUSED) {
    const { method = 'POST', type = 'application/json', body = '{}' } = sent;
    const init = method === 'GET' ? {} : { body, headers: { 'content-type': type } };
    const response = await fetch(`${url}/lab/${path}`, { method, ...init });
    const { problem, problems = {} } = await response.json();
    const what = `${path} ${body.slice(0, 20)}`;
    expect(response.status, what).toBe(status);
    const sentences = [problem, ...Object.values(problems)];
    const isSaid = sentences.some((one) => one?.startsWith(sentence));
    expect(isSaid, `${what}: ${sentences}`).toBe(true);
  }
});

test('a worker that cannot be reached is said to be so', async ({ lab }) => {
  const alert = lab.page.getByRole('alert');
  await lab.page.route('**/lab/**', (route) => route.abort());
  await lab.press('Run');
  await expect(alert.getByText('The worker cannot be reached')).toBeVisible();
  await lab.press('An error');
  await lab.sees('The call could not be made');
  await lab.page.unroute('**/lab/**');
  await lab.press('Run');
  await lab.sees('Batched: 200 of 200 handlers run');
  await expect(alert).toHaveCount(0);
});
