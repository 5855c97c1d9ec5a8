//! Failures end in success after another attempt, or in an error that names the cause.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use http::{HeaderMap, StatusCode, header};
use tallyman_core::{Descriptor, Digest, MediaType, Reference};
use tallyman_dev_registry::{Auth, Fault, FaultKind, Registry, RunningRegistry, TokenAuth};
use tallyman_registry::{
    Access, Body, Client, CredentialKind, Error, Mount, Request, Response, Retry, TagPages, Transport,
    TransportError, TransportErrorKind, Upload,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    scripted::{AtOnce, Scripted, answer},
    support::{Image, Told, basic, builder, client, reference},
};

async fn registry(faults: impl IntoIterator<Item = Fault>) -> (RunningRegistry, Image) {
    let registry = Registry::builder().start().await.unwrap();
    let image = Image::new("amd64");
    image.fill(&registry, "acme/app", "a");
    for fault in faults {
        registry.add_fault(fault);
    }
    (registry, image)
}

#[tokio::test]
async fn transient_failures_of_reads_are_retried() {
    let once = |kind| Fault::new(kind).times(1);
    let server_error = |status| FaultKind::ServerError { status, retry_after: None };
    let rows: [(Fault, &[&str]); 9] = [
        (Fault::new(FaultKind::TooManyRequests { retry_after: None }).times(2), &["too-many-requests"; 2]),
        (once(FaultKind::TooManyRequests { retry_after: Some(1) }), &["too-many-requests"]),
        (Fault::new(server_error(503)).times(3), &["registry-error"; 3]),
        (once(FaultKind::Reset), &["unreachable"]),
        (once(FaultKind::ResetAfterWork), &["unreachable"]),
        (once(FaultKind::ResetMidBody { after: None }), &["broken-off"]),
        (once(FaultKind::Truncate { after: Some(3) }), &["broken-off"]),
        (Fault::new(FaultKind::NoDigest), &[]),
        (Fault::new(FaultKind::Gzip), &[]),
    ];
    for (fault, retries) in rows {
        for part in ["manifests", "blobs"] {
            let is_about_manifests = matches!(fault.kind, FaultKind::Gzip | FaultKind::NoDigest);
            if part == "blobs" && is_about_manifests {
                continue;
            }
            let (registry, image) = registry([fault.clone().path(&format!("/v2/*/{part}/*"))]).await;
            let told = Told::default();
            let client = builder().observer(told.observer()).build();
            let reference = reference(&registry, "acme/app:a");
            let fetched = client.manifest(&reference).await.unwrap();
            assert_eq!(fetched.bytes, image.bytes, "{fault:?}");
            assert_eq!(client.blob(&reference, &image.config_descriptor()).await.unwrap(), image.config);
            assert_eq!(told.retries(), retries, "{fault:?} on {part}");
            assert_eq!(told.ends() > 0, !retries.is_empty(), "{fault:?} on {part}");
        }
    }
}

#[tokio::test]
async fn permanent_failures_name_their_code() {
    let server_error = FaultKind::ServerError { status: 500, retry_after: None };
    let rows = [
        (server_error, "registry-error", 4),
        (FaultKind::TooManyRequests { retry_after: Some(3600) }, "too-many-requests", 1),
        (FaultKind::WrongByte { at: None }, "digest-mismatch", 1),
        (FaultKind::WrongDigest, "digest-mismatch", 1),
    ];
    for (kind, code, requests) in rows {
        let (registry, _) = registry([Fault::new(kind.clone())]).await;
        let error = client().manifest(&reference(&registry, "acme/app:a")).await.unwrap_err();
        assert_eq!(error.code(), code, "{kind:?}: {error}");
        assert_eq!(registry.requests().len(), requests, "{kind:?}");
    }
}

#[tokio::test]
async fn more_than_is_taken_is_refused_before_it_is_all_here() {
    let (registry, image) = registry([]).await;
    let reference = reference(&registry, "acme/app:a");
    let size = image.bytes.len() as u64;
    let error = builder().manifest_max(size - 1).build().manifest(&reference).await.unwrap_err();
    assert_eq!(error.code(), "too-large", "{error}");
    assert!(error.to_string().contains(&format!("at most {} bytes", size - 1)), "{error}");
    builder().manifest_max(size).build().manifest(&reference).await.unwrap();
}

