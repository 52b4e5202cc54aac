/** The examples of the sequence: each makes real calls, and its rows say what was seen of them. */
import {
  CallError,
  type CallSettle,
  explain,
  newContinuation,
  type Recorded,
} from '@lumenize/call';
import type { Example, Line, Row, Sequence } from './events.js';
import { counted } from './settings.js';
import type { Arrived, LabTarget } from './target.js';

/** A call that was made. */
export interface Made {
  readonly id: number;
  readonly remote: Recorded<unknown, LabTarget>;
  readonly handler: Recorded<unknown, never>;
  readonly timeout: number | undefined;
}

interface Handled {
  readonly call: number;
  readonly outcome: unknown;
  readonly ms: number;
}

/** What an example needs of the object that calls. */
interface Means {
  call(remote: Recorded<unknown, LabTarget>, timeout?: number): Made;
  trace(): Promise<{ readonly arrived: readonly Arrived[]; readonly ran: readonly string[] }>;
}

/** Milliseconds. */
const SLOW = 200;
const SHORT_DEADLINE = 250;

const TITLES: Record<Example, string> = {
  one: 'A call returns at once; its handler runs with the answer.',
  nested: 'Three operations, two of them arguments of the third: one message, one round trip.',
  error: 'What the method throws arrives in the handler, as its own class.',
  several: 'Calls of one turn travel in one message; the slow one delays no other.',
  deadline: 'The method never answers: the deadline settles the call.',
};

export class Examples {
  readonly #means: Means;
  readonly #made: Made[] = [];
  readonly #handled: Handled[] = [];
  /** What `callChannel` says of each call, by its id. */
  readonly #codes = new Map<number, CallSettle['code']>();
  readonly #all = Promise.withResolvers<void>();
  #start = 0;
  #expected = 0;

  constructor(means: Means) {
    this.#means = means;
  }

  /** The number of the call that is made next. */
  nextCall(): number {
    return this.#made.length + 1;
  }

  /** Learns of each call that has its outcome. */
  watch({ id, code }: CallSettle): void {
    this.#codes.set(id, code);
  }

  /** Runs in each handler. */
  settle(call: number, outcome: unknown): void {
    this.#handled.push({ call, outcome, ms: performance.now() - this.#start });
    if (this.#handled.length === this.#expected) this.#all.resolve();
  }

  async show(name: Example): Promise<Sequence> {
    const remotes = remotesOf(name);
    this.#expected = remotes.length;
    this.#start = performance.now();
    for (const { remote, timeout } of remotes) this.#made.push(this.#means.call(remote, timeout));
    await this.#all.promise;
    const { arrived, ran } = await this.#means.trace();
    return {
      title: TITLES[name],
      rows: [this.#calling(), ...this.#sending(arrived), running(ran), ...this.#settling()],
    };
  }

  #calling(): Row {
    const lines = this.#made.map(({ remote, handler, timeout }) => {
      const options = timeout === undefined ? '' : `, { timeout: ${timeout} }`;
      return code(`call('LAB_TARGET', id, ${explain(remote)}, ${explain(handler)}${options})`);
    });
    const what = lines.length === 1 ? 'A call returns' : `${lines.length} calls return`;
    return { place: 'caller', title: `${what} at once`, lines, ms: 0 };
  }

  /** Calls to one target leave in the order in which they were made. */
  #sending(arrived: readonly Arrived[]): Row[] {
    let sent = 0;
    return arrived.map((message) => {
      const programs = this.#made.slice(sent, sent + message.calls);
      sent += message.calls;
      return messageRow(
        message,
        programs.map(({ remote }) => explain(remote)),
      );
    });
  }

  #codeOf(call: number): string {
    const made = this.#made[call - 1];
    return (made && this.#codes.get(made.id)) ?? 'unknown';
  }

  /** Outcomes that come one after the other share a row; a later one has rows of its own. */
  #settling(): Row[] {
    const rows: Row[] = [];
    for (const group of groupsOf(this.#handled)) {
      const [first] = group;
      if (!first) continue;
      if (isDeadline(first.outcome)) {
        rows.push({
          place: 'caller',
          title: 'The deadline passes',
          lines: [
            code(`${this.#codeOf(first.call)}: nothing has come within ${SHORT_DEADLINE} ms`),
          ],
          ms: first.ms,
        });
      } else {
        rows.push({
          place: 'to caller',
          title: group.length === 1 ? 'An outcome' : `${group.length} outcomes`,
          lines: group.map(({ outcome, call }) => code(`${this.#codeOf(call)}: ${shown(outcome)}`)),
        });
      }
      rows.push({
        place: 'caller',
        title: group.length === 1 ? 'Its handler runs' : 'Their handlers run, each once',
        lines: group.map(({ outcome, call }) => code(`onOutcome(${shown(outcome)}, ${call})`)),
        ms: group.at(-1)?.ms ?? first.ms,
      });
    }
    return rows;
  }
}

function remotesOf(
  name: Example,
): readonly { readonly remote: Recorded<unknown, LabTarget>; readonly timeout?: number }[] {
  const on = newContinuation<LabTarget>();
  switch (name) {
    case 'one':
      return [{ remote: on.getUser('u1') }];
    case 'nested':
      return [{ remote: on.add(on.add(1, 10), on.add(100, 1000)) }];
    case 'error':
      return [{ remote: on.getUser('nobody') }];
    case 'several':
      return [
        { remote: on.add(1, 10) },
        { remote: on.wait(SLOW) },
        { remote: on.getUser('u1').name.toUpperCase() },
        { remote: on.getUser('nobody') },
        { remote: on.add(2, 20) },
      ];
    case 'deadline':
      return [{ remote: on.never(), timeout: SHORT_DEADLINE }];
  }
}

/** Handlers that ran while a slow call was still under way belong together. */
function groupsOf(handled: readonly Handled[]): Handled[][] {
  const groups: Handled[][] = [];
  for (const one of handled) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    if (group && last && one.ms - last.ms < SLOW / 2) group.push(one);
    else groups.push([one]);
  }
  return groups;
}

function messageRow({ calls, frames, slots }: Arrived, programs: readonly string[]): Row {
  const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
  const alike = frames.length < calls ? ' Programs that are alike are encoded once.' : '';
  return {
    place: 'to target',
    title: `One frame: ${counted(calls, 'program')}, ${counted(bytes, 'byte')}`,
    lines: [...programs.map(code), words(`${counted(slots, 'argument value')} beside it.${alike}`)],
  };
}

function running(ran: readonly string[]): Row {
  return {
    place: 'target',
    title: ran.length === 1 ? 'A method runs, once' : `${ran.length} methods run, each once`,
    lines: ran.map(code),
  };
}

function isDeadline(outcome: unknown): boolean {
  return outcome instanceof CallError && outcome.code === 'timeout';
}

function shown(outcome: unknown): string {
  if (outcome instanceof CallError) {
    const message = outcome.message.replace(/[0-9a-f]{60}\b/, '…');
    return `CallError '${outcome.code}': ${message}`;
  }
  if (outcome instanceof Error) return String(outcome);
  return JSON.stringify(outcome);
}

function code(text: string): Line {
  return { text, isCode: true };
}

function words(text: string): Line {
  return { text, isCode: false };
}
