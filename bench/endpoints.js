/** Created at once. */
const CREATING = 20;
const TENANT = 'bench';

/** What `endpointsFor` creates gets this: one event goes to all of them. */
export const EVENT = { type: 'invoice.paid', tenant: TENANT, data: { amount: 1_250 } };

/** One endpoint for each port of the loopback, all of one receiver, through the admin API. */
export async function endpointsFor(service, ports) {
  const receiver = await service.admin('POST', '/receivers', { tenant: TENANT, name: 'fan-out' });
  const waiting = [...ports];
  const worker = async () => {
    for (let port = waiting.pop(); port !== undefined; port = waiting.pop()) {
      const endpoint = { url: `http://127.0.0.1:${port}/`, eventTypes: ['invoice.*'] };
      await service.admin('POST', `/receivers/${receiver.id}/endpoints`, endpoint);
    }
  };
  await Promise.all(Array.from({ length: CREATING }, worker));
  return receiver;
}

/**
 * Events one after the other, each from the POST that publishes it until the outcome of the last of its signals is on disk.
 * @param {{ service: object, attempts: object, endpoints: number }} where
 */
export function oneByOne({ service, attempts, endpoints }) {
  return async (count) => {
    const before = await attempts.now();
    const begin = performance.now();
    for (let event = 0; event < count; event++) {
      const mark = await attempts.now();
      await service.admin('POST', '/events', EVENT);
      await attempts.settled(mark, endpoints);
    }
    const ms = performance.now() - begin;
    if ((await attempts.unexpected(before)) > 0) throw new Error('Some signals failed or were coalesced');
    return { count: count * endpoints, ms };
  };
}
