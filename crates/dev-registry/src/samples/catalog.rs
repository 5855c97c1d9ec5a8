//! The sample repositories themselves.

use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    Sample, SampleManifest, files,
    image::{Artifact, Family, Platform, Recipe, Step, descriptor, image, layer, list, noise, program, step},
};
use crate::{
    digest::Digest,
    media_type::{DOCKER_SCHEMA1, OCI_EMPTY, OCI_MANIFEST},
};

pub(super) const CREATED: &str = "2026-06-15T09:30:00Z";
pub(super) const AMD64: Platform = Platform::new("linux", "amd64");
const ARM64: Platform = Platform::new("linux", "arm64");
const ARM_V7: Platform = Platform { variant: Some("v7"), ..Platform::new("linux", "arm") };
pub(super) const WINDOWS: Platform =
    Platform { os_version: Some("10.0.20348.2849"), ..Platform::new("windows", "amd64") };
const S390X: Platform = Platform::new("linux", "s390x");

/// All samples. The bytes are the same every time.
pub fn all() -> Vec<Sample> {
    static ALL: OnceLock<Vec<Sample>> = OnceLock::new();
    ALL.get_or_init(make).clone()
}

fn make() -> Vec<Sample> {
    let mut samples =
        vec![hello(), webapp(), alpine(), legacy(), chart(), schema1(), sparse(), files::files()];
    samples.extend(everyday());
    samples
}

/// A sample under construction.
pub(super) struct SampleBuilder(Sample);

impl SampleBuilder {
    pub(super) fn new(repository: &str) -> Self {
        Self(Sample { repository: repository.to_owned(), blobs: Vec::new(), manifests: Vec::new() })
    }

    pub(super) fn put(&mut self, tags: &[&str], artifact: &Artifact) {
        for blob in &artifact.blobs {
            if !self.0.blobs.contains(blob) {
                self.0.blobs.push(blob.clone());
            }
        }
        self.0.manifests.push(SampleManifest {
            tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
            media_type: artifact.media_type.to_owned(),
            bytes: artifact.bytes.clone(),
            pushable: true,
        });
    }

    pub(super) fn finish(self) -> Sample {
        self.0
    }

    /// Like [`put`](Self::put), for what a real Distribution refuses.
    fn put_unsupported(&mut self, tags: &[&str], artifact: &Artifact) {
        self.put(tags, artifact);
        if let Some(manifest) = self.0.manifests.last_mut() {
            manifest.pushable = false;
        }
    }
}

fn greeting(platform: Platform) -> Artifact {
    let windows = platform.os == "windows";
    let program = if windows { "Files/hello.exe" } else { "bin/hello" };
    let text = format!("Hello from {}/{}.\n", platform.os, platform.architecture);
    let entrypoint = if windows { "C:\\hello.exe" } else { "/bin/hello" };
    let path =
        if windows { "PATH=C:\\Windows\\system32;C:\\Windows" } else { "PATH=/usr/local/bin:/usr/bin:/bin" };
    image(&Recipe {
        family: Family::Docker,
        platform,
        created: CREATED,
        steps: vec![
            step("COPY hello / # buildkit", &[(program, &text)]),
            step("COPY LICENSE /licenses/ # buildkit", &[("licenses/LICENSE", "Public domain.\n")]),
            step("ENTRYPOINT [\"hello\"]", &[]),
        ],
        run: json!({
            "Env": [path, "GREETING=Hello"],
            "Entrypoint": [entrypoint],
            "Labels": { "org.opencontainers.image.title": "hello", "org.opencontainers.image.version": "1.2.0" },
        }),
        annotations: None,
    })
}

/// A Docker manifest list for four platforms, its images tagged as well.
fn hello() -> Sample {
    let mut sample = SampleBuilder::new("samples/hello");
    let mut entries = Vec::new();
    let platforms = [("amd64", AMD64), ("armv7", ARM_V7), ("arm64", ARM64), ("windows", WINDOWS)];
    for (tag, platform) in platforms {
        let artifact = greeting(platform);
        entries.push(artifact.entry());
        sample.put(&[tag], &artifact);
    }
    sample.put(&["latest", "1.2"], &list(Family::Docker, &entries, None));
    sample.0
}

