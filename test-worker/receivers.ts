/** Classes that choose what callers may do. */
import { type CallLimits, LumenizeBase } from '@lumenize/call';

export class Parent extends LumenizeBase {
  inherited(): string {
    return 'inherited';
  }
}

export class Chosen extends Parent {
  static readonly callable: readonly string[] = ['open', 'itself'] satisfies (keyof Chosen)[];

  open(): string {
    return 'open';
  }

  closed(): string {
    return 'closed';
  }

  itself(): this {
    return this;
  }
}

/** A subclass that opens less than its parent. */
export class Narrower extends Chosen {
  static override readonly callable: readonly string[] = ['itself'];
}

/** A list with a name that is no member. */
export class Misspelt extends Parent {
  static readonly callable = ['inherted'] as const;
}

export class Open extends LumenizeBase {
  static readonly exposes = ['ctx', 'env'] as const;
  declare readonly ctx: DurableObjectState<Record<never, never>>;
  declare readonly env: Cloudflare.Env;
  readonly own = 'own';

  private hiddenByTypes(): string {
    return `private, ${this.#hidden()}`;
  }

  protected guardedByTypes(): string {
    return `protected, ${this.hiddenByTypes()}`;
  }

  #hidden(): string {
    return 'and this is';
  }
}

export class Limited extends LumenizeBase {
  static readonly callLimits: CallLimits = { steps: 4 };

  echo<T>(value: T): T {
    return value;
  }
}

/** A class that accepts as much as any can. */
export class Roomy extends LumenizeBase {
  static readonly callLimits: CallLimits = {
    frameBytes: 2_097_152,
    steps: 65_536,
    names: 65_536,
    nameBytes: 4_096,
  };

  ping(): string {
    return 'pong';
  }
}

/** Limits that cannot be read. */
export class Unreadable extends LumenizeBase {
  static readonly callLimits = {
    get steps(): number {
      throw new RangeError('not today');
    },
  };

  ping(): string {
    return 'pong';
  }
}

export class Misconfigured extends LumenizeBase {
  static readonly callLimits = { stepz: 4 };

  open(): string {
    return 'open';
  }
}
