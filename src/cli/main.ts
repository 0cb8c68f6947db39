#!/usr/bin/env node
import 'reflect-metadata';
import { run } from './run.js';

const code = await run(process.argv.slice(2), {
  env: process.env,
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
});
if (code !== undefined) process.exitCode = code;
