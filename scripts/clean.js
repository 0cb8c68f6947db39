import { rmSync } from 'node:fs';

// A file that was renamed or deleted in the sources must not live on in what is built of them.
const folder = process.argv[2] === 'build' ? 'build' : 'dist';
rmSync(new URL(`../${folder}`, import.meta.url), { recursive: true, force: true });
