//! The samples, served.

use serde_json::Value;
use tallyman_dev_registry::{Digest, Registry, samples};

use crate::http::{get, send};

const LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const TYPES: &str = "application/vnd.docker.distribution.manifest.list.v2+json, \
                     application/vnd.docker.distribution.manifest.v2+json, \
                     application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json";

#[tokio::test]
async fn every_sample_is_there_and_whole_but_the_sparse_one() {
    let registry = Registry::builder().samples().start().await.unwrap();
    for sample in samples::all() {
        for manifest in &sample.manifests {
            let digest = Digest::sha256(&manifest.bytes);
            for reference in manifest.tags.iter().map(String::as_str).chain([digest.as_str()]) {
                let url = format!("{}/v2/{}/manifests/{reference}", registry.url(), sample.repository);
                let answer = send("GET", &url, &[("accept", TYPES)], "").await;
                assert_eq!(answer.header("docker-content-digest"), Some(digest.as_str()), "{url}");
                assert_eq!(answer.header("content-type"), Some(manifest.media_type.as_str()), "{url}");
            }
            let json: Value = serde_json::from_slice(&manifest.bytes).unwrap();
            let entries =
                json["manifests"].as_array().into_iter().flatten().map(|entry| ("manifests", entry));
            let layers = json["layers"].as_array().into_iter().flatten().chain(json.get("config"));
            let mut missing = 0;
            for (kind, descriptor) in entries.chain(layers.map(|layer| ("blobs", layer))) {
                let digest = descriptor["digest"].as_str().unwrap();
                let url = format!("{}/v2/{}/{kind}/{digest}", registry.url(), sample.repository);
                let answer = send("HEAD", &url, &[("accept", TYPES)], "").await;
                if answer.status == 404 {
                    missing += 1;
                } else {
                    assert_eq!(
                        answer.header("content-length"),
                        Some(descriptor["size"].to_string().as_str()),
                        "{url}"
                    );
                }
            }
            let sparse = sample.repository == "samples/sparse" && !manifest.pushable;
            assert_eq!(missing, i32::from(sparse), "{} {:?}", sample.repository, manifest.tags);
        }
    }
}

#[tokio::test]
async fn the_two_lists_have_the_platforms_that_they_promise() {
    let registry = Registry::builder().samples().start().await.unwrap();
    for (path, media_type, expected) in [
        (
            "samples/hello/manifests/latest",
            LIST,
            vec!["linux/amd64", "linux/arm/v7", "linux/arm64", "windows/amd64 10.0.20348.2849"],
        ),
        (
            "samples/webapp/manifests/1.4",
            INDEX,
            vec!["linux/amd64", "linux/arm64", "unknown/unknown", "none"],
        ),
    ] {
        let json =
            send("GET", &format!("{}/v2/{path}", registry.url()), &[("accept", media_type)], "").await.json();
        let platforms: Vec<String> = json["manifests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| {
                let text = |key: &str| entry["platform"][key].as_str();
                let Some(os) = text("os") else { return "none".to_owned() };
                let variant = text("variant").map(|variant| format!("/{variant}")).unwrap_or_default();
                let version = text("os.version").map(|version| format!(" {version}")).unwrap_or_default();
                format!("{os}/{}{variant}{version}", text("architecture").unwrap())
            })
            .collect();
        assert_eq!(platforms, expected);
    }
    let index = registry.manifest("samples/webapp", "1.4").unwrap().1;
    let url = format!("{}/v2/samples/webapp/referrers/{}", registry.url(), Digest::sha256(&index));
    assert_eq!(get(&url).await.json()["manifests"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_large_catalog_is_paged_to_its_end() {
    let registry = Registry::builder().synthetic(2500, 1200).start().await.unwrap();
    let mut path = "/v2/_catalog?n=1000".to_owned();
    let mut names = 0;
    let mut pages = 0;
    loop {
        let answer = get(&format!("{}{path}", registry.url())).await;
        names += answer.json()["repositories"].as_array().unwrap().len();
        pages += 1;
        let Some(link) = answer.header("link") else { break };
        path = link.split(['<', '>']).nth(1).unwrap().to_owned();
    }
    assert_eq!((names, pages), (2501, 3));
    let tags = get(&format!("{}/v2/scale/many-tags/tags/list", registry.url())).await.json();
    assert_eq!(tags["tags"].as_array().unwrap().len(), 1200);
    let one = get(&format!("{}/v2/synthetic/r0002499/tags/list", registry.url())).await.json();
    assert_eq!(one["tags"][0], "latest");
}
