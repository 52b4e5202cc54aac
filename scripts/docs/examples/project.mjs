// Makes of examples a project that compiles and runs: files, and for all other blocks tests.
// Every line that is written knows where it came from.

/**
 * `// src/cart.ts` or `// src/cart.ts, in Cart`: the block is that file, or part of that class. `// src/index.ts,
 * now with all classes` is that file from now on.
 */
const FILE = /^\/\/ ([\w./-]+\.\w+)(?:, in (\w+)|(, now) .+)?$/;
/** `console.log(sum); // 11`: what the example shows; `// soon: 11` where a handler has to run first. */
const SHOWN = /^(\s*(?:.*? )?)console\.log\((.*)\); \/\/ (soon: )?(.+)$/;
/** Reads as an expression; anything else that is shown is text. */
const EXPRESSION = /^(?:[[{'].*[\]}']|-?[\d.]+|true|false|null|undefined)$/;
/** Where the tests are written. */
export const TESTS = 'test/examples.test.ts';
const EXPORT = /^export (?:class|interface|type|const|function) (\w+)/;
const IMPORT = /^import (type )?\{ ([^}]*) \} from '([^']+)';$/;

/** A file of the project: its lines, and where each came from. */
export class File {
  lines = [];
  origins = [];

  add(line, origin) {
    this.lines.push(line);
    this.origins.push(origin);
  }

  get text() {
    return `${this.lines.join('\n')}\n`;
  }
}

/** Collects the blocks of all pages. */
export class Project {
  /** Path → File. */
  files = new Map();
  /** What the examples say that they show: place → text. */
  #shown = new Map();
  /** Blocks that are no file. */
  #fragments = [];

  /** @returns What becomes of a block: 'file' or 'test'. */
  add(block) {
    const [, path, owner, replaces] = FILE.exec(block.code[0]) ?? [];
    if (!path) {
      this.#fragments.push(block);
      return 'test';
    }
    if (replaces && !this.files.delete(path)) {
      throw new Error(`${block.path}:${block.line}: there is no ${path} yet`);
    }
    if (owner) this.#insert(block, path, owner);
    else this.#append(block, path);
    return 'file';
  }