#[tokio::test]
async fn a_wrong_byte_is_found_without_the_registrys_help() {
    let wrong = Fault::new(FaultKind::WrongByte { at: None });
    let (registry, image) = registry([wrong, Fault::new(FaultKind::NoDigest)]).await;
    let client = client();
    let reference = reference(&registry, "acme/app:a");
    let codes = [
        client.manifest_as(&reference, &image.descriptor()).await.unwrap_err().code(),
        client.manifest(&reference.with_digest(image.digest())).await.unwrap_err().code(),
        client.blob(&reference, &image.config_descriptor()).await.unwrap_err().code(),
        client
            .blob_stream(&reference, &image.config_descriptor())
            .try_collect::<Vec<_>>()
            .await
            .unwrap_err()
            .code(),
    ];
    assert_eq!(codes, ["digest-mismatch"; 4]);
}

#[tokio::test]
async fn two_media_types_are_both_named() {
    let oci = MediaType::OciManifest.as_str().to_owned();
    let (registry, image) = registry([Fault::new(FaultKind::WrongContentType { content_type: oci })]).await;
    let reference = reference(&registry, "acme/app:a");
    let error = client().manifest(&reference).await.unwrap().manifest().unwrap_err().to_string();
    for named in [MediaType::OciManifest, MediaType::DockerManifest] {
        assert!(error.contains(named.as_str()), "{error}");
    }
    let error = client().manifest_as(&reference, &image.descriptor()).await.unwrap_err();
    assert_eq!(error.code(), "media-type-mismatch");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for_for_ever() {
    let (registry, image) = registry([Fault::new(FaultKind::Latency { ms: 60_000 }).times(1)]).await;
    let told = Told::default();
    let client = builder().timeout(Duration::from_millis(300)).observer(told.observer()).build();
    let fetched = client.manifest(&reference(&registry, "acme/app:a")).await.unwrap();
    assert_eq!(fetched.digest, image.digest());
    assert_eq!(told.retries(), ["timeout"]);
}

#[tokio::test]
async fn a_stream_goes_on_where_it_broke() {
    let (registry, _) =
        registry([Fault::new(FaultKind::ResetMidBody { after: Some(300_000) }).times(2)]).await;
    let layer: Vec<u8> = (0..1_000_000_u32).map(|at| (at % 251) as u8).collect();
    registry.put_blob("acme/app", layer.clone());
    let media_type = MediaType::new("application/vnd.oci.image.layer.v1.tar");
    let descriptor = Descriptor::new(media_type, Digest::of(&layer), layer.len() as u64);
    let told = Told::default();
    let client = builder().observer(told.observer()).build();
    let reference = reference(&registry, "acme/app:a");
    let pieces: Vec<Bytes> = client.blob_stream(&reference, &descriptor).try_collect().await.unwrap();
    assert!(pieces.concat() == layer, "the bytes differ");
    assert_eq!(told.retries(), ["broken-off"; 2]);
    let statuses: Vec<u16> = registry.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [200, 206, 206]);
}

