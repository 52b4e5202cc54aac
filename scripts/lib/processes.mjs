// Which processes a process has started, and which of them are alive.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** The living processes that `pid` has started, directly or not: their ids, names and groups. */
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

/** All living processes of this machine. */
export function processes() {
  return existsSync('/proc/self/stat') ? processesOfLinux() : processesByPs();
}

/** Small images of Linux have no `ps`. A zombie has ended, and only its exit code is left. */
function processesOfLinux() {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.flatMap((id) => {
    try {
      // `12 (name) S 1 …`; the name may hold anything.
      const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
      const [, name, state, ...ids] = /\((.*)\) (\S) (\d+) (\d+)/s.exec(stat);
      return state === 'Z' ? [] : [processOf(name, id, ...ids)];
    } catch {
      return []; // It ended while we looked.
    }
  });
}

function processesByPs() {
  const columns = 'pid=,ppid=,pgid=,stat=,comm=';
  const { stdout } = spawnSync('ps', ['-A', '-o', columns], { encoding: 'utf8' });
  return [...stdout.matchAll(/^ *(\d+) +(\d+) +(\d+) +[^Z\s]\S* +(.*)$/gm)].map(
    ([, pid, parent, group, name]) => processOf(name, pid, parent, group),
  );
}

function processOf(name, ...ids) {
  const [pid, parent, group] = ids.map(Number);
  return { pid, parent, group, name };
}
