// A worker that tells the digest that a tag stands for: GET /?image=alpine:3.22

import { Tallyman, TallymanError } from 'tallyman';

export default {
  async fetch(request) {
    // One for each request: workers let no request wait for another one's.
    const tm = new Tallyman();
    const image = new URL(request.url).searchParams.get('image') ?? '';
    try {
      return Response.json(await tm.resolve(image, { signal: request.signal }));
    } catch (error) {
      if (!(error instanceof TallymanError)) throw error;
      return Response.json({ code: error.code, message: error.message }, { status: error.status ?? 502 });
    }
  },
};