fn service(platform: Platform, version: &str) -> Artifact {
    let build = format!("{version} {}", platform.architecture);
    image(&Recipe {
        family: Family::Oci,
        platform,
        created: CREATED,
        steps: vec![
            step(
                "ADD rootfs.tar.gz / # buildkit",
                &[
                    ("etc/os-release", "NAME=\"Sample Linux\"\nID=sample\nVERSION_ID=3.22\n"),
                    ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/srv:/sbin/nologin\n"),
                ],
            ),
            program(
                "RUN apk add --no-cache nodejs # buildkit",
                "usr/bin/node",
                1_210_000,
                platform.architecture,
            ),
            step("WORKDIR /srv", &[]),
            program("COPY webapp /usr/bin/ # buildkit", "usr/bin/webapp", 1_340_000, &build),
            step(
                "COPY public /srv/public # buildkit",
                &[("srv/public/index.html", "<!doctype html><h1>It works</h1>\n")],
            ),
            step("EXPOSE map[8080/tcp:{}]", &[]),
            step("USER web", &[]),
            step("CMD [\"webapp\" \"--port\" \"8080\"]", &[]),
        ],
        run: json!({
            "User": "web",
            "ExposedPorts": { "8080/tcp": {} },
            "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", format!("WEBAPP_VERSION={version}")],
            "Cmd": ["webapp", "--port", "8080"],
            "WorkingDir": "/srv",
            "Labels": { "org.opencontainers.image.source": "https://example.com/webapp" },
        }),
        annotations: Some(json!({ "org.opencontainers.image.base.name": "samples/alpine:3.22" })),
    })
}

/// The attestation that BuildKit would put beside an image: an in-toto statement as its only layer.
fn attestation(of: &Artifact) -> (Artifact, Value) {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "subject": [{ "name": "webapp", "digest": { "sha256": of.digest().trim_start_matches("sha256:") } }],
        "predicate": { "buildType": "https://mobyproject.org/buildkit@v1", "builder": { "id": "" } },
    });
    let statement = Bytes::from(serde_json::to_vec(&statement).expect("samples have string keys only"));
    let config = json!({
        "architecture": "unknown",
        "os": "unknown",
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": [Digest::sha256(&statement).as_str()] },
    });
    let config = Bytes::from(serde_json::to_vec(&config).expect("samples have string keys only"));
    let mut layer = descriptor("application/vnd.in-toto+json", &statement);
    layer["annotations"] = json!({ "in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2" });
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
        "layers": [layer],
    });
    let artifact = Artifact::json(OCI_MANIFEST, &manifest, vec![statement, config]);
    let mut entry = artifact.entry();
    entry["platform"] = json!({ "architecture": "unknown", "os": "unknown" });
    entry["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": of.digest(),
    });
    (artifact, entry)
}

/// Something that refers to another manifest by `subject`.
fn referrer(of: &Artifact, artifact_type: &str, content: &'static str, annotations: &Value) -> Artifact {
    let empty = Bytes::from_static(b"{}");
    let content = Bytes::from_static(content.as_bytes());
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": descriptor(OCI_EMPTY, &empty),
        "layers": [descriptor(artifact_type, &content)],
        "subject": descriptor(of.media_type, &of.bytes),
        "annotations": annotations,
    });
    Artifact::json(OCI_MANIFEST, &manifest, vec![empty, content])
}

/// An OCI index with annotations, an attestation and a nested index; a signature and a bill of materials refer to it.
fn webapp() -> Sample {
    let mut sample = SampleBuilder::new("samples/webapp");
    let (amd64, arm64, s390x) = (service(AMD64, "1.4.2"), service(ARM64, "1.4.2"), service(S390X, "1.4.2"));
    let (proof, proof_entry) = attestation(&amd64);
    for artifact in [&amd64, &arm64, &s390x, &proof] {
        sample.put(&[], artifact);
    }
    let nested = list(Family::Oci, &[s390x.entry()], None);
    sample.put(&["1.4-mainframe"], &nested);
    let mut nested_entry = nested.entry();
    nested_entry["annotations"] = json!({ "org.opencontainers.image.ref.name": "1.4-mainframe" });
    let annotations = json!({
        "org.opencontainers.image.title": "webapp",
        "org.opencontainers.image.description": "A small web service, for trying things out",
        "org.opencontainers.image.version": "1.4.2",
        "org.opencontainers.image.created": CREATED,
        "org.opencontainers.image.licenses": "MIT OR Apache-2.0",
    });
    let index =
        list(Family::Oci, &[amd64.entry(), arm64.entry(), proof_entry, nested_entry], Some(&annotations));
    sample.put(&["1.4", "1.4.2", "latest"], &index);
    let signature = "{\"critical\":{\"type\":\"sample signature\"},\"optional\":null}\n";
    let created = json!({ "org.opencontainers.image.created": CREATED });
    sample
        .put(&[], &referrer(&index, "application/vnd.dev.cosign.artifact.sig.v1+json", signature, &created));
    sample.put(&[], &referrer(&index, "application/spdx+json", "{\"spdxVersion\":\"SPDX-2.3\"}\n", &created));
    let (amd64, arm64) = (service(AMD64, "1.3.0"), service(ARM64, "1.3.0"));
    sample.put(&[], &amd64);
    sample.put(&[], &arm64);
    sample.put(&["1.3"], &list(Family::Oci, &[amd64.entry(), arm64.entry()], None));
    sample.0
}

