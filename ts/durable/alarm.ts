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

/** While their handler runs. */
interface Running {
  /** How often it has thrown for this alarm. */
  readonly retries: number;
  /** What it has set, if it has. */
  set?: number | null;
}

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
  #running: Running | undefined;
  /** How often their alarm has changed. */
  #changes = 0;

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
    let row = this.#row();
    while (row === undefined) {
      const changes = this.#changes;
      const theirs = await this.#real.getAlarm();
      row = this.#row();
      // They have changed theirs meanwhile, or another wake-up was asked for.
      if (row !== undefined || changes !== this.#changes) continue;
      if (this.#running) row = { ours: null, ...afterwards(this.#running) };
      else row = { ours: null, theirs, retries: 0 };
      // Their handler has thrown and the runtime will repeat it, which wakes us, too.
      if (!this.#running && theirs !== null && theirs <= Date.now()) {
        this.#kv.put(ROW, { ...row, ours: this.#wanted });
        return;
      }
    }
    await this.#put({ ...row, ours: this.#wanted });
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
    const running: Running = { retries };
    this.#running = running;
    this.#changes += 1;
    let failure: { error: unknown } | undefined;
    try {
      await theirs(info);
    } catch (error) {
      failure = { error };
    }
    this.#running = undefined;
    this.#changes += 1;
    const row = this.#row();
    // Without a row the runtime keeps what they have set, and their retries.
    if (row !== undefined) {
      const { set = null } = running;
      const next = failure ? afterwards(running) : { theirs: set, retries: 0 };
      await this.#put({ ours: row.ours, ...next });
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
    const isValid = time === null || time > 0;
    if (isValid) this.#changes += 1;
    if (isValid && this.#running) this.#running.set = time;
    const row = this.#row();
    if (row !== undefined && isValid) {
      return this.#put({ ...row, theirs: time, retries: 0 }, real);
    }
    // The runtime says what is wrong with it.
    return time === null ? real.deleteAlarm(options) : real.setAlarm(time, options);
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

/** What is set for them if their handler ends now, other than well: what they have set, or its next run. */
function afterwards({ set, retries }: Running): Omit<AlarmRow, 'ours'> {
  if (set !== undefined) return { theirs: set, retries: 0 };
  if (retries >= MOST_RETRIES) return { theirs: null, retries: 0 };
  return { theirs: Date.now() + FIRST_RETRY_MS * 2 ** retries, retries: retries + 1 };
}

function bound(alarms: Alarms): Alarms {
  return {
    getAlarm: alarms.getAlarm.bind(alarms),
    setAlarm: alarms.setAlarm.bind(alarms),
    deleteAlarm: alarms.deleteAlarm.bind(alarms),
  };
}
