/**
 * The one alarm of an object, shared: the object's own code, or its framework, sets and handles its alarm as
 * usual, and `wake` asks for one beside it. Nothing is stored and nothing changes until `wake` is used.
 *
 * While an alarm of ours is wanted, a row has both times, and the retries of their handler are kept here: an alarm
 * that is set while the runtime's own retry waits would take its place.
 */

interface AlarmRow {
  readonly ours: number | null;
  readonly theirs: number | null;
  /** How often their handler has thrown for the alarm that it is due for. */
  readonly retries: number;
}

/** What an object has as its `alarm`. */
export type AlarmHandler = (info?: AlarmInvocationInfo) => unknown;

/** What an object's code uses of its alarm: of its storage, or of a transaction. */
type Alarms = Pick<DurableObjectStorage, 'getAlarm' | 'setAlarm' | 'deleteAlarm'>;

const ROW = '__lmz:alarm';
/** As the runtime does it: so often, in milliseconds at first, doubling. */
const MOST_RETRIES = 6;
const FIRST_RETRY_MS = 2_000;

export class SharedAlarm {
  readonly #kv: SyncKvStorage;
  readonly #theirs: () => AlarmHandler | undefined;
  readonly #onWake: () => void;
  readonly #real: Alarms;
  /** What `wake` was last asked for. */
  #wanted = 0;
  /** While their handler runs: what it has set, if it has. */
  #running: { set?: number | null } | undefined;

  /**
   * @param theirs - The object's own handler, if it has one.
   * @param onWake - Runs when the alarm comes that `wake` asked for. It must not throw.
   */
  constructor(
    storage: DurableObjectStorage,
    theirs: () => AlarmHandler | undefined,
    onWake: () => void,
  ) {
    this.#kv = storage.kv;
    this.#theirs = theirs;
    this.#onWake = onWake;
    this.#real = bound(storage);
    Object.assign(storage, this.#shared(this.#real));
  }

  /** Shares the alarm of a transaction, which has methods of its own. */
  share(transaction: Alarms): void {
    Object.assign(transaction, this.#shared(bound(transaction)));
  }

  /**
   * Asks for a wake-up of ours, in place of an earlier one that was asked for. It is written with what its turn
   * writes.
   */
  async wake(at: number): Promise<void> {
    if (!this.#theirs()) return this.#real.setAlarm(at);
    this.#wanted = at;
    const row = this.#row();
    if (row !== undefined) return this.#put({ ...row, ours: at });
    const theirs = this.#running ? (this.#running.set ?? null) : await this.#real.getAlarm();
    // Another may have been asked for meanwhile.
    const ours = this.#wanted;
    // Their handler has thrown and the runtime will repeat it, which wakes us, too.
    if (theirs !== null && theirs <= Date.now()) this.#kv.put(ROW, { ours, theirs, retries: 0 });
    else await this.#put({ ours, theirs, retries: 0 });
  }

  /** What the runtime calls. */
  async run(info?: AlarmInvocationInfo): Promise<void> {
    const theirs = this.#theirs();
    if (!theirs) {
      this.#onWake();
      return;
    }
    const now = Date.now();
    const before = this.#row();
    if (before === undefined) return this.#runTheirs(theirs, info, info?.retryCount ?? 0);
    if (before.ours !== null && before.ours <= now) {
      this.#kv.put(ROW, { ...before, ours: null });
      this.#onWake();
    }
    const row = this.#row() ?? before;
    if (row.theirs === null || row.theirs > now) return this.#put(row);
    const isRetryOfOurs = row.retries > 0;
    const given = isRetryOfOurs
      ? { isRetry: true, retryCount: row.retries, scheduledTime: row.theirs }
      : info;
    await this.#runTheirs(theirs, given, Math.max(row.retries, info?.retryCount ?? 0));
  }

  async #runTheirs(
    theirs: AlarmHandler,
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
    const row = this.#row();
    // Without a row the runtime keeps what they have set, and their retries.
    if (row !== undefined) {
      const { ours } = row;
      const again = failure !== undefined && running.set === undefined && retries < MOST_RETRIES;
      const retryAt = Date.now() + FIRST_RETRY_MS * 2 ** retries;
      if (again) await this.#put({ ours, theirs: retryAt, retries: retries + 1 });
      else await this.#put({ ours, theirs: running.set ?? null, retries: 0 });
    }
    if (failure !== undefined) throw failure.error;
  }

  #shared(real: Alarms): Alarms {
    return {
      setAlarm: (time, options) => this.#setTheirs(real, Number(time), options),
      deleteAlarm: (options) => this.#setTheirs(real, null, options),
      getAlarm: async (options) => {
        if (this.#running !== undefined) return this.#running.set ?? null;
        const row = this.#row();
        return row === undefined ? real.getAlarm(options) : row.theirs;
      },
    };
  }

  async #setTheirs(
    real: Alarms,
    time: number | null,
    options: DurableObjectSetAlarmOptions | undefined,
  ): Promise<void> {
    if (time !== null && !this.#theirs()) {
      throw new TypeError(
        'Your Durable Object class must have an alarm() handler to call setAlarm()',
      );
    }
    const row = this.#row();
    if (row === undefined || Number.isNaN(time)) {
      // The runtime says what is wrong with it.
      await (time === null ? real.deleteAlarm(options) : real.setAlarm(time, options));
      if (this.#running !== undefined) this.#running.set = time;
      return;
    }
    if (this.#running !== undefined) this.#running.set = time;
    return this.#put({ ...row, theirs: time, retries: 0 }, real);
  }

  #row(): AlarmRow | undefined {
    return this.#kv.get<AlarmRow>(ROW);
  }

  /** Writes the row, or none if nothing of ours is left in it, and arms the alarm of both. */
  async #put(row: AlarmRow, real = this.#real): Promise<void> {
    if (row.ours === null && row.retries === 0) this.#kv.delete(ROW);
    else this.#kv.put(ROW, row);
    const times = [row.ours, row.theirs].filter((time) => time !== null);
    // One that is due already is armed for the next millisecond.
    if (times.length > 0) await real.setAlarm(Math.max(Math.min(...times), Date.now() + 1));
    else await real.deleteAlarm();
  }
}

function bound(alarms: Alarms): Alarms {
  return {
    getAlarm: alarms.getAlarm.bind(alarms),
    setAlarm: alarms.setAlarm.bind(alarms),
    deleteAlarm: alarms.deleteAlarm.bind(alarms),
  };
}
