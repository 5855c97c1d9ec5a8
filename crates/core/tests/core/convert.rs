//! Images in the other form.

use tallyman_core::{Format, ImageManifest, MediaType, convert_image};

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn image(media_type: &str, config: &str, layer: &str, more: &str) -> String {
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{media_type}","config":{{"mediaType":"{config}","digest":"{DIGEST}","size":2}},"layers":[{{"mediaType":"{layer}","digest":"{DIGEST}","size":3{more}}}]}}"#
    )
}

const DOCKER: [&str; 3] = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
];
const OCI: [&str; 3] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.oci.image.layer.v1.tar+gzip",
];

#[test]
fn images_become_the_other_form_and_come_back() {
    let docker = image(DOCKER[0], DOCKER[1], DOCKER[2], "");
    let oci = convert_image(docker.as_bytes(), &MediaType::DockerManifest, Format::Oci).unwrap();
    assert_eq!((oci.media_type.as_str(), &oci.losses[..]), (OCI[0], &[][..]));
    let read = ImageManifest::parse(&oci.bytes).unwrap();
    assert_eq!((read.config.media_type.as_str(), read.layers[0].media_type.as_str()), (OCI[1], OCI[2]));
    assert_eq!((read.config.size, read.layers[0].size), (2, 3));

    let back = convert_image(&oci.bytes, &oci.media_type, Format::Docker).unwrap();
    let read = ImageManifest::parse(&back.bytes).unwrap();
    assert_eq!((read.config.media_type.as_str(), read.layers[0].media_type.as_str()), (DOCKER[1], DOCKER[2]));

    let same = convert_image(docker.as_bytes(), &MediaType::DockerManifest, Format::Docker).unwrap();
    assert_eq!(same.bytes, docker.as_bytes());
}

#[test]
fn losses_of_docker_media_types_are_named_or_refused() {
    let of_layer = r#","annotations":{"a":"b"},"data":"aGk=","artifactType":"a/b""#;
    let annotated = image(OCI[0], OCI[1], OCI[2], of_layer);
    let more = format!(
        r#","annotations":{{"c":"d"}},"subject":{{"mediaType":"a/b","digest":"{DIGEST}","size":1}}}}"#
    );
    let annotated = format!("{}{more}", &annotated[..annotated.len() - 1]);
    let converted = convert_image(annotated.as_bytes(), &MediaType::OciManifest, Format::Docker).unwrap();
    let losses = [
        "annotations of the manifest",
        "annotations of layers",
        "embedded data of layers",
        "artifact types of layers",
        "subject",
    ];
    assert_eq!(converted.losses, losses);
    let bytes = String::from_utf8(converted.bytes).unwrap();
    assert!(["annotations", "data", "artifactType"].iter().all(|name| !bytes.contains(name)), "{bytes}");

    let encrypted = image(OCI[0], OCI[1], "application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "");
    let error = convert_image(encrypted.as_bytes(), &MediaType::OciManifest, Format::Docker).unwrap_err();
    assert!(error.to_string().contains("encrypted"), "{error}");
    assert!(convert_image(b"{}", &MediaType::OciManifest, Format::Docker).is_err());
}

#[test]
fn layers_compressed_by_zstd_have_a_name_in_both_forms() {
    for (docker, oci) in [
        ("diff.tar.zstd", "layer.v1.tar+zstd"),
        ("foreign.diff.tar.zstd", "layer.nondistributable.v1.tar+zstd"),
    ] {
        let docker_type = format!("application/vnd.docker.image.rootfs.{docker}");
        let oci_type = format!("application/vnd.oci.image.{oci}");
        let image = image(DOCKER[0], DOCKER[1], &docker_type, "");
        let converted = convert_image(image.as_bytes(), &MediaType::DockerManifest, Format::Oci).unwrap();
        let back = convert_image(&converted.bytes, &converted.media_type, Format::Docker).unwrap();
        for (bytes, expected) in [(&converted.bytes, &oci_type), (&back.bytes, &docker_type)] {
            assert_eq!(ImageManifest::parse(bytes).unwrap().layers[0].media_type.as_str(), expected);
        }
    }
}
