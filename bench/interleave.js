import { cpuSeconds } from './processes.js';

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * @typedef {object} Contender
 * @property {number} pid of the process whose work is measured
 * @property {() => Promise<unknown>} [prepare] before each turn, not measured
 * @property {() => Promise<{ count: number, ms: number }>} run
 */

/**
 * Runs the contenders in turn, `rounds` times, each round beginning with another one: what disturbs the machine for a
 * while disturbs them alike.
 * @param {Record<string, Contender>} contenders
 * @param {number} rounds
 * @returns {Promise<Record<string, { rate: number, low: number, high: number, cpuMicros: number, busy: number }>>}
 * `rate`: per second, the median, between `low` and `high`; `cpuMicros`: CPU of the process for one unit; `busy`: share of a core
 */
export async function interleave(contenders, rounds) {
  const names = Object.keys(contenders);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length];
      const { pid, prepare, run } = contenders[name];
      await prepare?.();
      const before = cpuSeconds(pid);
      const { count, ms } = await run();
      const cpu = (cpuSeconds(pid) ?? Number.NaN) - (before ?? Number.NaN);
      samples[name].push({ rate: (count / ms) * 1_000, cpuMicros: (cpu / count) * 1e6, busy: cpu / (ms / 1_000) });
      process.stderr.write('.');
    }
  }
  return Object.fromEntries(names.map((name) => [name, summarise(samples[name])]));
}

/** The middle of values and their ends, as `interleave` gives them for rates. @param {number[]} values */
export function spread(values) {
  return { rate: median(values), low: Math.min(...values), high: Math.max(...values) };
}

function summarise(samples) {
  return {
    ...spread(samples.map(({ rate }) => rate)),
    cpuMicros: median(samples.map(({ cpuMicros }) => cpuMicros)),
    busy: median(samples.map(({ busy }) => busy)),
  };
}
