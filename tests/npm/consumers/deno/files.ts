import { FileStore, ManifestList, Tallyman, dockerCredentials } from 'tallyman';

declare const Deno: { args: string[] };
const [folder] = Deno.args;
const tm = new Tallyman({ store: new FileStore(`${folder}/manifests`) });
const digest = `sha256:${'1'.repeat(64)}`;
const platform = { os: 'linux', architecture: 'amd64' };
const entries = [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 10, platform }];
await tm.save(new ManifestList('r.example/app:v1', entries));
console.log(JSON.stringify([await tm.lists(), await dockerCredentials({ folder })('r.example', {})]));
