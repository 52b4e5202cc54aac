// The test of the test: takes rules out of the machine, one at a time, and a seed has to fail each time.
//
//   node tests/simulation/removals.mjs [seeds] [word of a rule]
//
// It works on a copy of the crate in target/removals.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const copy = join(root, 'target', 'removals');
const seeds = Number(process.argv[2] ?? 20_000);
const word = process.argv[3] ?? '';

/** Each: a file in src/durable, the exact text, what stands there instead, and the rule that is gone. */
const removals = [
  [
    'mod.rs',
    '                | Event::Made { .. }\n',
    '',
    'nothing is sent in the turn that makes a call, before it has ended',
  ],
  [
    'outbox.rs',
    'Call::new(target, expires, Phase::Made));\n        self.made.push(id);',
    'Call::new(target, expires, Phase::Ready));\n        self.ready.push_back(id.clone());\n        self.made.push(id);',
    'a call is not sent while its turn may take it back',
  ],
  [
    'outbox.rs',
    'if self.calls.len() >= step.limits.memory {\n            self.leave_on_disk();\n            return;\n        }\n        self.calls.insert(id.clone()',
    'self.calls.insert(id.clone()',
    'memory is bounded when calls are made',
  ],
  [
    'outbox.rs',
    '            self.leave_on_disk();\n            return;',
    '            return;',
    'calls for which memory has no room are read later',
  ],
  [
    'outbox.rs',
    '            self.has_passed_over = true;\n            return;\n        }\n        let crashes',
    '            return;\n        }\n        let crashes',
    'calls that a page had no room for are read again',
  ],
  [
    'outbox.rs',
    'if self.calls.len() >= step.limits.memory {\n            self.has_passed_over = true;\n            return;\n        }\n',
    '',
    'memory is bounded when calls are read',
  ],
  [
    'outbox.rs',
    'Some(record) if left.contains(&record.id) => {}\n',
    '',
    'a page does not bring back what has ended meanwhile',
  ],
  [
    'outbox.rs',
    'if record.version == VERSION && record.owner == self.owner =>',
    'if record.version == VERSION =>',
    'a copy sends nothing',
  ],
  [
    'outbox.rs',
    'if record.version == VERSION && record.owner == self.owner =>',
    'if record.owner == self.owner =>',
    'calls of a newer version are left alone',
  ],
  [
    'outbox.rs',
    'if self.calls.contains_key(&record.id) {\n            return;\n        }\n',
    '',
    'what is in memory is not read again',
  ],
  [
    'outbox.rs',
    'call.is_old = true;',
    'call.is_old = false;',
    'the handler of a call from before is counted before it runs',
  ],
  [
    'outbox.rs',
    'call.crashes = crashes;',
    'call.crashes = 0;',
    'crashes of a handler are counted over lives',
  ],
  [
    'outbox.rs',
    '} else if call.crashes >= MOST_CRASHES {',
    '} else if false && call.crashes >= MOST_CRASHES {',
    'a handler that crashes is given up',
  ],
  [
    'outbox.rs',
    'while self.in_line.is_none()\n            && let Some(id) = self.line.pop_front()',
    'while let Some(id) = self.line.pop_front()',
    'handlers that may have crashed run one at a time',
  ],
  [
    'outbox.rs',
    'if self.in_line.as_deref() == Some(id) {\n            self.in_line = None;\n        }',
    '',
    'the line goes on when its first has ended',
  ],
  [
    'outbox.rs',
    'if with == With::Answer && call.attempts == 1 && !call.is_old {',
    'if with == With::Answer && !call.is_old {',
    'what was sent twice is not acknowledged',
  ],
  [
    'outbox.rs',
    'if with == With::Answer && call.attempts == 1 && !call.is_old {',
    'if with == With::Answer && call.attempts == 1 {',
    'what an earlier life may have sent is not acknowledged',
  ],
  [
    'outbox.rs',
    'if with == With::Answer && call.attempts == 1 && !call.is_old {',
    'if call.attempts == 1 && !call.is_old {',
    'what was not answered is not acknowledged',
  ],
  [
    'outbox.rs',
    'self.armed = None;\n        // The alarm',
    '// The alarm',
    'an alarm that has come is set no more',
  ],
  ['outbox.rs', 'self.arm(begin, step);', '', 'an object that starts with calls sets the alarm'],
  [
    'outbox.rs',
    'if self.rest == Rest::Later && step.now >= self.begin {',
    'if self.rest == Rest::Later {',
    'an object that crashes again and again waits before it sends',
  ],
  [
    'outbox.rs',
    'if self.rest != Rest::None && self.calls.len() >= step.limits.memory {\n            self.make_room(step.now);\n        }',
    '',
    'calls that wait make room for others',
  ],
  [
    'outbox.rs',
    '            && expires <= step.now\n',
    '',
    'a call does not time out before its deadline',
  ],
  [
    'outbox.rs',
    'self.settle(&id, With::Timeout, step);\n',
    'self.expiring.pop_first();\n',
    'a deadline settles a call',
  ],
  [
    'outbox.rs',
    'while self.in_flight < step.limits.in_flight\n            && let Some',
    'while let Some',
    'calls in flight are bounded',
  ],
  [
    'outbox.rs',
    'if call.phase != Phase::Ready {\n            return;\n        }\n        call.phase = Phase::Sent;',
    'call.phase = Phase::Sent;',
    'only a call that is ready is sent',
  ],
  [
    'outbox.rs',
    'armed <= next && armed.saturating_add(RECOVER).saturating_add(RECOVER) > step.now',
    'armed <= next.saturating_add(3_600_000)',
    'the alarm is set for what comes first',
  ],
  [
    'outbox.rs',
    'if self.calls.is_empty() && self.rest == Rest::None {\n            return;\n        }\n',
    '',
    'an idle object sets no alarm',
  ],
  [
    'outbox.rs',
    'if call.phase != Phase::Sent {\n            return false;\n        }\n        call.phase = Phase::Ready;',
    'call.phase = Phase::Ready;',
    'an answer to what has settled is ignored',
  ],
  [
    'outbox.rs',
    '&& let Phase::Counting(with) = call.phase\n        {\n            call.phase = Phase::Handling(with);\n            step.effects.push(Effect::Handle { id: id.to_owned(), with });',
    '&& let Phase::Counting(with) = call.phase\n        {\n            call.phase = Phase::Handling(with);\n            step.effects.push(Effect::Handle { id: id.to_owned(), with });\n            step.effects.push(Effect::Handle { id: id.to_owned(), with });',
    'a handler runs once for each count',
  ],
  [
    'outbox.rs',
    'if step.now.saturating_sub(since) > DEPLOYMENT {',
    'if step.now.saturating_sub(since) > DEPLOYMENT && since == 0 {',
    'what is refused for long is settled',
  ],
  [
    'outbox.rs',
    'self.untime(id);\n        let call = self.calls.remove(id)?;',
    'let call = self.calls.remove(id)?;',
    'a call that has gone has no times',
  ],
  [
    'outbox.rs',
    'let is_counted = self.remove(id).is_none_or(|call| call.is_old);',
    'let is_counted = self.remove(id).is_some_and(|call| call.is_old);',
    'a count goes with a call that is dropped',
  ],
  [
    'outbox.rs',
    'if self.retried.insert(id.to_owned()) {',
    'self.retried.insert(id.to_owned()); {',
    'a dead letter is handled by one handler at a time',
  ],
  [
    'outbox.rs',
    'self.crashes.insert(id, call.crashes);',
    '',
    'a call that makes room keeps its crashes',
  ],
  [
    'outbox.rs',
    '*self = Self { owner, ..Self::default() };\n    }\n\n    /// Goes on',
    'let _ = owner;\n    }\n\n    /// Goes on',
    'nothing is left in memory of a storage that was deleted',
  ],
  [
    'ledger.rs',
    'if self.running.contains_key(&row) {\n            return Effect::Join { row };\n        }\n',
    '',
    'a method that runs is joined',
  ],
  [
    'ledger.rs',
    'Some(entry) if entry.version == VERSION => return Effect::Repeat { row },\n',
    'Some(entry) if entry.version == VERSION => {}\n',
    'a method whose outcome is recorded does not run',
  ],
  [
    'ledger.rs',
    'Some(_) => return Effect::Refuse,\n            None',
    'Some(_) | None',
    'what a newer version recorded does not run',
  ],
  [
    'ledger.rs',
    'if now > expires.saturating_add(SLACK) {\n            return Effect::Late;\n        }\n',
    '',
    'a method does not start long after its deadline',
  ],
  [
    'ledger.rs',
    'let expires = expires.saturating_add(SLACK).saturating_add(SLACK);',
    '',
    'an outcome is kept for as long as its call may start',
  ],
  [
    'ledger.rs',
    'entry.version == VERSION && entry.expires < step.now',
    'entry.expires < step.now',
    'outcomes of a newer version are left alone',
  ],
  [
    'ledger.rs',
    'entry.version == VERSION && entry.expires < step.now',
    'entry.version == VERSION && entry.expires < step.now.saturating_add(SLACK)',
    'an outcome is not swept before its time',
  ],
  [
    'ledger.rs',
    'self.swept = if more',
    'self.swept = if false && more',
    'a sweep goes on where the last one ended',
  ],
  [
    'ledger.rs',
    'let Some(expires) = self.running.remove(row) else { return };',
    'let Some(expires) = self.running.get(row).copied() else { return };',
    'a method that has ended is not joined',
  ],
];

