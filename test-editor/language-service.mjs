// One face of TypeScript's language services: 5.9 and 6 by their API, 7 by its server (LSP).
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
/** Packages of the versions that have an API. */
const WITH_API = { 5.9: 'typescript59', 6: 'typescript6' };
export const VERSIONS = ['5.9', '6', '7'];

/**
 * Opens a project. What it says of a position in a file:
 *
 * - `hover`: the text that an editor shows;
 * - `definition`, `references`, `rename`: places, as `file:line:column`;
 * - `completions`: names, without keywords and globals;
 * - `completionsInString`: what may stand in the string that begins there;
 *
 * and `mistakes` of a file: the first line of each, with its code.
 */
export async function open(version, config) {
  const api = WITH_API[version];
  if (api) return new ByApi(require(api), config);
  // The server finds the configuration by itself, beside each file.
  const { default: executable } = await import('../node_modules/typescript/lib/getExePath.js');
  return new ByServer(executable()).started();
}

/** A place in a file, counted from 1, as editors show it. */
export function place(file, text, position) {
  return placeAt(file, lineAndCharacter(text, position));
}

function placeAt(file, { line, character }) {
  return `${file.split('/').at(-1)}:${line + 1}:${character + 1}`;
}

/** Counted from 0, as servers want it. */
function lineAndCharacter(text, position) {
  const lines = text.slice(0, position).split('\n');
  return { line: lines.length - 1, character: lines.at(-1).length };
}

const firstLine = (text) => text.split('\n')[0];

class ByApi {
  #ts;
  #service;

  constructor(ts, config) {
    this.#ts = ts;
    const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail };
    const { fileNames, options } = ts.getParsedCommandLineOfConfigFile(config, {}, host);
    this.#service = ts.createLanguageService({
      ...ts.sys,
      useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
      getScriptFileNames: () => fileNames,
      getScriptVersion: () => '0',
      getScriptSnapshot: (file) => {
        const text = ts.sys.readFile(file);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCompilationSettings: () => options,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
    });
  }

  #places(found) {
    return (found ?? []).map(({ fileName, textSpan }) =>
      place(fileName, readFileSync(fileName, 'utf8'), textSpan.start),
    );
  }

  async hover(file, position) {
    const { displayParts, documentation } =
      this.#service.getQuickInfoAtPosition(file, position) ?? {};
    return [displayParts, documentation]
      .map((parts) => this.#ts.displayPartsToString(parts))
      .join('\n');
  }

  async definition(file, position) {
    return this.#places(this.#service.getDefinitionAtPosition(file, position));
  }

  async references(file, position) {
    const found = this.#service.findReferences(file, position) ?? [];
    return this.#places(found.flatMap(({ references }) => references));
  }

  async rename(file, position) {
    return this.#places(this.#service.findRenameLocations(file, position, false, false, {}));
  }

  async completions(file, position) {
    const { entries = [], isMemberCompletion } =
      this.#service.getCompletionsAtPosition(file, position, {}) ?? {};
    return isMemberCompletion ? entries.map(({ name }) => name) : [];
  }

  async completionsInString(file, position) {
    const { entries = [] } = this.#service.getCompletionsAtPosition(file, position + 1, {}) ?? {};
    return entries.map(({ name }) => name);
  }

  async mistakes(file) {
    return this.#service.getSemanticDiagnostics(file).map(({ code, messageText, start }) => ({
      at: start,
      text: `TS${code} ${firstLine(this.#ts.flattenDiagnosticMessageText(messageText, '\n'))}`,
    }));
  }

  close() {
    this.#service.dispose();
  }
}

function fail(diagnostic) {
  throw new Error(String(diagnostic.messageText));
}

const CLIENT = {
  hover: { contentFormat: ['plaintext'] },
  rename: { prepareSupport: false },
  diagnostic: {},
};

class ByServer {
  #server;
  #waiting = new Map();
  #latest = 0;
  #opened = new Map();

