/** As much of what formats values as the tests need: the types of Node are not those of the runtime. */
declare module 'node:util' {
  export function inspect(value: unknown): string;
  export function stripVTControlCharacters(text: string): string;
}
