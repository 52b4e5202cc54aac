// `npm run experiment:deploy`: builds the package and deploys experiments/calls to your Cloudflare
// account; `-- --dry-run` deploys nothing. Anybody who has its address can run it, on your bill: delete it
// afterwards by `npm run experiment:deploy -- delete`.
import { build } from '../../scripts/build/build.mjs';
import { run } from '../../scripts/lib/spawn.mjs';

const [first, ...rest] = process.argv.slice(2);
const isDelete = first === 'delete';
if (!isDelete) build();
const command = isDelete ? ['delete', ...rest] : ['deploy', ...(first ? [first] : []), ...rest];
const config = ['--config', 'experiments/calls/wrangler.jsonc'];
run('wrangler', [...command, ...config]);
