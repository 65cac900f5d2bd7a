import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capabilities } from '#local/capabilities.ts';
import { startCloud } from '#local/cloud.ts';

// The whole platform of a laptop with a route to the service: two versions, one of them with all the weight, assigned by
// a header. Prints the address of its gateway.

const [target = ''] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'theseus-bench-gateway-'));
const cloud = await startCloud({ directory, capabilities, port: 0 });
const answer = await fetch(`${cloud.url}/gateway/routes/bench`, {
  method: 'PUT',
  headers: { authorization: `Bearer ${cloud.token}`, 'content-type': 'application/json' },
  body: JSON.stringify({
    targets: [
      { version: '1.0.0', percent: 90, target: { kind: 'http', urls: [target] } },
      { version: '1.1.0', percent: 10, target: { kind: 'http', urls: [target] } },
    ],
    sticky: { by: 'header', name: 'x-user' },
  }),
});
if (!answer.ok) throw new Error(await answer.text());
console.log(cloud.gatewayUrl);
process.once('SIGTERM', async () => {
  await cloud.stop();
  rmSync(directory, { recursive: true, force: true });
  process.exit(0);
});
