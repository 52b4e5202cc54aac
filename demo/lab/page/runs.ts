/** Runs: asks the worker for one and follows its events. */
import type { RunEvent, Summary } from '../events.js';
import type { Problems, Settings } from '../settings.js';

/** Why a run did not happen: what the worker refused, or a sentence. */
export class Refused extends Error {
  readonly problems: Problems;

  constructor(message: string, problems: Problems = {}) {
    super(message);
    this.problems = problems;
  }
}

/** Who follows a run. */
export interface Follower {
  /** Learns by what name the run is stopped. */
  begin(run: string): void;
  /** Learns how many handlers have run, and how many milliseconds the latest calls took. */
  progress(handled: number, latencies: readonly number[]): void;
}

/** Settles the calls of a run that are pending. */
export async function stopRun(run: string): Promise<void> {
  const response = await fetch(`/lab/stop/${run}`, { method: 'POST' });
  if (!response.ok) throw await refusal(response);
}

/** Runs calls. Returns what they came to when all are settled. */
export async function run(settings: Settings, follower: Follower): Promise<Summary> {
  const response = await fetch('/lab/run', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(settings),
  });
  for await (const event of eventsOf<RunEvent>(response)) {
    if (event.type === 'end') return event.summary;
    if (event.type === 'begin') follower.begin(event.run);
    else follower.progress(event.handled, event.latencies);
  }
  throw new Refused('The worker ended before all calls were settled.');
}

/** The events of an answer, one JSON text on each line, as they come. */
export async function* eventsOf<Event>(response: Response): AsyncGenerator<Event> {
  if (!response.ok || !response.body) throw await refusal(response);
  for await (const line of linesOf(response.body)) yield JSON.parse(line) as Event;
}

async function refusal(response: Response): Promise<Refused> {
  const said = (await response.json().catch(() => ({}))) as {
    problem?: string;
    problems?: Problems;
  };
  const sentence = said.problem ?? `The worker answered with status ${response.status}.`;
  return said.problems
    ? new Refused('The worker refused what was chosen.', said.problems)
    : new Refused(sentence);
}

/** Not `for await` over the stream itself, which not every browser has. */
async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (done) return;
  }
}
