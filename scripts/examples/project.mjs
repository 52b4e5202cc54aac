// Makes of examples a project that compiles and runs: files, and for all other blocks tests.
// Every line that is written knows where it came from.

/** `// src/cart.ts` or `// src/cart.ts, in Cart`: the block is that file, or part of that class. */
const FILE = /^\/\/ ([\w./-]+\.\w+)(?:, in (\w+))?$/;
/** `console.log(sum); // 11`: what the example shows. */
const SHOWN = /^(\s*(?:.*? )?)console\.log\((.*)\); \/\/ (.+)$/;
/** Reads as an expression; anything else that is shown is text. */
const EXPRESSION = /^(?:[[{'"`\d-]|(?:true|false|null|undefined)$)/;
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
    const [, path, owner] = FILE.exec(block.code[0]) ?? [];
    if (!path) {
      this.#fragments.push(block);
      return 'test';
    }
    const isComment = /\.(?:ts|jsonc)$/.test(path);
    if (!isComment) throw new Error(`${block.path}:${block.line}: what kind of file is ${path}?`);
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
      file.lines.splice(at, 0, ...some.map(([line]) => line));
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
      const [, before, value, text] = SHOWN.exec(line) ?? [];
      if (text === undefined) return [line, origin];
      this.#shown.set(origin, text);
      return [`${before}(globalThis.shown ??= []).push(['${origin}', ${value}]);`, origin];
    });
  }

  /**
   * One test for each block that is no file, and one for each thing shown.
   *
   * @param bindings - Class → name of its binding.
   * @param publicNames - What `@lumenize/call` exports.
   * @returns How many tests there are.
   */
  addTests(bindings, publicNames) {
    const file = new File();
    const add = (text, origin = 'scripts/examples/project.mjs') => {
      for (const line of text.split('\n')) file.add(line, origin);
    };
    const bodies = this.#fragments.map((block) => ({ block, ...fragmentOf(this.#linesOf(block)) }));
    const imports = new Map();
    const importFrom = (module, names) => {
      if (!imports.has(module)) imports.set(module, new Set());
      for (const name of names) imports.get(module).add(name);
    };
    importFrom('cloudflare:workers', ['env']);
    importFrom('cloudflare:test', [
      'runInDurableObject',
      'createExecutionContext',
      'waitOnExecutionContext',
    ]);
    importFrom('vitest', ['expect', 'test', 'vi']);
    importFrom('@lumenize/call', publicNames);
    for (const [path, { lines }] of this.files) {
      if (!path.startsWith('src/')) continue;
      const exported = lines.flatMap(
        (line) => /^export (?:class|interface|type|const|function) (\w+)/.exec(line)?.[1] ?? [],
      );
      if (exported.length > 0) importFrom(`../${path.replace(/\.ts$/, '')}`, exported);
    }
    for (const { imports } of bodies) {
      for (const { module, names } of imports) importFrom(module.replace(/^\.\//, '../src/'), names);
    }
    for (const [module, names] of imports) add(`import { ${[...names].join(', ')} } from '${module}';`);
    add('declare global { var shown: [string, unknown][] | undefined }');
    for (const { block, lines, isWorker } of bodies) {
      const { inside = 'Cart' } = block;
      const place = `${block.path}:${block.line}`;
      const binding = bindings.get(inside);
      if (!binding) throw new Error(`${place}: no binding holds ${inside}`);
      add(`test('${place}', () => runInDurableObject(env.${binding}.getByName('${place}'), `);
      add(`  (object) => (async function (this: ${inside}) {`);
      for (const [line, origin] of lines) file.add(line, origin);
      if (isWorker) add(FETCH);
      add('}).call(object)));');
    }
    for (const [place, text] of this.#shown) {
      const expected = EXPRESSION.test(text) ? `(${text})` : JSON.stringify(text);
      add(`test(${JSON.stringify(`${place} shows ${text}`)}, async () => {`);
      add(`  const shown = () => (globalThis.shown ?? []).filter(([at]) => at === '${place}');`);
      add('  await vi.waitUntil(() => shown().length > 0);');
      add(`  for (const [, value] of shown()) expect(value).toEqual(${expected});`, place);
      add('});');
    }
    this.files.set('test/examples.test.ts', file);
    return this.#fragments.length + this.#shown.size;
  }
}

/** What a worker of an example answers; its calls are awaited, as the platform does. */
const FETCH = `  const ctx = createExecutionContext();
  const response = await worker.fetch(new Request('http://localhost/') as never, env, ctx);
  expect(response.status).toBeLessThan(300);
  await waitOnExecutionContext(ctx);`;

/** A block as the body of a function: imports go to the top of the file, exports have no place. */
function fragmentOf(lines) {
  const imports = [];
  let isWorker = false;
  const body = lines.filter(([line]) => {
    const [, , names, module] = IMPORT.exec(line) ?? [];
    if (module) imports.push({ module, names: names.split(', ').map((name) => name.replace('type ', '')) });
    return !module;
  });
  const inside = body.map(([line, origin]) => {
    if (line.startsWith('export default {')) isWorker = true;
    const text = line
      .replace(/^export default \{/, 'const worker = {')
      .replace(/^export /, '');
    return [text, origin];
  });
  return { imports, lines: inside, isWorker };
}