mkdirSync(copy, { recursive: true });
for (const name of ['Cargo.toml', 'Cargo.lock', 'clippy.toml', 'rust-toolchain.toml']) {
  cpSync(join(root, name), join(copy, name));
}
for (const name of ['src', 'tests']) {
  rmSync(join(copy, name), { recursive: true, force: true });
  cpSync(join(root, name), join(copy, name), { recursive: true });
}

const CARGO = ['test', '--offline', '--quiet', '--test', 'simulation'];
let wrong = 0;
for (const [name, text, instead, rule] of removals) {
  if (!rule.includes(word)) continue;
  const source = readFileSync(join(root, 'src', 'durable', name), 'utf8');
  if (source.split(text).length !== 2) {
    console.log(`NOT FOUND ONCE  ${rule} (${name})`);
    wrong += 1;
    continue;
  }
  const file = join(copy, 'src', 'durable', name);
  writeFileSync(
    file,
    source.replace(text, () => instead),
  );
  const env = { ...process.env, SIMULATION_SEEDS: String(seeds), SIMULATION_FAILURES: '1' };
  const options = { cwd: copy, env, encoding: 'utf8', maxBuffer: 1 << 28 };
  const { status, stdout, stderr } = spawnSync('cargo', CARGO, options);
  writeFileSync(file, source);
  const output = stdout + stderr;
  const caught = /seed (\d+) at \d+: (.*)/.exec(output);
  const trap = /panicked at (.*)/.exec(output);
  if (caught) console.log(`seed ${caught[1].padStart(6)}  ${rule}  (${caught[2]})`);
  else if (status !== 0 && /error(\[|: )(?!test failed)/.test(output)) {
    console.log(`NO BUILD  ${rule}\n${output.slice(0, 2_000)}`);
    wrong += 1;
  } else if (status !== 0) console.log(`coverage     ${rule}  (${trap?.[1]})`);
  else {
    console.log(`NOT CAUGHT  ${rule}`);
    wrong += 1;
  }
}
if (wrong > 0) {
  console.log(`${wrong} of ${removals.length} removals were not caught`);
  process.exitCode = 1;
} else console.log(`${removals.length} removals, each caught`);
