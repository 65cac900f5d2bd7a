import { type Answer, exchange, type Request } from './exchange.ts';

export type Post = Omit<Request, 'method' | 'reaches'> & { body: string };
export type PostAnswer = Answer;

/** Sends a POST to whoever a person named, on the internet (exchange.ts). Throws DestinationRefused, DestinationUnreachable. */
export const post = (sent: Post): Promise<PostAnswer> => exchange({ ...sent, method: 'POST' });
