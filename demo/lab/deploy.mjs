// `npm run deploy:lab`: builds the package and the page, and deploys the lab with `wrangler deploy`;
// what follows `--` goes to it, as in `npm run deploy:lab -- --dry-run`.
import { spawnSync } from 'node:child_process';
import { build } from '../../scripts/build/build.mjs';
import { bundlePage, CONFIG } from './server.mjs';

build();
await bundlePage();
const args = ['deploy', '--config', CONFIG, ...process.argv.slice(2)];
process.exitCode = spawnSync('wrangler', args, { stdio: 'inherit' }).status ?? 1;
