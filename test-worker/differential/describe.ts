/** How a value looks to its receiver, as text. */
import { RpcStub } from 'cloudflare:workers';

/** UTF-16 code units of a string, and properties of an object, that are shown. */
const SHOWN = 100;
const BEGINNING = 3;

/** Everything of a value that its receiver can see, as text. Ids of objects have names of plans. */
export function describe(value: unknown, nameOfId = (id: string): string => id): string {
  return new Describer(nameOfId).describe(value);
}

/** Own properties that are described apart. */
const IMPLIED: readonly (string | symbol)[] = [Symbol.dispose, 'length', 'lastIndex'];

/** What an error has of its own, or by its class: described apart, or left out for a reason. */
const OF_ERRORS: ReadonlySet<string> = new Set([
  'name',
  'message',
  // Documented: the stack of ours has both sides; Workers RPC loses that of the target.
  'stack',
]);

class Describer {
  readonly #seen = new Map<object, number>();

  constructor(readonly nameOfId: (id: string) => string) {}

  describe(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return JSON.stringify(
          value.length > SHOWN ? `${value.slice(0, BEGINNING)}… ${value.length}` : value,
        );
      case 'bigint':
        return `${value}n`;
      case 'number':
        return Object.is(value, -0) ? '-0' : String(value);
      case 'function':
        return value instanceof RpcStub ? 'stub' : 'function';
      case 'object':
        return value === null ? 'null' : this.#describeObject(value);
      default:
        return String(value);
    }
  }

  #describeObject(object: object): string {
    const number = this.#seen.get(object);
    if (number !== undefined) return `#${number}`;
    this.#seen.set(object, this.#seen.size);
    const disposer = Object.getOwnPropertyDescriptor(object, Symbol.dispose);
    const hasDisposer = typeof disposer?.value === 'function' ? ' with a disposer' : '';
    return `${this.#prototypeOf(object)}${this.#contentOf(object)}${hasDisposer}`;
  }

  #prototypeOf(object: object): string {
    const prototype: object | null = Object.getPrototypeOf(object);
    if (prototype === Object.prototype || prototype === Array.prototype) return '';
    return `${prototype?.constructor.name ?? 'no prototype'} `;
  }

  #contentOf(object: object): string {
    if (object instanceof Error) return this.#errorOf(object);
    if (object instanceof Headers) return JSON.stringify([...object]);
    if (object instanceof ArrayBuffer) return `bytes ${new Uint8Array(object)}`;
    if (ArrayBuffer.isView(object)) {
      return `bytes ${new Uint8Array(object.buffer, object.byteOffset, object.byteLength)} of ${object.buffer.byteLength}`;
    }
    return `${this.#insideOf(object)}${this.#propertiesOf(object)}`;
  }

  #insideOf(object: object): string {
    if (object instanceof Date) return `${Date.prototype.getTime.call(object)} `;
    if (object instanceof RegExp) return `${RegExp.prototype.toString.call(object)} `;
    if (object instanceof String || object instanceof Number) {
      return `${this.describe(object.valueOf())} `;
    }
    if (object instanceof Map) {
      const entries = [...Map.prototype.entries.call(object)];
      return `(${entries.map(([key, item]) => `${this.describe(key)} => ${this.describe(item)}`)}) `;
    }
    if (object instanceof Set) {
      return `(${[...Set.prototype.values.call(object)].map((item) => this.describe(item))}) `;
    }
    return '';
  }

  /** Own properties, symbols and hidden ones among them, in their order; of an array, with its length. */
  #propertiesOf(object: object): string {
    const keys = Reflect.ownKeys(object).filter((key) => !IMPLIED.includes(key));
    const parts = keys.map((key) => this.#property(object, key));
    const text =
      parts.length > SHOWN ? `${parts.length} beginning with ${parts[0]}` : parts.join(', ');
    return Array.isArray(object) ? `[${text}] of ${object.length}` : `{${text}}`;
  }

  #property(object: object, key: string | symbol): string {
    const property = Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor;
    const content = 'value' in property ? this.describe(property.value) : 'getter';
    return `${property.enumerable ? '' : 'hidden '}${String(key)}: ${content}`;
  }

  #errorOf(error: Error): string {
    const parts: string[] = [];
    // In alphabetical order, hidden or not: neither is a matter of meaning where an error is rebuilt.
    for (const key of Reflect.ownKeys(error).map(String).sort()) {
      if (
        OF_ERRORS.has(key) ||
        (error instanceof DOMException && key === 'code') ||
        key === 'Symbol(Symbol.dispose)'
      )
        continue;
      const property: unknown = Reflect.get(error, key);
      const text =
        key === 'durableObjectId' ? this.nameOfId(String(property)) : this.describe(property);
      parts.push(`${key}: ${text}`);
    }
    return `${error.name} ${JSON.stringify(error.message)} {${parts.join(', ')}}`;
  }
}
