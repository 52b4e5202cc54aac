// `node scripts/release/check-tag.mjs v0.1.0`: fails unless that is the tag of the version in Cargo.toml, and
// CHANGELOG.md has a heading for it, with its date.
import { readFileSync } from 'node:fs';

/** @returns What is wrong with a tag; `undefined` if nothing is. */
export function problemOf(tag, cargoToml, changelog) {
  const version = /^version = "(.+)"$/m.exec(cargoToml)[1];
  if (tag !== `v${version}`) return `the tag is ${tag}, but Cargo.toml has version ${version}`;
  const heading = changelog.split('\n').find((line) => line.startsWith(`## ${version},`));
  if (!heading) return `CHANGELOG.md has no heading '## ${version}, <date>'`;
  const isDated = /, \d{4}-\d{2}-\d{2}$/.test(heading);
  return isDated ? undefined : `CHANGELOG.md says '${heading}': write the date`;
}

if (process.argv[1].endsWith('check-tag.mjs')) {
  const [cargoToml, changelog] = ['Cargo.toml', 'CHANGELOG.md'].map((path) =>
    readFileSync(path, 'utf8'),
  );
  const problem = problemOf(process.argv[2], cargoToml, changelog);
  if (problem) console.error(`check-tag: ${problem}`);
  process.exitCode = problem ? 1 : 0;
}
