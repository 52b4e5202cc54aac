// `npm run format`: formats Rust and TypeScript, and applies the linter's safe fixes.
import { spawnSync } from 'node:child_process';

for (const [command, ...args] of [
  ['cargo', 'fmt'],
  ['biome', 'check', '--write', '.'],
]) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  process.exitCode ||= status;
}