/// One OCI image of several layers, one of them of some MiB.
fn alpine() -> Sample {
    let mut sample = SampleBuilder::new("samples/alpine");
    let library = Step {
        created_by: "RUN apk add --no-cache icu-data-full".to_owned(),
        files: vec![("usr/share/icu/icudt.dat".to_owned(), noise(3 << 20))],
        packed: None,
    };
    let artifact = image(&Recipe {
        family: Family::Oci,
        platform: AMD64,
        created: CREATED,
        steps: vec![
            step(
                "ADD minirootfs.tar.gz /",
                &[("etc/alpine-release", "3.22.0\n"), ("bin/sh", "#!ELF\n"), ("etc/hostname", "localhost\n")],
            ),
            library,
            step(
                "RUN adduser -D app",
                &[("etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n")],
            ),
            step("CMD [\"/bin/sh\"]", &[]),
        ],
        run: json!({ "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["/bin/sh"] }),
        annotations: None,
    });
    sample.put(&["3.22", "latest"], &artifact);
    sample.0
}

/// One Docker schema 2 image with a long history.
fn legacy() -> Sample {
    let mut sample = SampleBuilder::new("samples/legacy");
    let mut base =
        program("/bin/sh -c #(nop) ADD file:7f2a in / ", "lib/x86_64-linux-gnu/libc.so.6", 1_650_000, "12.7");
    base.files.push(("etc/debian_version".to_owned(), b"12.7\n".to_vec()));
    let mut steps = vec![base];
    for number in 1..=18 {
        steps.push(step(&format!("/bin/sh -c #(nop)  ENV STEP_{number}={number}"), &[]));
        if number % 3 == 0 {
            let path = format!("opt/part-{number}/data.txt");
            let text = format!("part {number}\n");
            steps.push(step(&format!("/bin/sh -c make part-{number}"), &[(&path, &text)]));
        }
    }
    let environment: Vec<String> = (1..=18).map(|number| format!("STEP_{number}={number}")).collect();
    let artifact = image(&Recipe {
        family: Family::Docker,
        platform: AMD64,
        created: "2019-03-08T14:05:00Z",
        steps,
        run: json!({
            "Env": environment,
            "Entrypoint": ["/opt/run"],
            "StopSignal": "SIGQUIT",
            "Volumes": { "/data": {} },
            "Labels": { "maintainer": "samples@example.com" },
        }),
        annotations: None,
    });
    sample.put(&["1"], &artifact);
    sample.0
}

/// An artifact that is no image, in the manner of a Helm chart.
fn chart() -> Sample {
    let mut sample = SampleBuilder::new("samples/chart");
    let config = Bytes::from_static(
        b"{\"apiVersion\":\"v2\",\"name\":\"chart\",\"version\":\"0.3.0\",\"type\":\"application\"}",
    );
    let files = [
        ("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 0.3.0\n"),
        ("chart/templates/deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\n"),
    ];
    let (content, _) = layer(&step("", &files).files);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": "application/vnd.cncf.helm.config.v1+json",
        "config": descriptor("application/vnd.cncf.helm.config.v1+json", &config),
        "layers": [descriptor("application/vnd.cncf.helm.chart.content.v1.tar+gzip", &content)],
        "annotations": { "org.opencontainers.image.title": "chart", "org.opencontainers.image.version": "0.3.0" },
    });
    sample.put(&["0.3.0"], &Artifact::json(OCI_MANIFEST, &manifest, vec![config, content]));
    sample.0
}

