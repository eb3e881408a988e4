// A sample service of docker-compose.yml: says who it is, and registers itself in Consul while it runs.
import { createServer } from 'node:http';
import { hostname, networkInterfaces } from 'node:os';

const { SERVICE: name, CONSUL: consul } = process.env;
const port = 8080;
const address = Object.values(networkInterfaces())
  .flat()
  .find(({ family, internal }) => family === 'IPv4' && !internal).address;
const id = `${name}-${hostname()}`;

const server = createServer((request, response) => {
  response.end(request.url === '/health' ? 'ok\n' : `${name} at ${address}, asked for ${request.url}\n`);
});

async function tell(path, body) {
  const answer = await fetch(`${consul}/v1/agent/service/${path}`, { method: 'PUT', body });
  if (!answer.ok) throw new Error(`Consul: ${answer.status} ${await answer.text()}`);
}

server.listen(port, async () => {
  const check = {
    HTTP: `http://${address}:${port}/health`,
    Interval: '2s',
    Timeout: '1s',
    Status: 'passing',
    DeregisterCriticalServiceAfter: '1m',
  };
  await tell('register', JSON.stringify({ ID: id, Name: name, Address: address, Port: port, Check: check }));
  console.log(`${id} is registered at ${address}:${port}`);
});

// Out of Consul first, and only then away: nobody is sent to what is not there any more.
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    await tell(`deregister/${id}`).catch(console.error);
    setTimeout(() => process.exit(0), 1_000);
  });
}