/// A server that gives one answer after another and hangs up behind each; its host.
async fn answering(answers: [&'static str; 3]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    host
}

#[tokio::test]
async fn a_download_goes_on_from_its_own_position_alone_and_may_break_off_at_its_end() {
    const WHOLE: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n";
    const BROKEN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n012";
    const BEHIND_END: &str =
        "HTTP/1.1 416 Range Not Satisfiable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    const OTHER_PART: &str = "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-9/10\r\ncontent-length: 10\r\nconnection: close\r\n\r\n0123456789";
    const PART: &str = "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 3-9/10\r\ncontent-length: 7\r\nconnection: close\r\n\r\n3456789";
    for (answers, expected) in [
        ([WHOLE, BEHIND_END, ""], Ok("0123456789")),
        ([BROKEN, OTHER_PART, PART], Ok("0123456789")),
        ([BROKEN, BEHIND_END, ""], Err("size-mismatch")),
    ] {
        let reference: Reference = format!("{}/acme/app:1", answering(answers).await).parse().unwrap();
        let client = builder().access(|_| Access::PlainFirst).build();
        let descriptor = Descriptor::new(MediaType::new("a/b"), Digest::of(b"0123456789"), 10);
        let pieces: Result<Vec<Bytes>, Error> =
            client.blob_stream(&reference, &descriptor).try_collect().await;
        let found = pieces.as_deref().map(|pieces| String::from_utf8(pieces.concat()).unwrap());
        assert_eq!(found.as_deref().map_err(|error| error.code()), expected, "{answers:?}");
    }
}

#[tokio::test]
async fn a_length_of_encoded_content_is_not_that_of_the_content() {
    const ENCODED: &str =
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 271\r\nconnection: close\r\n\r\n";
    const PLAIN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 422\r\nconnection: close\r\n\r\n";
    let host = answering([ENCODED, ENCODED, PLAIN]).await;
    let reference: Reference = format!("{host}/acme/app:1").parse().unwrap();
    let client = builder().access(|_| Access::PlainFirst).build();
    assert_eq!(client.head_manifest(&reference).await.unwrap().size, None);
    assert_eq!(client.head_blob(&reference, &Digest::of(b"")).await.unwrap(), None);
    assert_eq!(client.head_manifest(&reference).await.unwrap().size, Some(422));
}

#[tokio::test]
async fn signed_addresses_of_storages_stand_in_no_error() {
    const SIGNED: &str = "https://storage.example/blob?X-Amz-Signature=s3cret&n=1";
    let response = |status, location: &str, body| {
        let headers = HeaderMap::from_iter([(header::LOCATION, location.parse().unwrap())]);
        let status = StatusCode::from_u16(status).unwrap();
        Ok(Response { status, headers, url: SIGNED.to_owned(), body })
    };
    let broken = || {
        let error = TransportError { kind: TransportErrorKind::Reset, message: "reset".to_owned() };
        Body::from_stream(stream::iter([Ok(Bytes::from_static(b"0")), Err(error)]))
    };
    let client =
        |answer: Rc<dyn Transport>| Client::builder(answer).retry(Retry::never()).manifest_max(4).build();
    let image: Reference = "r.example/acme/app:1".parse().unwrap();
    let (digest, media_type) = (Digest::of(b"0123456789"), MediaType::OciManifest);
    let descriptor = Descriptor::new(media_type.clone(), digest.clone(), 10);

    let breaking = client(Rc::new(AtOnce(move |_: Request| response(200, "/", broken()))));
    let long = client(Rc::new(AtOnce(move |_: Request| response(200, "/", Body::full("0123456789")))));
    let redirecting = client(Rc::new(AtOnce(move |_: Request| response(307, SIGNED, Body::full("")))));
    let asking = client(Rc::new(AtOnce(|request: Request| {
        let challenge = format!(r#"Bearer realm="{SIGNED}",service="s""#);
        let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, challenge.parse().unwrap())]);
        let is_token_service = request.url.starts_with("https://storage.example/");
        let status = if is_token_service { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
        Ok(Response { status, headers, url: request.url, body: Body::full("") })
    })));
    let pieces: Result<Vec<Bytes>, Error> = breaking.blob_stream(&image, &descriptor).try_collect().await;
    let errors = [
        pieces.unwrap_err(),
        breaking.manifest(&image).await.unwrap_err(),
        long.manifest(&image).await.unwrap_err(),
        redirecting.put_manifest(&image, &media_type, b"{}".as_slice().into()).await.unwrap_err(),
        asking.manifest(&image).await.unwrap_err(),
    ];
    let codes = ["broken-off", "broken-off", "too-large", "protocol", "token-refused"];
    assert_eq!(errors.each_ref().map(Error::code), codes);
    for error in errors {
        let text = format!("{error} {error:?}");
        assert!(text.contains("storage.example/blob?X-Amz-Signature=…&n=1"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[tokio::test]
async fn a_refusal_of_a_storage_is_not_the_registrys() {
    let client = |url: &'static str, status: StatusCode| {
        let refusing = move |_: Request| {
            let body = Body::full("<Error><Signature>s3cret</Signature></Error>");
            Ok(Response { status, headers: HeaderMap::new(), url: url.to_owned(), body })
        };
        Client::builder(Rc::new(AtOnce(refusing))).retry(Retry::never()).build()
    };
    let image: Reference = "r.example/acme/app:1".parse().unwrap();
    let asked = "https://r.example/v2/acme/app/manifests/1";
    let in_storage = "https://storage.example/blob?X-Amz-Signature=s3cret";
    for (url, expected, code) in [
        (
            in_storage,
            format!("https://storage.example, to which {asked} redirects, answered 403 Forbidden"),
            "registry-error",
        ),
        ("http://r.example/v2/", format!("{asked} answered 403 Forbidden: <Error>"), "denied"),
        (asked, format!("{asked} answered 403 Forbidden: <Error>"), "denied"),
    ] {
        let error = client(url, StatusCode::FORBIDDEN).manifest(&image).await.unwrap_err();
        assert!(error.to_string().starts_with(&expected), "{error}");
        let Error::Api { body, .. } = &error else { panic!("{error:?}") };
        assert_eq!(body.is_empty(), code == "registry-error", "{error}");
        assert_eq!((error.code(), error.to_string().contains("s3cret")), (code, code == "denied"), "{error}");
    }
    for (url, rejects) in [(asked, true), (in_storage, false)] {
        let error = client(url, StatusCode::UNAUTHORIZED).manifest(&image).await.unwrap_err();
        assert_eq!(error.rejects_credentials(CredentialKind::Password), rejects, "{error}");
    }
}

#[tokio::test]
async fn a_redirect_to_another_origin_takes_no_credentials_along() {
    let image = Image::new("amd64");
    let registry = Registry::builder()
        .auth(Auth::Token(TokenAuth::new("user", "secret")))
        .fault(Fault::new(FaultKind::RedirectBlobs { cors: true }))
        .start()
        .await
        .unwrap();
    image.fill(&registry, "acme/app", "a");
    let client = builder().credentials(basic("user", "secret")).build();
    let config = client.blob(&reference(&registry, "acme/app:a"), &image.config_descriptor()).await.unwrap();
    assert_eq!(config, image.config);
    let storage: Vec<_> = registry.requests().into_iter().filter(|request| request.storage).collect();
    assert_eq!(storage.len(), 1);
    assert_eq!(storage[0].authorization, None);
}

#[tokio::test]
async fn transient_failures_of_writes_are_retried() {
    let once = |kind, method: &str| Fault::new(kind).method(method).times(1);
    let server_error = FaultKind::ServerError { status: 503, retry_after: None };
    let faults = [
        once(FaultKind::Reset, "PUT"),
        once(FaultKind::ResetAfterWork, "PUT"),
        once(FaultKind::ResetAfterWork, "PATCH"),
        once(FaultKind::ResetAfterWork, "POST"),
        once(FaultKind::ResetAfterWork, "DELETE"),
        once(server_error.clone(), "PUT"),
        once(server_error.clone(), "PATCH"),
        once(server_error, "POST"),
        once(FaultKind::BreakUpload { after: 100_000 }, "PATCH"),
        once(FaultKind::BreakUpload { after: 10 }, "PUT"),
        Fault::new(FaultKind::RelativeLocation),
        Fault::new(FaultKind::LocationElsewhere),
    ];
    let large = Bytes::from(vec![7; 10 * 1024 * 1024]);
    for fault in faults {
        for resumable in [false, true] {
            let registry = Registry::builder().resumable_uploads(resumable).start().await.unwrap();
            registry.add_fault(fault.clone());
            let (client, image) = (client(), Image::new("amd64"));
            let reference = reference(&registry, "acme/app:a");
            for bytes in [Bytes::from(image.config.clone()), Bytes::from(image.layer.clone()), large.clone()]
            {
                let uploaded = client.upload_blob(&reference, &Digest::of(&bytes), &bytes).await;
                uploaded.unwrap_or_else(|error| panic!("{fault:?}, {resumable}: {error}"));
            }
            assert!(registry.blob("acme/app", Digest::of(&large).as_str()).unwrap() == large, "{fault:?}");
            client.put_manifest(&reference, &MediaType::DockerManifest, image.bytes.clone()).await.unwrap();
            let other = "acme/other:a";
            let other = crate::support::reference(&registry, other);
            let mounted =
                client.mount_blob(&other, reference.repository(), &Digest::of(&large)).await.unwrap();
            assert_eq!(mounted, Mount::Mounted, "{fault:?}");
            client.delete_manifest(&reference.by_digest(image.digest())).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_on_the_way_is_done() {
    let retry = Retry { first_backoff: Duration::from_millis(2), ..Retry::default() };
    for (statuses, is_done) in
        [(&[502, 404][..], true), (&[504, 429, 404], true), (&[429, 404], false), (&[404], false)]
    {
        let at = Cell::new(0);
        let server = Scripted::new(move |_| answer(statuses[at.replace(at.get() + 1)], "text/plain", ""));
        let image: Reference = "r.example/acme/app:1".parse().unwrap();
        let deleted = server.builder().retry(retry).build().delete_manifest(&image).await;
        assert_eq!(deleted.is_ok(), is_done, "{statuses:?}: {deleted:?}");
        assert_eq!(server.asked().len(), statuses.len(), "{statuses:?}");
    }
}

/// Asks for a mount that is refused, and returns the upload in its place.
async fn refused_mount(
    client: &Client,
    registry: &RunningRegistry,
    target: &Reference,
    image: &Image,
) -> Upload {
    let source = reference(registry, "acme/app:a");
    let digest = Digest::of(&image.config);
    match client.mount_blob(target, source.repository(), &digest).await.unwrap() {
        Mount::Upload(upload) => upload,
        Mount::Mounted => panic!("the registry mounts nothing"),
    }
}

#[tokio::test]
async fn a_mount_that_is_refused_is_an_upload_that_can_be_ended() {
    let (registry, image) = registry([Fault::new(FaultKind::NoMount)]).await;
    let (client, target) = (client(), reference(&registry, "acme/other:a"));
    let upload = refused_mount(&client, &registry, &target, &image).await;
    client.cancel_upload(&target, &upload).await.unwrap();
    assert!(client.cancel_upload(&target, &upload).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn nothing_is_deleted_where_a_registry_says_that_an_upload_is_elsewhere() {
    let (registry, image) =
        registry([Fault::new(FaultKind::NoMount), Fault::new(FaultKind::LocationElsewhere)]).await;
    let (client, target) = (client(), reference(&registry, "acme/other:a"));
    let upload = refused_mount(&client, &registry, &target, &image).await;
    let source = reference(&registry, "acme/app:a");
    assert!(upload.location.as_ref().unwrap().as_str().starts_with(&registry.storage_url()), "{upload:?}");
    client.cancel_upload(&target, &upload).await.unwrap();
    assert!(registry.requests().iter().all(|request| request.method != "DELETE"));
    // The blob itself goes there as before.
    client.transfer_blob(&source, &target, &image.config_descriptor(), Some(upload), &|_| ()).await.unwrap();
}

#[tokio::test]
async fn a_blob_that_its_source_lacks_is_asked_for_once() {
    let (registry, image) = registry([Fault::new(FaultKind::NoMount)]).await;
    let (client, target) = (client(), reference(&registry, "acme/other:a"));
    let source = reference(&registry, "acme/app:a");
    let missing = Descriptor::new(MediaType::new("a/b"), Digest::of(b"missing"), 7);
    registry.clear_requests();
    let error = client.copy_blob(&source, &target, &missing, &|_| ()).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let requests = registry.requests();
    let asked: Vec<&str> = requests
        .iter()
        .filter(|request| request.method == "GET" && request.path.contains("/blobs/sha256:"))
        .map(|request| request.path.as_str())
        .collect();
    assert_eq!(asked, [format!("/v2/acme/app/blobs/{}", missing.digest)], "{requests:?}");
    // Other blobs are taken as before.
    client.copy_blob(&source, &target, &image.config_descriptor(), &|_| ()).await.unwrap();
}

#[tokio::test]
async fn pages_are_found_whatever_the_link_looks_like() {
    for fault in [None, Some(FaultKind::AbsoluteLink), Some(FaultKind::NoLink)] {
        let (registry, image) = registry(fault.clone().map(Fault::new)).await;
        for number in 0..2100 {
            image.fill(&registry, "acme/app", &format!("t{number:04}"));
        }
        let pages = client().tags(&reference(&registry, "acme/app:a"));
        let pages: Vec<Vec<String>> = pages.try_collect().await.unwrap();
        let lengths: Vec<usize> = pages.iter().map(Vec::len).collect();
        assert_eq!(lengths, [1000, 1000, 101], "{fault:?}");
        assert_eq!(pages.concat().last().unwrap(), "t2099");
    }
}

#[tokio::test]
async fn referrers_are_found_with_and_without_the_api() {
    for has_api in [true, false] {
        let registry = Registry::builder().referrers(has_api).start().await.unwrap();
        let image = Image::new("amd64");
        image.fill(&registry, "acme/app", "a");
        let client = client();
        let app = reference(&registry, "acme/app:a");
        let referrer = format!(
            r#"{{"schemaVersion":2,"mediaType":"{0}","artifactType":"example/signature","config":{{"mediaType":"application/vnd.oci.empty.v1+json","size":{1},"digest":"{2}"}},"layers":[],"subject":{{"mediaType":"{3}","size":{4},"digest":"{5}"}}}}"#,
            MediaType::OciManifest.as_str(),
            image.config.len(),
            Digest::of(&image.config),
            MediaType::DockerManifest.as_str(),
            image.bytes.len(),
            image.digest(),
        );
        let named = app.by_digest(Digest::of(referrer.as_bytes()));
        client.put_manifest(&named, &MediaType::OciManifest, referrer.as_bytes().into()).await.unwrap();
        if !has_api {
            let index = format!(
                r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[{{"mediaType":"{}","size":{},"digest":"{}","artifactType":"example/signature"}}]}}"#,
                MediaType::OciIndex.as_str(),
                MediaType::OciManifest.as_str(),
                referrer.len(),
                Digest::of(referrer.as_bytes()),
            );
            let tag = app.by_tag(image.digest().as_str().replace(':', "-").parse().unwrap());
            client.put_manifest(&tag, &MediaType::OciIndex, index.as_bytes().into()).await.unwrap();
        }
        for (wanted, found) in [(None, 1), (Some("example/signature"), 1), (Some("example/other"), 0)] {
            let referrers = client.referrers(&app, &image.digest(), wanted).await.unwrap();
            assert_eq!(referrers.len(), found, "{has_api} {wanted:?}");
            assert!(referrers.iter().all(|entry| entry.digest == Digest::of(referrer.as_bytes())));
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_server_that_was_expected_to_speak_plain_http_is_asked_by_tls_when_it_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap();
    // Go's words to who speaks plain HTTP; who speaks TLS is hung up on.
    let server = async {
        let mut seen = Vec::new();
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut first = [0; 1];
            stream.read_exact(&mut first).await.unwrap();
            seen.push(first[0]);
            if first[0] != 0x16 {
                let answer =
                    "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
        seen
    };
    let client = builder().access(|_| Access::PlainFirst).retry(Retry::never()).build();
    let reference = format!("{host}/a/b:1").parse().unwrap();
    let (seen, fetched) = futures_util::future::join(server, client.manifest(&reference)).await;
    assert_eq!(seen, [b'G', 0x16]);
    let error = fetched.unwrap_err();
    assert!(!matches!(error, Error::Api { .. }), "{error}");
}

#[tokio::test]
async fn a_page_of_more_names_than_there_can_be_is_not_taken_apart() {
    let server = Scripted::new(|_| {
        answer(200, "application/json", format!(r#"{{"tags":[{}1]}}"#, "1,".repeat(1_100_000)))
    });
    let image: Reference = "r.example/acme/app:1".parse().unwrap();
    let tags: Result<Vec<String>, Error> = server.client().tags(&image).try_concat().await;
    assert_eq!(tags.unwrap_err().code(), "protocol");
}

#[tokio::test]
async fn lists_end_at_a_limit_of_bytes_and_links_are_no_longer_than_addresses() {
    for (spaces, query) in [(49 << 20, String::new()), (1, "x".repeat(10_000))] {
        let page = Cell::new(0);
        let server = Scripted::new(move |_| {
            page.set(page.get() + 1);
            let link = format!("</v2/acme/app/tags/list?page={}{query}>; rel=\"next\"", page.get());
            let headers = if page.get() < 5 { vec![(header::LINK, link)] } else { Vec::new() };
            Some((200, headers, format!(r#"{{"tags":["{}"]{}}}"#, page.get(), " ".repeat(spaces))))
        });
        let image: Reference = "r.example/acme/app:1".parse().unwrap();
        let tags: Result<Vec<String>, Error> = server.client().tags(&image).try_concat().await;
        assert_eq!(tags.unwrap_err().code(), "protocol", "{spaces} spaces");
    }
}

#[tokio::test]
async fn a_size_of_pages_that_a_registry_refuses_is_left_to_it() {
    const MOST: usize = 2;
    for has_links in [true, false] {
        let names = ["a", "b", "c", "d", "e"];
        let server = Scripted::new(move |request| {
            let query: Vec<(&str, &str)> = request.url.split_once('?').map_or_else(Vec::new, |(_, query)| {
                query.split('&').filter_map(|field| field.split_once('=')).collect()
            });
            let of = |name: &str| query.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            if of("n").is_some_and(|n| n.parse::<usize>().unwrap() > MOST) {
                let refusal = r#"{"errors":[{"code":"PAGINATION_NUMBER_INVALID","message":"invalid number of results requested"}]}"#;
                return answer(400, "application/json", refusal);
            }
            let after: Vec<&str> =
                names.into_iter().filter(|name| of("last").is_none_or(|last| *name > last)).collect();
            let page = &after[..after.len().min(MOST)];
            let path = request.url.split('?').next().unwrap().strip_prefix("https://r.example").unwrap();
            let link = || format!("<{path}?last={}&n={MOST}>; rel=\"next\"", page[MOST - 1]);
            let headers = (has_links && after.len() > MOST).then(|| (header::LINK, link()));
            let member = if path.contains("_catalog") { "repositories" } else { "tags" };
            Some((200, headers.into_iter().collect(), format!(r#"{{"{member}":{page:?}}}"#)))
        });
        let (client, image) = (server.client(), "r.example/acme/app:1".parse::<Reference>().unwrap());
        let all: Vec<String> = client.repositories(image.registry()).try_concat().await.unwrap();
        assert_eq!(all, names, "links: {has_links}");
        assert_eq!(server.asked()[..2], ["GET /v2/_catalog?n=1000", "GET /v2/_catalog"]);
        let behind = TagPages { size: None, last: Some("b".to_owned()) };
        let tags: Vec<String> = client.tags_in_pages(&image, &behind).try_concat().await.unwrap();
        assert_eq!(tags, names[2..], "links: {has_links}");
        // A size of one's own is the caller's affair.
        let large = TagPages { size: Some(3), last: None };
        let refused: Result<Vec<String>, Error> = client.tags_in_pages(&image, &large).try_concat().await;
        assert_eq!(refused.unwrap_err().code(), "registry-error");
    }
}

/// Registries behind a port or a prefix of their own (Nexus), or a repository of repositories (Artifactory), name the next page by
/// a path that leads nowhere.
#[tokio::test]
async fn the_next_page_is_one_of_the_same_list_whatever_path_its_link_has() {
    let image: Reference = "r.example/docker/ren:1".parse().unwrap();
    for link in [
        "/v2/docker/ren/KIND?last=b&n=2",
        "/v2/ren/KIND?last=b&n=2",
        "/registry/v2/docker/ren/KIND?last=b&n=2",
        "http://r.example:8443/repository/docker-proxy/v2/docker/ren/KIND?last=b&n=2",
        "?last=b&n=2",
    ] {
        let server = Scripted::new(move |request| {
            let (path, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
            let kind = path.strip_prefix("https://r.example/v2/docker/ren/")?;
            let pages = match kind {
                "tags/list" => [r#"{"tags":["a","b"]}"#, r#"{"tags":["c"]}"#],
                _ => [r#"{"schemaVersion":2,"manifests":[]}"#; 2],
            };
            if query == "last=b&n=2" {
                return answer(200, "application/json", pages[1]);
            }
            let link = format!("<{}>; rel=\"next\"", link.replace("KIND", kind));
            Some((200, vec![(header::LINK, link)], pages[0].to_owned()))
        });
        let tags: Vec<String> = server.client().tags(&image).try_concat().await.unwrap();
        assert_eq!(tags, ["a", "b", "c"], "{link}");
        let subject = Digest::of(b"x");
        server.client().referrers(&image, &subject, None).await.unwrap();
        let next = format!("GET /v2/docker/ren/referrers/{subject}?last=b&n=2");
        assert_eq!(server.asked().last(), Some(&next), "{link}");
    }
}

/// A registry with a password that redirects what is below `/v2/acme/` to another host without one, which has `pages` below
/// `/v2/team/`, the first with a link to the second. Returns its client, and the URLs that are asked for.
fn redirecting(pages: [&'static str; 2], link: &'static str) -> (Client, Rc<RefCell<Vec<String>>>) {
    let asked = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&asked);
    let server = AtOnce(move |request: Request| {
        let has_credentials = request.headers.contains_key(header::AUTHORIZATION);
        let shown = if has_credentials { " with credentials" } else { "" };
        log.borrow_mut().push(format!("{}{shown}", request.url));
        let url = request.url.replace("https://r.example/v2/acme/", "https://real.example/v2/team/");
        let is_real = request.url.starts_with("https://real.example/");
        let mut headers = HeaderMap::new();
        let (url, status, body) = match () {
            () if !is_real && !has_credentials => {
                headers.insert(header::WWW_AUTHENTICATE, "Basic realm=\"r\"".parse().unwrap());
                (request.url, 401, "{}")
            }
            () if url.starts_with("https://r.example/v2/team/") => (url, 404, "{}"),
            () if url.contains("last=") => (url, 200, pages[1]),
            () => {
                headers.insert(header::LINK, link.parse().unwrap());
                (url, 200, pages[0])
            }
        };
        Ok(Response { status: StatusCode::from_u16(status).unwrap(), headers, url, body: Body::full(body) })
    });
    let retry = Retry::never();
    let client = Client::builder(Rc::new(server)).access(|_| Access::Tls).retry(retry);
    (client.credentials(basic("ann", "secret")).build(), asked)
}

#[tokio::test]
async fn pages_of_a_list_that_was_redirected_are_asked_for_where_they_are() {
    let image: Reference = "r.example/acme/app:1".parse().unwrap();
    for (link, second) in [
        (
            "</v2/team/app/tags/list?last=b&n=2>; rel=next",
            "https://real.example/v2/team/app/tags/list?last=b&n=2",
        ),
        (
            "<https://real.example/v2/team/app/tags/list?last=b&n=2>; rel=next",
            "https://real.example/v2/team/app/tags/list?last=b&n=2",
        ),
        // One that names the registry, or any other host, is the registry's.
        (
            "<https://r.example/v2/acme/app/tags/list?last=b>; rel=next",
            "https://r.example/v2/acme/app/tags/list?last=b with credentials",
        ),
        (
            "<https://x.example/v2/acme/app/tags/list?last=b>; rel=next",
            "https://r.example/v2/acme/app/tags/list?last=b with credentials",
        ),
    ] {
        let (client, asked) = redirecting([r#"{"tags":["a","b"]}"#, r#"{"tags":["c"]}"#], link);
        let tags: Vec<String> = client.tags(&image).try_concat().await.unwrap();
        assert_eq!(tags, ["a", "b", "c"], "{link}");
        assert_eq!(asked.borrow().last().unwrap(), second, "{link}");
    }
    let subject = Digest::of(b"x");
    let link = "</v2/team/app/referrers/x?last=b>; rel=next";
    let (client, asked) = redirecting([r#"{"schemaVersion":2,"manifests":[]}"#; 2], link);
    client.referrers(&image, &subject, None).await.unwrap();
    let second = format!("https://real.example/v2/team/app/referrers/{subject}?last=b");
    assert_eq!(*asked.borrow().last().unwrap(), second);
}
