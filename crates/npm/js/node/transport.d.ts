// Functions of the transport that the library uses.

import type { TransportResponse, TransportRequest } from '../lib/requests.js';

export class NodeTransport {
  constructor(options?: { env?: Record<string, string | undefined>; certificates?: string });
  request(request: TransportRequest & { pieces: true }): Promise<TransportResponse>;
  /** Opens connections for so many `requests` that may be made to the server of `url`, with TLS for `handshakes` of them. */
  preconnect(url: string, options: { insecure?: boolean; requests: number; handshakes?: number }): void;
  close(): void;
}
