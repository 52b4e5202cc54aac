// Writes what was seen: for each question what was done, what was seen, and what follows.
import { capture } from '../../scripts/lib/spawn.mjs';
import { WRITES_LAST } from './turns.mjs';

const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
const answers = (rows) => table(['question', 'done', 'seen', 'follows'], rows);
const yes = (is) => (is ? 'yes' : 'no');
const sum = (tallies, isCounted, what) =>
  Object.entries(tallies)
    .filter(([shape]) => isCounted(shape))
    .reduce((total, [, tally]) => total + [what].flat().reduce((n, key) => n + tally[key], 0), 0);
const TORN = ['last without record', 'record without last', 'last and record without first'];

export function report(seen, conclusion) {
  const version = capture('workerd', ['--version']).output.trim();
  return [
    '# What durable calls need of Durable Objects',
    `Written by \`npm run experiment:durable\`, in bare ${version}, with SQLite Durable Objects on disk: one
process, killed by SIGKILL and started again on the same disk. A kill loses what the process had not yet
given to the operating system; a loss of power is not tried. What the platform does beyond workerd, it
may do otherwise.`,
    commits(seen),
    sends(seen),
    remains(seen),
    alarmsOf(seen),
    shares(seen),
    values(seen),
    costs(seen),
    starts(seen),
    conclusion,
  ].join('\n\n');
}

function commits({ aborts, kills, killTimes, awaits }) {
  const isTogether = (shape) => WRITES_LAST[shape];
  const isControl = (shape) => !WRITES_LAST[shape];
  const ends = awaits.filter((each) => each.ends).map(({ kind }) => kind);
  const not = awaits.filter((each) => !each.ends).map(({ kind }) => kind);
  const abortCalls = sum(aborts, isTogether, 'calls');
  const killCalls = sum(kills.tallies, isTogether, 'calls');
  const rows = [
    [
      'Do the writes after the last `await` and a record written in a `.then` of the method commit together?',
      `${abortCalls} calls of ten methods by \`kv\`, \`sql\` and the async API, each ended by \`ctx.abort()\` 0 to 200 microtasks after its last write`,
      `the last write and the record: both ${sum(aborts, isTogether, 'all')}, one of them ${sum(aborts, isTogether, TORN)}, neither ${sum(aborts, isTogether, ['nothing', 'first alone'])}`,
      'A record in a `.then` is enough. The turn ends when the queue of microtasks is empty, however many there were.',
    ],
    [
      'The same, with the process killed?',
      `${killTimes} kills at random moments under load, ${killCalls} calls of those methods, ${kills.answered} of all calls answered before`,
      `one of them ${sum(kills.tallies, isTogether, TORN)}; answered and not whole on disk: ${kills.lost}`,
      'An answer waits for its record.',
    ],
    [
      'Would the kills have shown it?',
      `the three methods that await after their last write, or whose last write is in a \`storage.transaction\`: ${sum(kills.tallies, isControl, 'calls')} calls under the same kills, ${sum(aborts, isControl, 'calls')} aborts`,
      `last write without record: ${sum(kills.tallies, isControl, 'last without record')} by kills, ${sum(aborts, isControl, 'last without record')} by aborts`,
      'Such a method may run again after its writes. A `storage.transaction` counts: what is written in it is committed when it ends, before the method goes on.',
    ],
    [
      'Which writes before the last `await` survive alone?',
      'a put, the await, and `ctx.abort()` in the microtask after it',
      `after ${ends.join(', ')}: the put was there. After ${not.join(', ')}: it was not`,
      'An `await` of storage (but `sync` and `transaction`) does not end a turn: `getAlarm` may be awaited between a record and the alarm.',
    ],
  ];
  const kinds = ['all', 'nothing', 'first alone', 'last without record', 'record without last'];
  const cell = (tally, kind) => (tally === undefined ? '' : tally[kind]);
  const shapes = Object.keys(WRITES_LAST).map((shape) => [
    shape,
    ...kinds.map((kind) => cell(aborts[shape], kind)),
    ...kinds.map((kind) => cell(kills.tallies[shape], kind)),
  ]);
  return [
    '## 1. What commits together',
    answers(rows),
    'Each method writes `first` before its first `await` and `last` after its last one, but the last two. How many calls left what:',
    table(
      [
        'method',
        ...kinds.map((kind) => `aborted: ${kind}`),
        ...kinds.map((kind) => `killed: ${kind}`),
      ],
      shapes,
    ),
  ].join('\n\n');
}

