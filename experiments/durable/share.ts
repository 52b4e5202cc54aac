/**
 * The one alarm of an object, shared: the object's own code sets and handles its alarm as usual, and
 * `wake` asks for one beside it. Nothing is stored and nothing changes until `wake` is used.
 */
interface Row {
  readonly ours: number | null;
  readonly theirs: number | null;
  /** How often their handler has thrown for the alarm that it is due for. */
  readonly retries: number;
}
type Handler = (info?: AlarmInvocationInfo) => unknown;

const ROW = '__shared-alarm';
/** As the runtime does it: so often, in milliseconds at first, doubling. */
const MOST_RETRIES = 6;
const FIRST_RETRY = 2_000;

export class SharedAlarmOf {
  readonly #storage: DurableObjectStorage;
  readonly #onWake: () => void;
  readonly #real;
  /** While their handler runs: what it has set, if it has. */
  #running: { set?: number | null } | undefined;

  constructor(storage: DurableObjectStorage, onWake: () => void) {
    this.#storage = storage;
    this.#onWake = onWake;
    this.#real = {
      getAlarm: storage.getAlarm.bind(storage),
      setAlarm: storage.setAlarm.bind(storage),
      deleteAlarm: storage.deleteAlarm.bind(storage),
    };
    Object.assign(storage, {
      setAlarm: (time: number | Date) => this.#setTheirs(Number(time)),
      deleteAlarm: () => this.#setTheirs(null),
      getAlarm: async () => {
        if (this.#running !== undefined) return this.#running.set ?? null;
        const row = this.#row();
        return row === undefined ? this.#real.getAlarm() : row.theirs;
      },
    });
  }

  /** Asks for a wake-up of ours. It is written with what its turn writes. */
  async wake(at: number): Promise<void> {
    const row = this.#row();
    if (row !== undefined) return this.#put({ ...row, ours: Math.min(at, row.ours ?? at) });
    const theirs = this.#running === undefined ? await this.#real.getAlarm() : null;
    const isRetried = theirs !== null && theirs <= Date.now();
    // Their handler has thrown and the runtime will repeat it: an alarm set now would take its place.
    if (isRetried) this.#storage.kv.put(ROW, { ours: at, theirs, retries: 0 });
    else await this.#put({ ours: at, theirs, retries: 0 });
  }

  /** What the runtime calls; `theirs` is what it would have called. */
  async run(theirs: Handler, info?: AlarmInvocationInfo): Promise<void> {
    const now = Date.now();
    const before = this.#row();
    if (before === undefined) {
      await theirs(info);
      return;
    }
    if (before.ours !== null && before.ours <= now) {
      this.#storage.kv.put(ROW, { ...before, ours: null });
      this.#onWake();
    }
    const row = this.#row() ?? before;
    if (row.theirs === null || row.theirs > now) return this.#put(row);
    const isRetryOfOurs = row.retries > 0;
    const given = isRetryOfOurs
      ? { isRetry: true, retryCount: row.retries, scheduledTime: row.theirs }
      : info;
    await this.#runDue(theirs, given, Math.max(row.retries, info?.retryCount ?? 0));
  }

  async #runDue(
    theirs: Handler,
    info: AlarmInvocationInfo | undefined,
    retries: number,
  ): Promise<void> {
    const running: { set?: number | null } = {};
    this.#running = running;
    let failure: { error: unknown } | undefined;
    try {
      await theirs(info);
    } catch (error) {
      failure = { error };
    }
    this.#running = undefined;
    const ours = this.#row()?.ours ?? null;
    const again = failure !== undefined && running.set === undefined && retries < MOST_RETRIES;
    // Their handler's retry is kept here, since an alarm set for us replaces the runtime's.
    const retryAt = Date.now() + FIRST_RETRY * 2 ** retries;
    if (again) await this.#put({ ours, theirs: retryAt, retries: retries + 1 });
    else await this.#put({ ours, theirs: running.set ?? null, retries: 0 });
    if (failure !== undefined) throw failure.error;
  }

  async #setTheirs(time: number | null): Promise<void> {
    const row = this.#row();
    if (this.#running !== undefined) this.#running.set = time;
    if (row !== undefined) return this.#put({ ...row, theirs: time, retries: 0 });
    return time === null ? this.#real.deleteAlarm() : this.#real.setAlarm(time);
  }

  #row(): Row | undefined {
    return this.#storage.kv.get<Row>(ROW);
  }

  /** Writes the row, or none if nothing of ours is left in it, and arms the alarm of both. */
  async #put(row: Row): Promise<void> {
    if (row.ours === null && row.retries === 0) this.#storage.kv.delete(ROW);
    else this.#storage.kv.put(ROW, row);
    const times = [row.ours, row.theirs].filter((time) => time !== null);
    // One that is due already is armed for the next millisecond.
    if (times.length > 0) await this.#real.setAlarm(Math.max(Math.min(...times), Date.now() + 1));
    else await this.#real.deleteAlarm();
  }
}
