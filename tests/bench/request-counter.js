// Counts the requests in what a client sends over one connection.

const tlsHandshake = 0x16;
const headEnd = Buffer.from('\r\n\r\n');

/** Reads HTTP/1.1 as it comes, and adds to `counts`: `{ requests, preflights, tls }`. */
export class RequestCounter {
  #counts;
  #head = Buffer.alloc(0);
  #bodyLeft = 0;
  #isChunked = false;
  #isOther = false;

  constructor(counts) {
    this.#counts = counts;
  }

  push(bytes) {
    let rest = bytes;
    while (rest.length && !this.#isOther) {
      const body = Math.min(this.#bodyLeft, rest.length);
      this.#bodyLeft -= body;
      rest = rest.subarray(body);
      if (rest.length) rest = this.#isChunked ? this.#readChunk(rest) : this.#readHead(rest);
    }
  }

  /** Reads the size of a chunk, behind which it comes with the end of a line; the last one is empty. */
  #readChunk(bytes) {
    this.#head = Buffer.concat([this.#head, bytes]);
    const end = this.#head.indexOf('\r\n');
    if (end < 0) return Buffer.alloc(0);
    const size = Number.parseInt(this.#head.subarray(0, end).toString('latin1'), 16);
    const rest = this.#head.subarray(end + 2);
    this.#head = Buffer.alloc(0);
    this.#bodyLeft = size + 2;
    this.#isChunked = size > 0;
    return rest;
  }

  #readHead(bytes) {
    this.#head = Buffer.concat([this.#head, bytes]);
    if (this.#head[0] === tlsHandshake) {
      this.#isOther = true;
      this.#counts.tls++;
      return Buffer.alloc(0);
    }
    const end = this.#head.indexOf(headEnd);
    if (end < 0) return Buffer.alloc(0);
    const head = this.#head.subarray(0, end).toString('latin1');
    const rest = this.#head.subarray(end + headEnd.length);
    this.#head = Buffer.alloc(0);
    this.#counts.requests++;
    if (head.startsWith('OPTIONS ')) this.#counts.preflights++;
    this.#bodyLeft = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    this.#isChunked = /^transfer-encoding: *chunked/im.test(head);
    return rest;
  }
}