  #append(block, path) {
    if (!this.files.has(path)) this.files.set(path, new File());
    const file = this.files.get(path);
    this.#linesOf(block).forEach(([line, origin]) => {
      file.add(line, origin);
    });
  }

  /** Members go to the end of their class, what they import to the top of its file. */
  #insert(block, path, owner) {
    const file = this.files.get(path);
    const start = file?.lines.findIndex((line) => line.startsWith(`export class ${owner} `)) ?? -1;
    if (start < 0) throw new Error(`${block.path}:${block.line}: ${path} has no class ${owner}`);
    const end = file.lines.indexOf('}', start);
    const isImport = ([line]) => IMPORT.test(line);
    const lines = this.#linesOf(block);
    const put = (at, some) => {
      file.lines.splice(at, 0, ...some.map(([line]) => (IMPORT.test(line) ? line : `  ${line}`)));
      file.origins.splice(at, 0, ...some.map(([, origin]) => origin));
    };
    put(
      end,
      lines.filter((line) => !isImport(line)),
    );
    put(0, lines.filter(isImport));
  }

  /** Lines with their origins. What an example shows is kept, to be compared. */
  #linesOf(block) {
    return block.code.map((line, index) => {
      const origin = `${block.path}:${block.line + index}`;
      const [, before, value, soon, text] = SHOWN.exec(line) ?? [];
      if (text === undefined) {
        // On a page it would look compared, and would not be.
        if (line.includes('console.log(') && block.path.endsWith('.md')) {
          throw new Error(`${origin}: write what it shows, on one line: console.log(sum); // 11`);
        }
        return [line, origin];
      }
      const expected = EXPRESSION.test(text) ? `(${text})` : JSON.stringify(text);
      this.#shown.set(origin, { text, expected });
      const wait = soon
        ? `await vi.waitFor(async () => expect(${value}).toEqual(${expected}), 5_000); `
        : '';
      return [`${before}${wait}(globalThis.shown ??= []).push(['${origin}', ${value}]);`, origin];
    });
  }

  /** A script compares what it shows by itself, at its end. */
  #endScript(file) {
    const expected = file.origins.flatMap((origin) => {
      const shown = this.#shown.get(origin);
      this.#shown.delete(origin);
      return shown ? [`['${origin}', ${shown.expected}]`] : [];
    });
    const compare = `JSON.stringify(globalThis.shown) !== JSON.stringify([${expected}])`;
    file.add(`if (${compare}) throw new Error(JSON.stringify(globalThis.shown));`, file.origins[0]);
    file.add('declare global { var shown: [string, unknown][] | undefined }', file.origins[0]);
  }

  /**
   * One test for each block that is no file, and one for each thing shown.
   *
   * @param bindings - Class → name of its binding.
   * @param publicNames - What `@lumenize/call` exports.
   */
  addTests(bindings, publicNames) {
    for (const [path, script] of this.files) {
      if (path.startsWith('scripts/')) this.#endScript(script);
    }
    const bodies = this.#fragments.map((block) => ({ block, ...fragmentOf(this.#linesOf(block)) }));
    const file = new File();
    this.#addImports(
      file,
      publicNames,
      bodies.flatMap(({ imports }) => imports),
    );
    add(file, 'declare global { var shown: [string, unknown][] | undefined }');
    for (const body of bodies) addTest(file, body, bindings);
    for (const [place, { text, expected }] of this.#shown) {
      add(file, `test(${JSON.stringify(`${place} shows ${text}`)}, async () => {`);
      add(
        file,
        `  const shown = () => (globalThis.shown ?? []).filter(([at]) => at === '${place}');`,
      );
      add(file, '  await vi.waitUntil(() => shown().length > 0);');
      add(file, `  for (const [, value] of shown()) expect(value).toEqual(${expected});`, place);
      add(file, '});');
    }
    this.files.set(TESTS, file);
  }

  /** What every example may use: the runtime's and the package's names, and the page's own. */
  #addImports(file, publicNames, imports) {
    const names = new Map();
    const importFrom = (module, some) => {
      names.set(module, new Set([...(names.get(module) ?? []), ...some]));
    };
    importFrom('cloudflare:workers', ['DurableObject', 'env']);
    importFrom('cloudflare:test', ['createExecutionContext', 'runInDurableObject']);
    importFrom('cloudflare:test', ['waitOnExecutionContext']);
    importFrom('vitest', ['expect', 'test', 'vi']);
    importFrom('@lumenize/call', publicNames);
    for (const [path, { lines }] of this.files) {
      const exported = lines.flatMap((line) => EXPORT.exec(line)?.[1] ?? []);
      if (path.startsWith('src/') && exported.length > 0) {
        importFrom(`../${path.replace(/\.ts$/, '')}`, exported);
      }
    }
    for (const { module, some } of imports) importFrom(module.replace(/^\.\//, '../src/'), some);
    for (const [module, some] of names)
      add(file, `import { ${[...some].join(', ')} } from '${module}';`);
  }
}

function add(file, text, origin = 'scripts/docs/examples/project.mjs') {
  for (const line of text.split('\n')) file.add(line, origin);
}

/** An example is the body of a method of one of the page's objects. */
function addTest(file, { block, lines, isWorker }, bindings) {
  const { inside = 'Cart' } = block;
  const place = `${block.path}:${block.line}`;
  const binding = bindings.get(inside);
  if (!binding) throw new Error(`${place}: no binding holds ${inside}`);
  add(file, `test('${place}', () => runInDurableObject(env.${binding}.getByName('${place}'), `);
  add(file, `  (object) => (async function (this: ${inside}) {`);
  for (const [line, origin] of lines) file.add(line, origin);
  if (isWorker) add(file, FETCH);
  add(file, '}).call(object)));');
}

/** What a worker of an example answers; its calls are awaited, as the platform does. */
const FETCH = `  const ctx = createExecutionContext();
  const response = await worker.fetch(new Request('http://localhost/') as never, env, ctx);
  expect(response.status).toBeLessThan(300);
  await waitOnExecutionContext(ctx);`;

/** A block as the body of a function: imports go to the top of the file, exports have no place. */
function fragmentOf(lines) {
  const imports = lines.flatMap(([line]) => {
    const [, , names, module] = IMPORT.exec(line) ?? [];
    return module
      ? [{ module, some: names.split(', ').map((name) => name.replace('type ', '')) }]
      : [];
  });
  const inside = lines
    .filter(([line]) => !IMPORT.test(line))
    .map(([line, origin]) => [
      line.replace(/^export default \{/, 'const worker = {').replace(/^export /, ''),
      origin,
    ]);
  const isWorker = lines.some(([line]) => line.startsWith('export default {'));
  return { imports, lines: inside, isWorker };
}