const FOLLOWS_OF_FAILURES = {
  'put, send, the method throws':
    'What a method wrote before it throws is committed: its error is an outcome, and is recorded with it.',
  'transactionSync(put, send, throw)':
    'Never send where the record is written, since the record may be taken back.',
  'transactionSync(put, send in a microtask if the row is there, throw)':
    'Send from a microtask that finds the record.',
  'transaction(put, send in a microtask if the row is there, await a timer, throw)':
    'Inside `storage.transaction` that is not enough: nothing may be sent until it has ended.',
  'transaction(put, throw), send after it if the row is there': 'This is safe.',
  'put, send, deleteAll': 'The same: send from a microtask that finds the record.',
  'put, send, then a put that is too large':
    'The put alone fails. If it is our record that cannot be written, we have to end the object: else the turn commits without it.',
  'put, send, then blockConcurrencyWhile that throws at once':
    'The record is there and the message is lost: it is sent when the object starts again.',
  'blockConcurrencyWhile(put, send, await a timer, throw)':
    'A section is no transaction: what it wrote before an await stays.',
};

function sends({ failures, interleave, kills }) {
  const rows = failures.map(({ way, times, sent, there, caller }) => [
    way,
    `${sent} of ${times}`,
    `${there} of ${times}`,
    caller.replaceAll(/\s+/g, ' '),
    FOLLOWS_OF_FAILURES[way] ?? '',
  ]);
  return [
    '## 2. What is sent of a turn that does not commit',
    '`put` is a row, `send` a plain RPC to another object, which notes it on its disk.',
    table(['in one method', 'sent', 'row there', 'its caller gets', 'follows'], rows),
    `Under the kills of question 1, objects wrote ${kills.sends.written} rows, each in the turn of a send, and ${kills.sends.received} messages
were received. Received without its row: of put, then send ${kills.sends['put, send']}; of send, then put ${kills.sends['send, put']}.`,
    `Another method of the object that awaits an RPC while a \`storage.transaction\` is open goes on after it
(${interleave.order.map((what) => `“${what}”`).join(', then ')}), and its write ${interleave.survived ? 'survives' : 'does not survive'} the rollback. So the
transaction of one method takes back nothing of another's, and what was asked to be sent meanwhile can
wait for its end.`,
  ].join('\n\n');
}

function remains({ deletions, bookmarks, copies, tables }) {
  const what = ({ kv, sql, alarm, said }) =>
    `kv rows: ${kv.length}${kv.includes('after') ? ' (the later put)' : ''}, by SQL: ${sql}, ${alarm ? 'an alarm' : 'no alarm'}${said ? `; it throws “${said.replace(/reference = \w+/, 'reference = …')}”` : ''}`;
  const [original, copied, anew, same] = copies.after;
  const rows = [
    ...Object.entries(deletions).map(([how, left]) => [
      `What is left after ${how}?`,
      'three kv rows, one by SQL, an alarm in an hour',
      what(left),
      {
        'deleteAll, abort at once':
          '`deleteAll` is no part of the turn: it cannot be taken back, and commits by itself.',
        'deleteAll in a transactionSync that throws':
          'It deletes for good, although the transaction fails.',
        'deleteAll, put': 'Records of later calls of the turn are kept.',
      }[how] ?? '',
    ]),
    [
      'Are there bookmarks?',
      'the three methods',
      Object.entries(bookmarks)
        .map(([name, said]) => `\`${name}\`: ${said}`)
        .join('; '),
      'A restored bookmark cannot be tried locally. An earlier state of the files stands for it below.',
    ],
    [
      "What is in a copy of an object's database under another id?",
      'the files copied while the process is down; an alarm due 1 s after the start',
      `kv rows: ${copies.before[1].kv.length}, by SQL: ${copies.before[1].sql}; \`getAlarm\` says ${copies.before[1].alarm ? 'there is one' : 'none'}. It woke: the original ${yes(original.woke)}, the copy ${yes(copied.woke)}`,
      '`getAlarm` reads what is in the database; what runs is kept elsewhere (`metadata.sqlite`). An alarm that `getAlarm` knows need not come.',
    ],
    [
      'Does a copy wake once it sets its alarm?',
      'a `setAlarm` for another time; a `setAlarm` for the time that `getAlarm` says',
      `woke: ${yes(anew.woke)}; ${yes(same.woke)}`,
      'An object that starts with records sets its alarm, whatever `getAlarm` says, and for another time.',
    ],
    [
      'And an earlier state under the same id?',
      'kept while an alarm was set, put back after a `deleteAll`, once the alarm was due',
      `kv rows: ${copies.older.kv.length}; \`getAlarm\` says ${copies.older.alarm ? 'there is one' : 'none'}; it woke by itself: ${yes(copies.older.woke)}`,
      'The same. Until something calls it, it sleeps.',
    ],
    [
      'How many rows does a put write?',
      'the tables in the file of an object after three puts, one SQL row, one `setAlarm`',
      tables
        .map(
          ({ name, rows: n, hasRowid }) => `\`${name}\` ${n}${hasRowid ? '' : ', without a rowid'}`,
        )
        .join('; '),
      'One for each put, and one for the alarm.',
    ],
  ];
  return ['## 3. What is left', answers(rows)].join('\n\n');
}

