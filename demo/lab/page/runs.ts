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

/**
 * Runs calls.
 *
 * @param onProgress - Learns how many handlers have run, and how long the latest calls took.
 * @param signal - Aborting it cancels the calls that are pending.
 */
export async function run(
  settings: Settings,
  onProgress: (handled: number, latencies: readonly number[]) => void,
  signal: AbortSignal,
): Promise<Summary> {
  const response = await fetch('/lab/run', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(settings),
    signal,
  });
  if (!response.ok || !response.body) throw await refusal(response);
  for await (const line of linesOf(response.body)) {
    const event = JSON.parse(line) as RunEvent;
    if (event.type === 'end') return event.summary;
    onProgress(event.handled, event.latencies);
  }
  throw new Refused('The worker ended before all calls were settled.');
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