  constructor(executable) {
    this.#server = spawn(executable, ['--lsp', '--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] });
    let left = Buffer.alloc(0);
    this.#server.stdout.on('data', (more) => {
      left = Buffer.concat([left, more]);
      for (let message = takeMessage(left); message; message = takeMessage(left)) {
        left = message.left;
        this.#receive(message.content);
      }
    });
  }

  async started() {
    const rootUri = pathToFileURL(fileURLToPath(new URL('..', import.meta.url))).href;
    const capabilities = { textDocument: CLIENT };
    await this.#ask('initialize', { processId: process.pid, rootUri, capabilities });
    this.#send({ method: 'initialized', params: {} });
    return this;
  }

  #send(message) {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#server.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  #ask(method, params) {
    this.#latest += 1;
    const id = this.#latest;
    this.#send({ id, method, params });
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #receive({ id, method, params, result, error }) {
    // It asks for settings, which nobody has.
    if (method) {
      if (id !== undefined) this.#send({ id, result: params?.items?.map(() => null) ?? null });
      return;
    }
    const { resolve, reject } = this.#waiting.get(id) ?? {};
    this.#waiting.delete(id);
    if (error) reject?.(new Error(error.message));
    else resolve?.(result);
  }

  #textOf(file) {
    let text = this.#opened.get(file);
    if (text === undefined) {
      text = readFileSync(file, 'utf8');
      this.#opened.set(file, text);
      const uri = pathToFileURL(file).href;
      const textDocument = { uri, languageId: 'typescript', version: 1, text };
      this.#send({ method: 'textDocument/didOpen', params: { textDocument } });
    }
    return text;
  }

  #at(file, position) {
    return {
      textDocument: { uri: pathToFileURL(file).href },
      position: lineAndCharacter(this.#textOf(file), position),
    };
  }

  #places(found) {
    return [found ?? []].flat().map(({ uri, range }) => placeAt(fileURLToPath(uri), range.start));
  }

  async hover(file, position) {
    const found = await this.#ask('textDocument/hover', this.#at(file, position));
    return found?.contents?.value ?? String(found?.contents ?? '');
  }

  async definition(file, position) {
    return this.#places(await this.#ask('textDocument/definition', this.#at(file, position)));
  }

  async references(file, position) {
    const context = { includeDeclaration: true };
    const at = { ...this.#at(file, position), context };
    return this.#places(await this.#ask('textDocument/references', at));
  }

  async rename(file, position) {
    const at = { ...this.#at(file, position), newName: 'renamed' };
    const { changes = {}, documentChanges = [] } = await this.#ask('textDocument/rename', at);
    const edits = [
      ...Object.entries(changes).map(([uri, ranges]) => ({ uri, ranges })),
      ...documentChanges.map(({ textDocument: { uri }, edits: ranges }) => ({ uri, ranges })),
    ];
    return edits.flatMap(({ uri, ranges }) =>
      this.#places(ranges.map(({ range }) => ({ uri, range }))),
    );
  }

  async completions(file, position) {
    const found = await this.#ask('textDocument/completion', this.#at(file, position));
    return (found?.items ?? found ?? []).map(({ label }) => label.replace(/\?$/, ''));
  }

  completionsInString(file, position) {
    return this.completions(file, position + 1);
  }

  async mistakes(file) {
    const text = this.#textOf(file);
    const textDocument = { uri: pathToFileURL(file).href };
    const { items } = await this.#ask('textDocument/diagnostic', { textDocument });
    const starts = [0];
    for (const line of text.split('\n')) starts.push(starts.at(-1) + line.length + 1);
    return items
      .filter(({ severity }) => severity === 1)
      .map(({ code, message, range: { start } }) => ({
        at: starts[start.line] + start.character,
        text: `TS${code} ${firstLine(message)}`,
      }));
  }

  close() {
    this.#server.kill();
  }
}

/** The first message of what a server has written, if it is there as a whole. */
function takeMessage(written) {
  const end = written.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const length = Number(/Content-Length: (\d+)/i.exec(written.subarray(0, end).toString())[1]);
  const start = end + 4;
  if (written.length < start + length) return undefined;
  const content = JSON.parse(written.subarray(start, start + length).toString());
  return { content, left: written.subarray(start + length) };
}
