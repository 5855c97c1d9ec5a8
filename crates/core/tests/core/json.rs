//! JSON as Go reads and writes it.

use proptest::prelude::*;
use serde_json::Value;
use tallyman_core::{Descriptor, ImageManifest, Index, Manifest, MediaType, Platform, PlatformError, json};

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn faults_are_worded_as_go_words_them() {
    for (json, message) in [
        ("", "unexpected end of JSON input"),
        ("  ", "unexpected end of JSON input"),
        ("{", "unexpected end of JSON input"),
        ("[1", "unexpected end of JSON input"),
        ("{\"a\":", "unexpected end of JSON input"),
        ("\"a", "unexpected end of JSON input"),
        ("broken", "invalid character 'b' looking for beginning of value"),
        ("not json", "invalid character 'o' in literal null (expecting 'u')"),
        ("tr", "invalid character ' ' in literal true (expecting 'u')"),
        ("404 page", "invalid character 'p' after top-level value"),
        ("<html>", "invalid character '<' looking for beginning of value"),
        ("\u{feff}{}", "invalid character 'ï' looking for beginning of value"),
        ("{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
        ("{\"a\" 1}", "invalid character '1' after object key"),
        ("{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair"),
        ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
        ("[1 2]", "invalid character '2' after array element"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("{}}", "invalid character '}' after top-level value"),
        ("01", "invalid character '1' after top-level value"),
        ("-x", "invalid character 'x' in numeric literal"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal"),
        ("1ex", "invalid character 'x' in exponent of numeric literal"),
        ("\"\n\"", "invalid character '\\n' in string literal"),
        ("\"\\x\"", "invalid character 'x' in string escape code"),
        ("\"\\u00g0\"", "invalid character 'g' in \\u hexadecimal character escape"),
        ("\u{1}", "invalid character '\\x01' looking for beginning of value"),
    ] {
        assert_eq!(json::check(json.as_bytes()).unwrap_err().to_string(), message, "{json:?}");
    }
    let deep = "[".repeat(10_001);
    let message = "invalid character '[' exceeded max depth";
    assert_eq!(json::check(deep.as_bytes()).unwrap_err().to_string(), message);
    assert!(json::check(format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)).as_bytes()).is_ok());
}

#[test]
fn indenting_moves_white_space_alone() {
    for (json, indented) in [
        ("{}", "{}"),
        (" [ ] ", "[] "),
        ("{\"b\":1.50e+3,\"a\":[],\"a\":{ }}", "{\n\t\"b\": 1.50e+3,\n\t\"a\": [],\n\t\"a\": {}\n}"),
        (
            "[1,[2,{\"a\":\"b, {c}: \\\"[\"}]]\n",
            "[\n\t1,\n\t[\n\t\t2,\n\t\t{\n\t\t\t\"a\": \"b, {c}: \\\"[\"\n\t\t}\n\t]\n]\n",
        ),
        ("\"<&>\"", "\"<&>\""),
        ("\"\\\\\"", "\"\\\\\""),
    ] {
        assert_eq!(text(json::indent(json.as_bytes(), "\t").unwrap()), indented);
    }
}

#[test]
fn compacting_escapes_what_go_escapes_in_raw_json() {
    let json = "{ \"a\" : \"<b> & \u{2028}\u{2029} \u{2027} é\" ,\n\t\"n\" : 1.0 }\n";
    let compact = r#"{"a":"\u003cb\u003e \u0026 \u2028\u2029 ‧ é","n":1.0}"#;
    assert_eq!(text(json::compact(json.as_bytes()).unwrap()), compact);
}

#[test]
fn quoting_escapes_what_go_escapes() {
    let quoted = r#""a\"\\\n\r\t\b\f\u0000\u001f\u003c\u003e\u0026\u2028\u2029/é😀"#;
    assert_eq!(
        json::quote("a\"\\\n\r\t\u{8}\u{c}\0\u{1f}<>&\u{2028}\u{2029}/é😀\u{7f}"),
        format!("{quoted}\u{7f}\"")
    );
}

#[test]
fn members_keep_their_order_their_bytes_and_their_repetitions() {
    let json = br#" {"b" : {"x":[1, 2]}, "a":1.0,"\u0061":"]}," , "":[ ]}"#;
    let members = json::members(json).unwrap();
    let expected: [(&str, &[u8]); 4] =
        [("b", br#"{"x":[1, 2]}"#), ("a", b"1.0"), ("a", br#""]},""#), ("", b"[ ]")];
    assert_eq!(members, expected.map(|(key, value)| (key.to_owned(), value)));
    assert_eq!(json::elements(b"[1, [2], {}]").unwrap(), [&b"1"[..], b"[2]", b"{}"]);
    assert!(json::members(b"[1]").unwrap().is_empty() && json::elements(b"{}").unwrap().is_empty());
}

#[test]
fn fields_are_found_in_any_case_and_the_last_of_them_counts() {
    for (json, value) in [
        (r#"{"tasks":1}"#, Some("1")),
        (r#"{"tasks":1,"Tasks":2}"#, Some("2")),
        (r#"{"TASKS":1,"tasks":2}"#, Some("2")),
        (r#"{"tasks":1,"taſKs":2}"#, Some("2")),
        (r#"{"tasks":1,"Tasks":null}"#, None),
        (r#"{"täsks":1,"task":2,"tasks ":3}"#, None),
    ] {
        let bytes = json.as_bytes();
        for object in [json::Object::parse(bytes), json::Object::parse_fields(bytes, &["other", "tasks"])] {
            assert_eq!(object.unwrap().get("tasks"), value.map(str::as_bytes), "{json}");
        }
    }
}

#[test]
fn invalid_unicode_in_strings_is_replaced_as_in_go() {
    for (json, text) in [
        (&b"\"a\xff\xfeb\""[..], "a\u{fffd}\u{fffd}b"),
        (b"\"\\ud800\"", "\u{fffd}"),
        (b"\"\\ud83d\\ude00\"", "😀"),
        (b"\"\\ud83d\\u0041\"", "\u{fffd}A"),
        (b"\"\\/\\b\\u00e9\"", "/\u{8}é"),
    ] {
        assert_eq!(json::unquote(json), text);
    }
}

#[test]
fn a_platform_is_read_out_of_a_config_as_go_decodes_it() {
    let full = Platform {
        os_version: "1".to_owned(),
        variant: "v8".to_owned(),
        os_features: vec!["x".to_owned(), String::new()],
        ..Platform::new("linux", "arm64")
    };
    for (config, platform) in [
        (
            r#"{"OS":"linux","Architecture":"arm64","VARIANT":"v8","Os.Version":"1","os.features":["x",null]}"#,
            full,
        ),
        ("{}", Platform::default()),
        ("null", Platform::default()),
        (r#"{"os":null,"architecture":"amd64"}"#, Platform::new("", "amd64")),
        (r#"{"os":"linux","OS":null,"architecture":"a","architecture":"b"}"#, Platform::new("linux", "b")),
        ("{\"o\u{17f}\":\"linux\",\"config\":{\"os\":7}}", Platform::new("linux", "")),
    ] {
        assert_eq!(Platform::from_config(config.as_bytes()).unwrap(), platform, "{config}");
    }
}

#[test]
fn a_config_of_the_wrong_shape_is_refused_in_gos_words() {
    for (config, message) in [
        ("not json", "invalid character 'o' in literal null (expecting 'u')"),
        ("[]", "json: cannot unmarshal array into Go value of type v1.Platform"),
        (r#""linux""#, "json: cannot unmarshal string into Go value of type v1.Platform"),
        (
            r#"{"os.features":"x","os":1}"#,
            "json: cannot unmarshal string into Go struct field Platform.os.features of type []string",
        ),
        (
            r#"{"os.features":["a",1]}"#,
            "json: cannot unmarshal number into Go struct field Platform.os.features of type string",
        ),
        (r#"{"OS":{}}"#, "json: cannot unmarshal object into Go struct field Platform.os of type string"),
    ] {
        let error: PlatformError = Platform::from_config(config.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), message, "{config}");
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn formatted_json_is_equivalent(value in json(), pretty in any::<bool>()) {
        let written = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) }.unwrap();
        let indented = json::indent(&written, "   ").unwrap();
        let compact = json::compact(&written).unwrap();
        prop_assert_eq!(&serde_json::from_slice::<Value>(&indented).unwrap(), &value);
        prop_assert_eq!(&serde_json::from_slice::<Value>(&compact).unwrap(), &value);
        prop_assert_eq!(&json::indent(&indented, "   ").unwrap(), &indented);
        prop_assert_eq!(json::compact(&indented).unwrap(), compact);
        // The other library's two-space form differs in its empty containers alone, which it closes as well.
        prop_assert_eq!(json::indent(&written, "  ").unwrap(), serde_json::to_vec_pretty(&value).unwrap());
    }

    #[test]
    fn a_quoted_string_reads_back(text in any::<String>()) {
        let quoted = json::quote(&text);
        prop_assert_eq!(&serde_json::from_str::<String>(&quoted).unwrap(), &text);
        prop_assert_eq!(json::unquote(quoted.as_bytes()), text);
        let escaped = ['<', '>', '&', '\u{2028}', '\u{2029}'];
        prop_assert!(!quoted.contains(escaped));
    }

    #[test]
    fn bytes_are_json_where_another_parser_says_so(bytes in "[\\[\\]{}:,\"0-9a-z.\\\\ -]{0,12}") {
        let other = serde_json::from_str::<Value>(&bytes);
        // Numbers out of range are JSON all the same.
        if !other.as_ref().is_err_and(|error| error.to_string().contains("out of range")) {
            prop_assert_eq!(json::check(bytes.as_bytes()).is_ok(), other.is_ok(), "{}", bytes);
        }
    }

    #[test]
    fn members_are_those_another_parser_finds(value in json()) {
        let written = serde_json::to_vec_pretty(&value).unwrap();
        let members = json::members(&written).unwrap();
        let expected = value.as_object().map_or(0, serde_json::Map::len);
        prop_assert_eq!(members.len(), expected);
        for (key, member) in members {
            prop_assert_eq!(&serde_json::from_slice::<Value>(member).unwrap(), &value[&key]);
        }
    }
}

#[test]
fn repeated_objects_and_null_elements_are_read_as_go_reads_them() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let entry = |more: &str| format!(r#"{{"mediaType":"a/b","digest":"{digest}"{more}}}"#);
    let index = |entry: &str, more: &str| format!(r#"{{"manifests":[{entry}]{more}}}"#);
    for (more, platform) in [
        (r#","platform":{"architecture":"amd64"},"platform":{"os":"linux"}"#, Some("linux/amd64")),
        (
            r#","platform":{"architecture":"amd64","os":"a"},"PLATFORM":{},"platform": {"os":"linux"} "#,
            Some("linux/amd64"),
        ),
        (
            r#","platform":{"os":"a","variant":"v8"},"platform":null,"platform":{"os":"linux"}"#,
            Some("linux/?/v8"),
        ),
        (r#","platform":{"os":"linux","os":null,"architecture":null}"#, Some("linux/?")),
        // Docker's entries of lists have a struct there, its descriptors a pointer.
        (r#","platform":{"os":"linux"},"platform":null"#, Some("linux/?")),
        (r#","platform":null"#, None),
    ] {
        let index = Index::parse(index(&entry(more), "").as_bytes()).unwrap();
        let found = index.manifests[0].platform.as_ref().map(ToString::to_string);
        assert_eq!(found.as_deref(), platform, "{more}");
    }
    let features = entry(r#","platform":{"os.features":[null,"b"]},"urls":[null]"#);
    let more = r#","annotations":{"a":"1","b":"2"},"annotations":{"b":"3","c":null}"#;
    let read = Index::parse(index(&features, more).as_bytes()).unwrap();
    assert_eq!(read.manifests[0].platform.as_ref().unwrap().os_features, ["", "b"]);
    assert_eq!(read.manifests[0].urls, [""]);
    let annotations: Vec<_> = read.annotations.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(annotations, ["a=1", "b=3", "c="]);
    let cleared = r#","annotations":{"a":"1"},"annotations":null,"annotations":{"b":"2"}"#;
    let read =
        Index::parse(index(&entry(cleared), r#","annotations":{"a":"1"},"annotations":null"#).as_bytes());
    let read = read.unwrap();
    assert_eq!(read.manifests[0].annotations.keys().collect::<Vec<_>>(), ["b"]);
    assert!(read.annotations.is_empty());
    let platforms = entry(r#","size":1,"platform":{"os":"a"},"platform":null"#);
    assert_eq!(Descriptor::parse(platforms.as_bytes()).unwrap().platform, None);
    let config = format!(r#"{{"config":{},"Config":null}}"#, entry(r#","size":1"#));
    assert_eq!(ImageManifest::parse_config_digest(config.as_bytes()).unwrap().as_str(), digest);
    assert_eq!(ImageManifest::parse(config.as_bytes()).unwrap().config.digest.as_str(), digest);
    let null = Index::parse(br#"{"manifests":[null]}"#).unwrap_err().to_string();
    assert!(null.contains("manifests[0].digest"), "{null}");
    assert!(Index::parse(b"null").is_err());

    // An overwritten field keeps its other members.
    let platform = r#","platform":{"architecture":"amd64"},"platform":{"os":"linux"}"#;
    let nulls =
        r#","mediaType":null,"platform":null,"annotations":{"k":"v"},"annotations":null,"x-note":null"#;
    for more_of_entry in [platform.to_owned(), format!("{platform}{nulls}")] {
        let before = index(&entry(&more_of_entry), more);
        let mut changed = Index::parse(before.as_bytes()).unwrap();
        changed.manifests[0].artifact_type = Some("q/w".to_owned());
        let written = changed.encode_over(before.as_bytes(), &MediaType::OciIndex).unwrap();
        assert_eq!(Index::parse(&written).unwrap(), changed);
        let has_note = String::from_utf8(written).unwrap().contains(r#""x-note": null"#);
        assert_eq!(has_note, more_of_entry.contains("x-note"));
        changed.manifests[0].annotations.insert("x".to_owned(), "y".to_owned());
        changed.manifests[0].platform.as_mut().unwrap().variant = "v2".to_owned();
        changed.annotations.insert("d".to_owned(), "4".to_owned());
        let written = changed.encode_over(before.as_bytes(), &MediaType::OciIndex).unwrap();
        assert_eq!(Index::parse(&written).unwrap(), changed);
    }
}

#[test]
fn of_an_annotation_that_is_repeated_the_last_value_stays_though_it_is_null() {
    let before = format!(
        r#"{{"manifests":[{{"digest":"sha256:{}","size":1,"annotations":{{"a":"x","a":null,"b":"1"}}}}]}}"#,
        "a".repeat(64)
    );
    let mut index = Index::parse(before.as_bytes()).unwrap();
    assert_eq!(index.manifests[0].annotations["a"], "");
    index.manifests[0].annotations.insert("b".to_owned(), "2".to_owned());
    let written = index.encode_over(before.as_bytes(), &MediaType::OciIndex).unwrap();
    assert_eq!(Index::parse(&written).unwrap(), index);
}

#[test]
fn minus_zero_is_zero() {
    let descriptor = format!(r#"{{"digest":"sha256:{}","size":-0}}"#, "a".repeat(64));
    assert_eq!(Descriptor::parse(descriptor.as_bytes()).unwrap().size, 0);
    let index = Index::parse(format!(r#"{{"manifests":[{descriptor}]}}"#).as_bytes()).unwrap();
    assert_eq!(index.manifests[0].size, 0);
}

#[test]
fn bytes_that_are_no_utf_8_stay_in_an_index_that_is_changed_where_nobody_changes_them() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let entry = [
        format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":7,"annotations":{{"by":"J"#).as_bytes(),
        b"\xfcrg\xf0\x9f\x90\",\"k\xff\":\"v\"},\"x-\xe9\":\"\xff\xfe\"}",
    ]
    .concat();
    let before = [&b"{\"schemaVersion\":2,\"x\xff\":\"caf\xe9\",\"manifests\":["[..], &entry, b"]}"].concat();
    let mut index = Index::parse(&before).unwrap();
    // As Go reads them: each of these bytes is a character.
    assert_eq!(index.manifests[0].annotations["by"], "J\u{fffd}rg\u{fffd}\u{fffd}\u{fffd}");
    index.annotations.insert("title".to_owned(), "app".to_owned());
    let compact =
        |index: &Index| json::compact(&index.encode_over(&before, &MediaType::OciIndex).unwrap()).unwrap();
    let has = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let written = compact(&index);
    assert!(has(&written, &entry) && has(&written, b"\"x\xff\":\"caf\xe9\""));
    index.manifests[0].annotations.insert("z".to_owned(), "1".to_owned());
    let written = compact(&index);
    for kept in [&b"J\xfcrg\xf0\x9f\x90"[..], b"\"k\xff\":\"v\"", b"\"x-\xe9\":\"\xff\xfe\"", b"\"z\":\"1\""]
    {
        assert!(has(&written, kept), "{}", written.escape_ascii());
    }
}

#[test]
fn entries_of_lists_need_no_size_and_blobs_do() {
    let digest = format!("sha256:{}", "a".repeat(64));
    for (size, expected) in [
        ("", Some((0, None))),
        (r#","size":null"#, Some((0, None))),
        (r#","size":-1"#, Some((0, None))),
        (r#","size":7"#, Some((7, Some(7)))),
        (r#","size":"7""#, None),
        (r#","size":1.5"#, None),
        (r#","size":1e3"#, None),
        (r#","size":1.0"#, None),
        (r#","size":9223372036854775808"#, None),
    ] {
        let descriptor = format!(r#"{{"mediaType":"a/b","digest":"{digest}"{size}}}"#);
        let index = Index::parse(format!(r#"{{"manifests":[{descriptor}]}}"#).as_bytes()).ok();
        let found = index.map(|index| (index.manifests[0].size, index.manifests[0].manifest_size()));
        assert_eq!(found, expected, "{size}");
        assert_eq!(Descriptor::parse(descriptor.as_bytes()).is_ok(), size.ends_with(":7"), "{size}");
    }
}

#[test]
fn sizes_beyond_64_bits_with_a_sign_are_refused_with_their_place_as_go_refuses_them() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let descriptor = |size: &str| format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":{size}}}"#);
    let list = |size: &str| format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, descriptor(size));
    let image = |size: &str| format!(r#"{{"config":{},"layers":[{}]}}"#, descriptor("2"), descriptor(size));
    for size in ["9223372036854775808", "18446744073709551615", "99999999999999999999"] {
        let told = |field: &str| {
            format!("expected a whole number of at most 9223372036854775807 as {field}, found {size}")
        };
        let of_list = Index::parse(list(size).as_bytes()).unwrap_err().to_string();
        assert_eq!(of_list, told("manifests[0].size"));
        let whole = Manifest::parse(list(size).into_bytes(), Some(&MediaType::OciIndex)).unwrap_err();
        assert!(whole.to_string().contains(&of_list), "{whole}");
        assert_eq!(
            ImageManifest::parse(image(size).as_bytes()).unwrap_err().to_string(),
            told("layers[0].size")
        );
        let docker = ImageManifest::parse_config_digest(image(size).as_bytes()).unwrap_err();
        assert_eq!(docker.to_string(), told("layers[0].size"));
    }
    let largest = Index::parse(list("9223372036854775807").as_bytes()).unwrap();
    assert_eq!(largest.manifests[0].size, i64::MAX.unsigned_abs());
}
