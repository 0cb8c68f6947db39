/**
 * The main job on real input: a service and a receiver, two processes of their own; every example payload of GitHub's webhooks
 * published, signalled, fetched and compared byte for byte, while both processes are killed and come back.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { AdminClient } from './admin-client.js';
import { killAll } from './child.js';
import { compare } from './comparison.js';
import { Narrator } from './narrator.js';
import { readPayloads } from './payloads.js';
import { freePort, temporaryDirectory } from './places.js';
import { receiverProcess, serviceProcess } from './processes.js';
import { publishAll } from './publishing.js';
import { report } from './report.js';
import { Tally } from './tally.js';

/** It takes about 25 s; this is for machines on which something hangs. */
const GIVE_UP_AFTER_MS = 120_000;
/** For what is still on its way when the last payload is published. */
const DRAINED_WITHIN_MS = 15_000;
const RECEIVER_AWAY_MS = 1_500;

const narrator = new Narrator();
const tally = new Tally();
const directory = await temporaryDirectory();

/** Ends the demo: a process died by itself, somebody pressed Ctrl-C, it takes too long. */
let fail;
const failed = new Promise((_, reject) => (fail = reject));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => fail(new Error(`Stopped by ${signal}`)));
process.once('uncaughtException', fail);
setTimeout(() => fail(new Error(`Not done after ${GIVE_UP_AFTER_MS / 1000} s`)), GIVE_UP_AFTER_MS);

let success = false;
try {
  success = await Promise.race([run(), failed]);
} catch (error) {
  console.error(`\n${error.message}`);
  if (error.cause) console.error(String(error.cause));
} finally {
  killAll();
  await directory.remove();
}
process.exit(success ? 0 : 1);

/** @returns {Promise<boolean>} whether nothing was lost */
async function run() {
  const payloads = readPayloads();
  const ports = { service: await freePort(), receiver: await freePort() };
  const adminKey = randomBytes(24).toString('base64url');
  const url = `http://127.0.0.1:${ports.service}`;

  narrator.title('Signpost: thin signals out, payloads fetched');
  const service = serviceProcess({ directory, port: ports.service, adminKey, onCrash: fail });
  service.start();
  const admin = new AdminClient(url, adminKey);
  await admin.ready();
  narrator.note(`the service is up at ${url}, on an empty SQLite file`);

  const receiver = await admin.create('/admin/v1/receivers', { name: 'Demo' });
  const credential = await admin.create(`/admin/v1/receivers/${receiver.id}/credentials`, { name: 'Demo' });
  const endpoint = await admin.create(`/admin/v1/receivers/${receiver.id}/endpoints`, {
    url: `http://127.0.0.1:${ports.receiver}/signals`,
    eventTypes: ['github.*'],
    minInterval: 400,
  });
  const consumer = receiverProcess({ directory, ports, url, credential, endpoint, onCrash: fail, narrator, tally });
  consumer.start();
  narrator.note('the receiver is up: plain node:http, an API key, a signing secret');

  narrator.title(`Publishing ${payloads.length} real payloads of GitHub's webhooks`);
  const disasters = [];
  const published = await publishAll({
    admin,
    payloads,
    narrator,
    at: {
      [Math.floor(payloads.length * 0.25)]: () => disasters.push(loseReceiver(consumer).catch(fail)),
      [Math.floor(payloads.length * 0.6)]: () => disasters.push(loseService(service, admin).catch(fail)),
    },
  });
  await Promise.all(disasters);
  const deadline = Date.now() + DRAINED_WITHIN_MS;
  while (tally.stored < published.size && Date.now() < deadline) await pause(50);

  narrator.done = true;
  const attempts = await admin.get(`/admin/v1/endpoints/${endpoint.id}/signals?limit=1000`);
  const comparison = await compare(directory.file('received.ndjson'), published);
  return report({ payloads, published, admin, tally, attempts: attempts.items, comparison, seconds: narrator.elapsed });
}

async function loseReceiver(consumer) {
  // With a page in its hands that it has not stored yet, or hardly.
  await new Promise((resolve) => (tally.onNextPage = resolve));
  await consumer.kill();
  narrator.disaster('the receiver got SIGKILL; publishing goes on, signals fail');
  await pause(RECEIVER_AWAY_MS);
  consumer.start();
  narrator.recovery('the receiver is back and goes on from the cursor that it had stored');
}

async function loseService(service, admin) {
  await service.kill();
  narrator.disaster('the service got SIGKILL, in the middle of a request; the producer repeats what was not answered');
  service.start();
  await admin.ready();
  narrator.recovery('the service is back, on the same file');
}
