// Work that need not be done again while all that it is made of is what it was.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Does the work, unless the file says that it has been done with these very inputs. */
export function unlessDone(stampFile, inputs, work) {
  const hash = createHash('sha256');
  for (const path of inputs) hash.update(readFileSync(path));
  const stamp = hash.digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  rmSync(stampFile, { force: true });
  work();
  writeFileSync(stampFile, stamp);
}
