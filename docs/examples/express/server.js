// A route that tells for which platforms there is an image: GET /platforms?image=alpine:3.22

import express from 'express';
import { Platform, Tallyman, TallymanError } from 'tallyman';

// One client for all requests: it shares connections, tokens and what it has fetched.
const tm = new Tallyman();
const app = express();

app.get('/platforms', async (request, response) => {
  const signal = AbortSignal.timeout(10_000);
  const found = await tm.inspect(String(request.query.image ?? ''), { signal });
  const platforms = found.kind === 'list' ? found.platforms : [{ platform: found.platform, descriptor: found.manifest }];
  const rows = platforms.map(({ platform, descriptor }) => ({ platform: platform && Platform.format(platform), digest: descriptor.digest }));
  response.json({ digest: found.digest, platforms: rows });
});

app.use((error, _request, response, next) => {
  if (!(error instanceof TallymanError)) return next(error);
  const statuses = { 'reference-invalid': 400, 'not-found': 404, unauthorized: 403, denied: 403 };
  response.status(statuses[error.code] ?? 502).json({ code: error.code, message: error.message });
});

const server = app.listen(process.env.PORT ?? 3000, () => console.log(`listening on port ${server.address().port}`));