/// A Docker schema 1 manifest, as registries of 2015 served it.
fn schema1() -> Sample {
    let mut sample = SampleBuilder::new("samples/schema1");
    let layer = Bytes::from(noise(512));
    let manifest = json!({
        "schemaVersion": 1,
        "name": "samples/schema1",
        "tag": "old",
        "architecture": "amd64",
        "fsLayers": [{ "blobSum": Digest::sha256(&layer).as_str() }],
        "history": [{ "v1Compatibility": "{\"architecture\":\"amd64\",\"created\":\"2015-04-20T10:00:00Z\",\"id\":\"3b0f\",\"os\":\"linux\"}" }],
        "signatures": [{
            "header": { "alg": "ES256", "jwk": { "crv": "P-256", "kty": "EC", "kid": "SAMP:LE00" } },
            "signature": "c2FtcGxl",
            "protected": "eyJmb3JtYXRMZW5ndGgiOjB9",
        }],
    });
    sample.put_unsupported(&["old"], &Artifact::json(DOCKER_SCHEMA1, &manifest, vec![layer]));
    sample.0
}

/// An index one of whose children is not there.
fn sparse() -> Sample {
    let mut sample = SampleBuilder::new("samples/sparse");
    let (here, gone) = (service(AMD64, "0.1.0"), service(ARM64, "0.1.0"));
    sample.put(&[], &here);
    sample.put_unsupported(&["1"], &list(Family::Oci, &[here.entry(), gone.entry()], None));
    sample.0
}

/// Smaller repositories that make a catalog look inhabited.
fn everyday() -> Vec<Sample> {
    let rows: [(&str, usize, &[&str]); 7] = [
        ("library/busybox", 470_000, &["1.36", "1.37", "latest", "musl"]),
        ("library/registry", 390_000, &["2", "2.8.2", "3", "3.0.0"]),
        ("team/api", 260_000, &["2026.05", "2026.06", "main"]),
        ("team/frontend", 310_000, &["main", "pr-118", "pr-121"]),
        ("team/tools/backup", 180_000, &["0.9.0", "0.9.1"]),
        ("team/tools/migrate", 150_000, &["5"]),
        ("playground", 120_000, &["a", "b"]),
    ];
    rows.into_iter()
        .map(|(repository, size, tags)| {
            let mut sample = SampleBuilder::new(repository);
            for tag in tags {
                let images = [AMD64, ARM64].map(|platform| small(repository, tag, platform, size));
                let entries: Vec<Value> = images.iter().map(Artifact::entry).collect();
                for artifact in &images {
                    sample.put(&[], artifact);
                }
                sample.put(&[tag], &list(Family::Oci, &entries, None));
            }
            sample.0
        })
        .collect()
}

fn small(repository: &str, tag: &str, platform: Platform, size: usize) -> Artifact {
    let build = format!("{repository} {tag} {}", platform.architecture);
    image(&Recipe {
        family: Family::Oci,
        platform,
        created: CREATED,
        steps: vec![
            program("COPY app /bin/ # buildkit", "bin/app", size, &build),
            step("ENTRYPOINT [\"/bin/app\"]", &[]),
        ],
        run: json!({ "Env": ["PATH=/bin"], "Entrypoint": ["/bin/app"] }),
        annotations: None,
    })
}

/// The image that all synthetic repositories share.
pub(super) fn empty_image() -> Artifact {
    small("synthetic", "latest", AMD64, 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media_type::OCI_INDEX;

    #[test]
    fn samples_are_the_same_every_time_and_their_names_differ() {
        let (first, second) = (make(), make());
        let digests = |samples: &[Sample]| -> Vec<Digest> {
            samples
                .iter()
                .flat_map(|sample| &sample.manifests)
                .map(|manifest| Digest::sha256(&manifest.bytes))
                .collect()
        };
        assert_eq!(digests(&first), digests(&second));
        let names: std::collections::BTreeSet<_> = first.iter().map(|sample| &sample.repository).collect();
        assert_eq!(names.len(), first.len());
        assert!(names.len() >= 12, "{names:?}");
    }

    #[test]
    fn webapp_names_what_its_index_holds() {
        let webapp = webapp();
        let index =
            webapp.manifests.iter().find(|manifest| manifest.tags.contains(&"1.4".to_owned())).unwrap();
        let json: Value = serde_json::from_slice(&index.bytes).unwrap();
        let types: Vec<&str> = json["manifests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["mediaType"].as_str().unwrap())
            .collect();
        assert_eq!(types, [OCI_MANIFEST, OCI_MANIFEST, OCI_MANIFEST, OCI_INDEX]);
        assert_eq!(json["manifests"][2]["platform"]["os"], "unknown");
    }
}