const FOLLOWS_OF_ALARMS = {
  'throws, always':
    'Seven runs, then no more. `getAlarm` in the handler is null, between two retries it is the time that has passed.',
  'sets one in 100 ms, throws': 'A new alarm takes the place of the retry, and counts from 0.',
  'sets one in 100 ms, commits, throws': 'The same.',
  'deletes, throws': 'There is no retry.',
  'sets one for the time for which it runs': 'It runs again, it is not lost.',
  'ends its object': 'A reset in a handler is retried like a throw.',
  'sets one in 100 ms, commits, ends its object':
    'What was set before takes the place of the retry: an alarm for us, set before their handler runs, survives its crash.',
  'ends its object with retryAlarm: false':
    'The alarm is gone, ours with it if it was not set anew before. The code of Agent ends its object so.',
  'one set by another event, for at once, while it runs': 'It runs when the handler has ended.',
  'throws; one set by another event before the retry':
    'The earlier alarm does not come earlier: both are one run, at the time of the retry.',
  'throws; one set by another event for after the retry':
    'The retry is lost: never set an alarm while a retry of theirs waits.',
  'throws; its object is reset before the retry': 'The retry comes.',
};

function alarmsOf({ alarms, alarmOfThrown, alarmGivenUp, shadow }) {
  const rows = Object.entries(alarms).map(([name, runs]) => [
    name,
    runs.map(({ after }) => after).join(', '),
    runs.map(({ retryCount }) => retryCount).join(', '),
    runs.flatMap(({ got }) => got.map((time) => time ?? 'null')).join(', '),
    FOLLOWS_OF_ALARMS[name] ?? '',
  ]);
  const by = new Set(Object.values(alarms).flatMap((runs) => runs.map((run) => run.by)));
  return [
    '## 4. The alarm',
    `Each handler is an own property of its object, set in the constructor; the class has another \`alarm\`.
What ran: ${[...by].join(', ')}. Unless it says otherwise, the alarm is set for 100 ms. Later events come 300 ms
after the start.`,
    table(
      [
        'the handler, or the alarms',
        'ran after, ms',
        'retryCount',
        '`getAlarm` in it, from now',
        'follows',
      ],
      rows,
    ),
    `After the throw of “throws once” and before its retry, \`getAlarm\` is ${alarmOfThrown} ms from now; after the
last retry it is ${alarmGivenUp}. \`ctx.storage\` is one object: ${yes(shadow.isOneObject)}. An own \`setAlarm\` is what is called
(${shadow.set.join()}), an own \`getAlarm\` what answers (${shadow.read}); the transaction of \`storage.transaction\` has its own
(${shadow.inTransaction}); after \`delete\` the real one answers (${shadow.after}).`,
  ].join('\n\n');
}

function shares({ shared, agents }) {
  const rows = Object.entries(shared).flatMap(([of, cases]) =>
    cases.map(({ name, theirs, ours, late, retryCounts, times }) => [
      `${of}: ${name}`,
      theirs,
      times.join(', '),
      retryCounts.map((count) => count ?? '–').join(', '),
      ours,
      late,
    ]),
  );
  const parts = [
    '## 5. The alarm, shared',
    `\`ts/durable/alarm.ts\` puts an own \`alarm\` on the object and own \`setAlarm\`, \`getAlarm\`, \`deleteAlarm\` on its storage. It
writes one row while an alarm of ours is wanted, none otherwise; while there is a row, it keeps the retries
of their handler itself. partyserver's \`alarm()\` passes no information to \`onAlarm\`. “Late” includes what the
process does meanwhile: the storage is measured. Where their handler ends its object, one of ours may be in the
turn that is lost, and run again.`,
    table(['case', 'theirs ran', 'at, ms', 'retryCount', 'ours ran', 'latest, ms late'], rows),
  ];
  if (agents === undefined) {
    parts.push('An Agent was not asked: say where `agents` is installed, `-- --agents FOLDER`.');
  } else {
    parts.push(
      `The same on Agent of agents ${agents.version}, which owns the alarm and sets it from its table of jobs, by
\`ctx.storage.setAlarm\` and \`deleteAlarm\`. Times in ms at which its callback ran:`,
      table(
        ['`schedule` and `scheduleEvery` of one second', 'without us', 'with us', 'ours ran'],
        agents.rows.map(({ kind, alone, shared: beside, ours, wanted }) => [
          kind,
          String(alone).replaceAll(',', ', '),
          String(beside).replaceAll(',', ', '),
          `${ours} of ${wanted}`,
        ]),
      ),
    );
  }
  return parts.join('\n\n');
}

