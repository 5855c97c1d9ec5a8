// The samples of the app: images, an index and a chart as people know them, without their layers. `node web/samples.mjs`
// writes web/samples.json.

import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const OCI = 'application/vnd.oci.image';
const DOCKER = 'application/vnd.docker.distribution.manifest';
const digestOf = (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const described = ({ mediaType, digest, size }) => ({ mediaType, digest, size });

/** Makes the content of the samples: tags by repository, and texts by digest. */
export function make() {
  const tags = {};
  const content = {};
  const put = (mediaType, value, indent) => {
    const text = JSON.stringify(value, null, indent);
    const digest = digestOf(text);
    content[digest] = { mediaType, text };
    return { mediaType, digest, size: Buffer.byteLength(text) };
  };
  const tag = (repository, names, descriptor) => {
    for (const name of names) (tags[repository] ??= {})[name] = descriptor.digest;
    return descriptor;
  };
  /** An image: its steps are commands, some with the size of their layer. */
  const image = ({ created, config, steps, annotations, ...platform }) => {
    const name = JSON.stringify(platform);
    const layers = steps.filter(([size]) => size).map(([size, command]) => ({
      mediaType: `${OCI}.layer.v1.tar+gzip`,
      size,
      digest: digestOf(`${command.includes('FROM') || command.startsWith('ADD') ? name : name + command} ${size}`),
    }));
    const file = put(`${OCI}.config.v1+json`, {
      ...platform,
      created,
      config,
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digestOf(digest)) },
      history: steps.map(([size, command]) => ({ created, created_by: command, ...(size ? {} : { empty_layer: true }) })),
    });
    const mediaType = `${OCI}.manifest.v1+json`;
    return { ...put(mediaType, { schemaVersion: 2, mediaType, config: file, layers, ...(annotations && { annotations }) }, 2), platform };
  };
  const attestation = (of, repository) => {
    const mediaType = `${OCI}.manifest.v1+json`;
    const statement = put('application/vnd.in-toto+json', { _type: 'https://in-toto.io/Statement/v0.1', predicateType: 'https://slsa.dev/provenance/v0.2', subject: [{ name: repository, digest: { sha256: of.digest.slice(7) } }], predicate: { builder: { id: 'https://github.com/docker/buildx' }, buildType: 'https://mobyproject.org/buildkit@v1' } });
    const config = put(`${OCI}.config.v1+json`, { architecture: 'unknown', os: 'unknown', config: {}, rootfs: { type: 'layers', diff_ids: [statement.digest] } });
    const layers = [{ ...statement, annotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v0.2' } }];
    return {
      ...put(mediaType, { schemaVersion: 2, mediaType, config, layers }, 2),
      annotations: { 'vnd.docker.reference.digest': of.digest, 'vnd.docker.reference.type': 'attestation-manifest' },
      platform: { architecture: 'unknown', os: 'unknown' },
    };
  };
  const index = (manifests, annotations) => {
    const mediaType = `${OCI}.index.v1+json`;
    return put(mediaType, { schemaVersion: 2, mediaType, manifests, ...(annotations && { annotations }) }, 2);
  };
  const list = (manifests) => {
    const mediaType = `${DOCKER}.list.v2+json`;
    return put(mediaType, { schemaVersion: 2, mediaType, manifests: manifests.map(({ platform, ...rest }) => ({ ...described(rest), platform })) }, 3);
  };

  const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const platforms = {
    amd64: { architecture: 'amd64', os: 'linux' },
    armv6: { architecture: 'arm', os: 'linux', variant: 'v6' },
    armv7: { architecture: 'arm', os: 'linux', variant: 'v7' },
    arm64: { architecture: 'arm64', os: 'linux', variant: 'v8' },
    386: { architecture: '386', os: 'linux' },
    ppc64le: { architecture: 'ppc64le', os: 'linux' },
    riscv64: { architecture: 'riscv64', os: 'linux' },
    s390x: { architecture: 's390x', os: 'linux' },
  };

  // A base image for eight platforms.
  const bases = { amd64: 3802452, armv6: 3509614, armv7: 3231806, arm64: 4138069, 386: 3628341, ppc64le: 3774810, riscv64: 3532178, s390x: 3659722 };
  const base = (version, created, grow) =>
    index(Object.entries(bases).map(([name, size]) => image({
      ...platforms[name],
      created,
      config: { Env: [PATH], Cmd: ['/bin/sh'], WorkingDir: '/' },
      steps: [[size + grow, `ADD alpine-minirootfs-${version}.tar.gz / # buildkit`], [0, 'CMD ["/bin/sh"]']],
      annotations: { 'org.opencontainers.image.version': version, 'org.opencontainers.image.source': 'https://github.com/alpinelinux/docker-alpine' },
    })));
  tag('alpine', ['3.21', '3.21.4'], base('3.21.4', '2025-07-15T11:32:18Z', -158112));
  tag('alpine', ['3.22', '3.22.1', 'latest'], base('3.22.1', '2025-07-15T11:31:37Z', 0));

  // A web server: layers, a long history, attestations.
  const web = (version, created, names) => {
    const images = names.map((name, number) => image({
      ...platforms[name],
      created,
      config: {
        User: '', ExposedPorts: { '80/tcp': {} }, Env: [PATH, `NGINX_VERSION=${version}`, 'PKG_RELEASE=1~bookworm'],
        Entrypoint: ['/docker-entrypoint.sh'], Cmd: ['nginx', '-g', 'daemon off;'], StopSignal: 'SIGQUIT',
        Labels: { maintainer: 'NGINX Docker Maintainers <docker-maint@nginx.com>' },
      },
      steps: [
        [28228495 - number * 412733, "# debian.sh --arch 'ARCH' out/ 'bookworm' '@1753056000'".replace('ARCH', name)],
        [0, `ENV NGINX_VERSION=${version}`],
        [44150264 - number * 731220, `RUN /bin/sh -c set -x && groupadd --system --gid 101 nginx && useradd --system --gid nginx --no-create-home --home /nonexistent --comment "nginx user" --shell /bin/false --uid 101 nginx && apt-get update && apt-get install --no-install-recommends --no-install-suggests -y gnupg1 ca-certificates nginx=${version}-1~bookworm && apt-get remove --purge --auto-remove -y && rm -rf /var/lib/apt/lists/* # buildkit`],
        [628, 'COPY docker-entrypoint.sh / # buildkit'],
        [955, 'COPY 10-listen-on-ipv6-by-default.sh /docker-entrypoint.d # buildkit'],
        [1210, 'COPY 20-envsubst-on-templates.sh /docker-entrypoint.d # buildkit'],
        [0, 'ENTRYPOINT ["/docker-entrypoint.sh"]'],
        [0, 'EXPOSE map[80/tcp:{}]'],
        [0, 'CMD ["nginx" "-g" "daemon off;"]'],
      ],
    }));
    return index([...images, ...images.map((of) => attestation(of, 'nginx'))], { 'org.opencontainers.image.created': created, 'org.opencontainers.image.version': version });
  };
  tag('nginx', ['1.28', '1.28.0'], web('1.28.0', '2025-08-13T16:34:01Z', ['amd64', 'armv7', 'arm64', '386', 'ppc64le', 's390x']));
  tag('nginx', ['1.29', '1.29.1', 'latest'], web('1.29.1', '2025-08-13T16:34:05Z', ['amd64', 'armv7', 'arm64', '386', 'ppc64le', 'riscv64', 's390x']));

  // A Docker manifest list with Windows, whose versions differ.
  const windows = (version, sizes) => image({
    architecture: 'amd64', os: 'windows', 'os.version': version, created: '2025-09-10T19:02:44Z',
    config: { Env: ['GOLANG_VERSION=1.25.1', 'GOPATH=C:\\go'], WorkingDir: 'C:\\go', Cmd: ['c:\\windows\\system32\\cmd.exe'] },
    steps: [[sizes[0], `Apply image ${version}`], [sizes[1], 'RUN powershell -Command $url = \'https://dl.google.com/go/go1.25.1.windows-amd64.zip\''], [0, 'WORKDIR C:\\go']],
  });
  const go = ['amd64', 'arm64'].map((name, number) => image({
    ...platforms[name], created: '2025-09-03T17:21:10Z',
    config: { Env: [PATH, 'GOLANG_VERSION=1.25.1', 'GOPATH=/go'], WorkingDir: '/go', Cmd: ['bash'] },
    steps: [[48493321 - number * 133120, `# debian.sh --arch '${name}' out/ 'bookworm' '@1756684800'`], [24020114, 'RUN apt-get install -y --no-install-recommends ca-certificates curl git # buildkit'], [60114921, 'COPY /target/ / # buildkit'], [0, 'ENV GOPATH=/go'], [0, 'WORKDIR /go']],
  }));
  tag('golang', ['1.25', '1.25.1', 'latest'], list([...go, windows('10.0.20348.4171', [1842119077, 98220114]), windows('10.0.26100.6584', [2104772318, 98220114])]));

  // An index with faults: the same platform twice, and a variant that is not written.
  const app = (name, version) => image({
    ...platforms[name], created: '2025-10-02T08:15:30Z',
    config: { User: 'app', Env: [PATH], ExposedPorts: { '8080/tcp': {} }, Entrypoint: ['/app'], Labels: { 'org.opencontainers.image.version': version } },
    steps: [[bases[name] ?? bases.amd64, 'ADD alpine-minirootfs-3.22.1.tar.gz / # buildkit'], [11820330, `COPY app-${version} /app # buildkit`], [0, 'USER app'], [0, 'ENTRYPOINT ["/app"]']],
  });
  tag('team/app', ['2.0.0-rc.1'], index([app('amd64', '2.0.0-rc.1'), app('amd64', '2.0.0-rc.0'), { ...app('armv7', '2.0.0-rc.1'), platform: { architecture: 'arm', os: 'linux' } }]));
  tag('team/app', ['1.4.2', 'stable'], index([app('amd64', '1.4.2'), app('arm64', '1.4.2')]));

  // A Helm chart.
  const helm = put('application/vnd.cncf.helm.config.v1+json', { name: 'podinfo', version: '6.9.1', description: 'Podinfo Helm chart for Kubernetes', apiVersion: 'v1', appVersion: '6.9.1', type: 'application' });
  const chart = { mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', digest: digestOf('podinfo-6.9.1.tgz'), size: 15317, annotations: { 'org.opencontainers.image.title': 'podinfo-6.9.1.tgz' } };
  tag('charts/podinfo', ['6.9.1'], put(`${OCI}.manifest.v1+json`, { schemaVersion: 2, config: helm, layers: [chart], annotations: { 'org.opencontainers.image.created': '2025-07-11T10:01:51Z', 'org.opencontainers.image.title': 'podinfo', 'org.opencontainers.image.version': '6.9.1' } }));
  return { tags, content };
}

/** The text of samples.json. */
export const text = () => `${JSON.stringify(make())}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(new URL('samples.json', import.meta.url), text());
