// The driver's side of one controller object: batches over a WebSocket, by the driver's own clock.

/** Milliseconds. */
const ANSWERS_WITHIN = 5_000;

/** A link to a new controller object. */
export class Link {
  #url;
  #object = `calls ${crypto.randomUUID()}`;
  #socket;
  #batches = 0;
  /** Set when it is: nothing will be heard any more. */
  #closed;
  #heard = () => {};

  constructor(url) {
    this.#url = url;
  }

  async open() {
    const address = new URL(`/run?object=${encodeURIComponent(this.#object)}`, this.#url);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#socket = new WebSocket(address);
    this.#socket.addEventListener('message', ({ data }) => this.#heard(JSON.parse(data)));
    this.#socket.addEventListener('close', ({ code, reason }) => {
      this.#closed = { failed: `the connection closed with code ${code} ${reason}`.trim() };
      this.#heard(this.#closed);
    });
    const opened = Promise.withResolvers();
    this.#socket.addEventListener('open', () => opened.resolve());
    this.#heard = ({ failed }) => opened.reject(new Error(`no WebSocket: ${failed}`));
    await opened.promise;
    return this;
  }

  close() {
    this.#heard = () => {};
    this.#socket.close();
  }

  /**
   * Runs one batch.
   *
   * @param patience - Milliseconds without any progress after which it counts as hung.
   * @param progress - Learns how many repetitions are done.
   * @returns `ms` by this side's clock, what went wrong if something did, and `checked`: how many right
   *   results the object says, when asked from outside, that it had.
   */
  async run(cell, patience, progress = () => {}) {
    this.#batches += 1;
    const batch = this.#batches;
    const start = performance.now();
    const report = await this.#untilEnd({ ...cell, batch }, patience, progress);
    const ms = performance.now() - start;
    const { checked } = await this.#checked(batch);
    const expected = cell.variation === 'empty' ? 0 : cell.operations * cell.repetitions;
    return { ms, checked, expected, trouble: troubleOf(report, checked, expected, patience) };
  }

  #untilEnd(batch, patience, progress) {
    if (this.#closed) return this.#closed;
    const { promise, resolve } = Promise.withResolvers();
    let timer;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => resolve({ isHung: true }), patience);
    };
    this.#heard = (report) => {
      if (report.isEnd || report.failed) {
        clearTimeout(timer);
        resolve(report);
      } else if (report.batch === batch.batch) {
        wait();
        progress(report.done);
      }
    };
    wait();
    this.#socket.send(JSON.stringify(batch));
    return promise;
  }

  /** Asked by HTTP, not over the WebSocket: what counts is what the object has, not what it sent. */
  async #checked(batch) {
    const address = new URL(`/checked?object=${encodeURIComponent(this.#object)}`, this.#url);
    try {
      const response = await fetch(address, { signal: AbortSignal.timeout(ANSWERS_WITHIN) });
      const said = await response.json();
      return said.batch === batch ? said : { checked: 0 };
    } catch {
      return { checked: undefined };
    }
  }
}

function troubleOf(report, checked, expected, patience) {
  const had = checked === undefined ? 'the object does not answer' : `${checked} of ${expected}`;
  if (report.isHung) return `hung: nothing for ${patience / 1_000} s, ${had}`;
  if (report.failed) return `failed: ${report.failed}`;
  if (checked !== expected) return `wrong: ${had} results were right`;
  return undefined;
}
