// Counts the requests in what a client sends over one connection.

const tlsHandshake = 0x16;
const headEnd = Buffer.from('\r\n\r\n');

/** Reads HTTP/1.1 as it comes, and adds to `counts`: `{ requests, preflights, tls }`. */
export class RequestCounter {
  #counts;
  #head = Buffer.alloc(0);
  #bodyLeft = 0;
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
      if (rest.length) rest = this.#readHead(rest);
    }
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
    // Nobody here sends chunks; one who did would be miscounted, so it is told.
    if (/^transfer-encoding:/im.test(head)) throw new Error('expected requests with a Content-Length, found chunks');
    return rest;
  }
}
