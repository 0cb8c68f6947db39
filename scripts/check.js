// Everything that is checked before the tests run, in two lanes side by side. The first failure ends it with its output.
import { spawn } from 'node:child_process';

const LANES = [
  ['lint', 'format:check'],
  ['typecheck', 'build', 'build:examples'],
];

const running = new Set();

function run(script) {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['run', '-s', script], { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      running.delete(child);
      if (code === 0) resolve();
      else reject(new Error(`npm run ${script} failed:\n${output}`));
    });
  });
}

async function lane(scripts) {
  for (const script of scripts) {
    await run(script);
    console.log(`ok ${script}`);
  }
}

try {
  await Promise.all(LANES.map(lane));
} catch (error) {
  for (const child of running) child.kill();
  console.error(error.message);
  process.exitCode = 1;
}
