// A receiver, to be killed: answers a signal with 202, and only then fetches what the signal lists, each event by its id.
// Messages in: { start: { port, apiKey, dies, fetchFrom } }. Out: { url }, { fetched: id } for each payload.
import { createServer } from 'node:http';

process.once('message', ({ start: { port, apiKey, dies, fetchFrom } }) => {
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { data } = JSON.parse(Buffer.concat(chunks).toString());
    response.writeHead(202);
    response.end();
    response.once('close', async () => {
      if (dies) process.kill(process.pid, 'SIGKILL');
      for (const { id } of data.events) {
        const answer = await fetch(`${fetchFrom}/v1/events/${id}`, { headers: { authorization: `Bearer ${apiKey}` } });
        if (answer.status === 200) process.send({ fetched: (await answer.json()).id });
      }
    });
  });
  server.listen(port, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}` }));
});
process.on('disconnect', () => process.exit(0));
