// The scenario of every consumer of the package, wherever it is loaded: it reads, builds, pushes, and returns the results.

export async function scenario({ Tallyman, Reference, Digest, Platform, ManifestList, MemoryStore, buildList }, registry, name) {
  const tm = new Tallyman({ insecure: [registry], store: new MemoryStore() });
  const repository = `${registry}/samples/hello`;
  const list = await tm.inspect(`${repository}:latest`);
  const image = await tm.inspect(`${repository}:latest`, { platform: 'linux/arm64' });
  const tags = [];
  for await (const tag of tm.tags(repository)) tags.push(tag);

  const target = `${registry}/consumers/${name}:v1`;
  const images = list.entries.filter(({ platform }) => platform?.os === 'linux').map(({ digest }) => `${repository}@${digest}`);
  const made = await tm.create(target, images);
  made.annotate(`${repository}@${image.digest}`, { variant: 'v8' });
  const plan = tm.plan(made);
  let steps = 0;
  const { digest: pushed } = await tm.push(made, { onProgress: ({ kind }) => (steps += Number(kind === 'done')) });
  const there = await tm.manifest(target);

  const missing = await tm.inspect(`${repository}:nowhere`).catch(({ code, status }) => `${code} ${status}`);
  const signal = AbortSignal.abort();
  const aborted = await tm.inspect(`${repository}:latest`, { signal }).catch(({ name, code }) => `${name} ${code}`);
  const blob = await tm.blob(repository, image.layers[0]);
  const kept = await tm.lists();
  const tree = await tm.tree(target);
  return {
    list: { kind: list.kind, digest: list.digest, mediaType: list.mediaType, platforms: list.entries.map(({ platform }) => Platform.format(platform)) },
    image: { digest: image.digest, platform: Platform.format(image.platform), os: image.config.os, layers: image.layers.length },
    tags,
    made: { digest: made.digest, text: made.toString(), planned: plan.digest, steps: plan.steps.length },
    push: { digest: pushed, steps, there: there.digest, same: there.toString() === made.toString() },
    rebuilt: buildList(there).digest,
    alone: new ManifestList(target, made.entries).digest,
    errors: { missing, aborted },
    blob: (await Digest.ofStream(blob)) === image.layers[0].digest,
    kept,
    tree: tree.children.map(({ role, digest }) => `${role} ${digest}`),
    pure: { reference: String(Reference.parse('alpine')), digest: Digest.of('hello') },
  };
}
