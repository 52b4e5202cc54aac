/** Forms of programs, which find an encoded program again. */

/**
 * The form of a program is everything but its native values: a path of tokens, in the order of
 * flattening. Programs of one form are encoded once for each isolate: 200 calls would take 3 times as long
 * without, 1,000 almost 4 times. Finding a form allocates nothing.
 */
class Forms {
  /** Values by the number of a form; 0 is the empty form. */
  readonly values: (string | undefined)[] = [undefined];
  /** The number of a form, by the number of the form it continues and a token. */
  readonly #next = new Map<number, number>();

  get isFull(): boolean {
    return this.values.length > MOST_FORMS;
  }

  with(form: number, token: number): number {
    const key = form * Token.Count + token;
    const known = this.#next.get(key);
    if (known !== undefined) return known;
    this.#next.set(key, this.values.length);
    return this.values.push(undefined) - 1;
  }
}

/** The tokens of a form. Counts of arguments are the lowest numbers. */
export const enum Token {
  /** A continuation as the first argument; the next number means the second argument, and so on. */
  Nested = 1_024,
  /** The end of a nested continuation. */
  NestedEnd = 2_048,
  /** Names, in the order in which they first appear. */
  FirstName = 2_049,
  /** More than all tokens. */
  Count = 1 << 16,
}

/** The largest tree that has a form, and the longest name in it. */
export const MOST_IN_FORM = { nodes: 20, nameLength: 200, arguments: 1_000 };

/** Forms are forgotten when there are so many: a class has few, and a flood of them is hostile. */
const MOST_FORMS = 4_000;

let names = new Map<string, number>();
export let frames = new Forms();

export function forgetFormsOfAFlood(): void {
  if (!frames.isFull) return;
  names = new Map();
  frames = new Forms();
}

/** A form has at most as many names as steps, so tokens outlast the forms. */
export function tokenOf(name: string): number {
  let token = names.get(name);
  if (token === undefined) {
    token = Token.FirstName + names.size;
    names.set(name, token);
  }
  return token;
}