function values({ sizes, limits, refused, rowsWritten, twoLists, pages }) {
  const rows = [
    [
      'What is the largest value?',
      'bytes in a `Uint8Array`, by bisection',
      limits.map(({ api, bytes, error }) => `\`${api}\` ${bytes}, then “${error}”`).join('; '),
      'Local workerd takes four times what the platform documents (2 MB). A put that is refused throws at once and writes nothing, so a call is refused by its own put; the limit of 2 MB has to be ours to be the same everywhere.',
    ],
    [
      'What cannot be stored?',
      '`kv.put` of each',
      Object.entries(refused)
        .map(([what, said]) => `${what}: ${said.replaceAll(/\s+/g, ' ')}`)
        .join('; '),
      'The put itself refuses stubs, streams and functions.',
    ],
    [
      'How many rows does SQL count for an INSERT?',
      '`rowsWritten`',
      Object.entries(rowsWritten)
        .map(([how, n]) => `a text key, ${how}: ${n}`)
        .join('; '),
      'A table of ours would need `WITHOUT ROWID` to be as cheap as `kv`.',
    ],
    [
      'May a list be read while others are, or rows change?',
      'two lists in turn; a put and a delete of later rows',
      Object.entries(twoLists)
        .map(([what, said]) => `${what}: ${said}`)
        .join('; '),
      'A list of ours ends before anything of the user runs.',
    ],
  ];
  return [
    '## 6. Values and lists',
    answers(rows),
    'One `kv.put`, committed, and one `kv.get`, medians of 15 interleaved rounds:',
    table(
      ['KB', 'ms', '÷ 1 KB'],
      sizes.map(({ size, milliseconds, ratio }) => [
        size,
        milliseconds.toFixed(2),
        ratio.toFixed(1),
      ]),
    ),
    'One page of `kv.list` with `limit` and `startAfter`, of 10,000 rows of 200 bytes:',
    table(
      ['rows of the page', 'ms'],
      pages.map(({ limit, milliseconds }) => [limit, milliseconds.toFixed(3)]),
    ),
  ].join('\n\n');
}

function costs({ ways }) {
  const [, effect, leftSet, , inOne] = ways;
  const byHand = (how) => leftSet[how].microseconds / effect[how].microseconds;
  return [
    '## 7. What a call costs that is written durable by hand',
    '200 calls to another object, one after the other and at once; 15 interleaved rounds, medians. By hand: a row in the outbox, the alarm, the RPC, a row in the inbox with the effect, a delete.',
    table(
      ['way', 'one by one, µs', '÷ plain', 'at once, µs', '÷ plain'],
      ways.map(({ way, oneByOne, together }) => [
        way,
        ...[oneByOne, together].flatMap(({ microseconds, ratio }) => [
          microseconds.toFixed(0),
          ratio.toFixed(1),
        ]),
      ]),
    ),
    `By hand, a call costs ${byHand('oneByOne').toFixed(1)} times an RPC whose target writes a row. Commits are what costs: the record
before the message, the effect before the answer. 200 calls of one turn, all by hand: a message for each ÷
one message for all is ${(leftSet.together.microseconds / inOne.together.microseconds).toFixed(1)}.`,
  ].join('\n\n');
}

function starts({ restart, startTimes }) {
  const sorted = [...startTimes].sort((a, b) => a - b);
  return [
    '## 8. Starts',
    'The process is killed 250 ms after the alarms are set, and started some 400 ms later; nothing calls the objects. Times in ms since it was started.',
    table(
      ['the object at the kill', 'started', 'its alarm ran (`retryCount`)'],
      restart.map(({ state, starts: times, runs }) => [
        state,
        times.join(', ') || 'never',
        runs.map(({ time, retryCount }) => `${time} (${retryCount})`).join(', ') || 'never',
      ]),
    ),
    `An alarm that is due runs ${sorted[0]} to ${sorted.at(-1)} ms after the start of the process (${sorted.length} starts). A retry that
waits runs at once and counts from 0. An object without an alarm does not start by itself: where a record
waits, an alarm has to be set.`,
  ].join('\n\n');
}
