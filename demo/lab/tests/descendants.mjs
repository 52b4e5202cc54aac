// Which processes a process has started, and which of them are alive.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** The living processes that `pid` has started, directly or not: their ids and names. */
export function descendantsOf(pid) {
  const all = processes();
  const found = all.filter(({ parent }) => parent === pid);
  // The list grows while it is walked: children are appended behind their parents.
  for (const one of found) found.push(...all.filter(({ parent }) => parent === one.pid));
  return found;
}

/** Those of the ids whose processes are alive. */
export function aliveOf(ids) {
  const alive = new Set(processes().map(({ pid }) => pid));
  return ids.filter((pid) => alive.has(pid));
}

function processes() {
  return existsSync('/proc/self/stat') ? processesOfLinux() : processesByPs();
}

/** Small images of Linux have no `ps`. A zombie has ended, and only its exit code is left. */
function processesOfLinux() {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.flatMap((id) => {
    try {
      // `12 (name) S 1 …`; the name may hold anything.
      const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
      const [, name, state, parent] = /\((.*)\) (\S) (\d+)/s.exec(stat);
      return state === 'Z' ? [] : [{ pid: Number(id), parent: Number(parent), name }];
    } catch {
      return []; // It ended while we looked.
    }
  });
}

function processesByPs() {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,comm='], { encoding: 'utf8' });
  return [...stdout.matchAll(/^ *(\d+) +(\d+) +([^Z\s]\S*) +(.*)$/gm)].map(
    ([, pid, parent, , name]) => ({ pid: Number(pid), parent: Number(parent), name }),
  );
}
