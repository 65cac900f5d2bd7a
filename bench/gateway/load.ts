import { connect, type Socket } from 'node:net';

// Sends requests over kept connections, each as soon as the one before is answered, and prints one JSON line: a client that
// costs little, because it shares the machine with what is measured.

const [address = '', connections = '1', seconds = '1'] = process.argv.slice(2);
const { hostname, port } = new URL(address);
const latencies: number[] = [];
let failures = 0;
let user = 0;

const request = () => {
  user = (user + 1) % 10_000;
  return `GET /bench/orders/7 HTTP/1.1\r\nhost: ${hostname}:${port}\r\nx-user: user-${user}\r\naccept: application/json\r\nuser-agent: bench\r\n\r\n`;
};

/** How long a whole response is, when its head is there. */
function lengthOf(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return undefined;
  return head + 4 + Number(/\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))?.[1] ?? Number.NaN);
}

function run(until: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let text = '';
    let sent = 0;
    const send = () => {
      if (performance.now() >= until) {
        socket.end(() => resolve());
        return;
      }
      text = '';
      sent = performance.now();
      socket.write(request());
    };
    socket.setEncoding('latin1');
    socket.once('connect', send);
    socket.on('error', reject);
    socket.on('data', (piece: string) => {
      text += piece;
      const length = lengthOf(text);
      if (length === undefined) return;
      if (Number.isNaN(length))
        return reject(new Error(`A response without a length: ${text.slice(0, 300)}`));
      if (text.length < length) return;
      latencies.push(performance.now() - sent);
      if (!text.startsWith('HTTP/1.1 200')) failures += 1;
      send();
    });
  });
}

const began = performance.now();
const until = began + Number(seconds) * 1_000;
await Promise.all(Array.from({ length: Number(connections) }, () => run(until)));
const took = (performance.now() - began) / 1_000;
latencies.sort((a, b) => a - b);
const at = (share: number) =>
  latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? 0;
console.log(JSON.stringify({ perSecond: latencies.length / took, p50: at(0.5), p99: at(0.99), failures }));
