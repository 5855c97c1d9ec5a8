// What the library uses of the transport.

import type { Asked } from '../lib/requests.js';

export class NodeTransport {
  constructor(options?: { env?: Record<string, string | undefined>; certificates?: string });
  request(asked: Asked & { stream: true }): Promise<{
    status: number;
    headers: [string, string][];
    url: string;
    body: ReadableStream<Uint8Array>;
  }>;
  /** Opens connections for so many requests that are about to be made to the server of `url`. */
  expect(url: string, options: { insecure?: boolean; requests: number }): void;
  close(): void;
}
