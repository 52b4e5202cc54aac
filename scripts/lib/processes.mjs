// Which processes a process has started.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** The living processes that `pid` has started, directly or not: their ids, groups and names. */
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

/** Small images of Linux have no `ps`. What has ended is still listed for a while, without any memory. */
function processesOfLinux() {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.flatMap((id) => {
    try {
      // `12 (name) S 1 …`; the name may hold anything.
      const [, name, rest] = /\((.*)\) (.*)/s.exec(readFileSync(`/proc/${id}/stat`, 'utf8'));
      const { 1: parent, 2: group, 20: bytes } = rest.split(' ');
      return bytes === '0' ? [] : [processOf(name, id, parent, group)];
    } catch {
      return []; // It ended while we looked.
    }
  });
}

/** Of what has ended or is about to, the state is Z or has an E. */
function processesByPs() {
  const columns = 'pid=,ppid=,pgid=,stat=,comm=';
  const { stdout } = spawnSync('ps', ['-A', '-o', columns], { encoding: 'utf8' });
  return [...stdout.matchAll(/^ *(\d+) +(\d+) +(\d+) +[^ZE\s]+ +(.*)$/gm)].map(
    ([, pid, parent, group, name]) => processOf(name, pid, parent, group),
  );
}

function processOf(name, ...ids) {
  const [pid, parent, group] = ids.map(Number);
  return { pid, parent, group, name };
}
