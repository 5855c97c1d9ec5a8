use crate::text::Frame;

pub static FRAME: Frame = Frame {
    skip: "Skip to the content",
    places: "Places",
    language: "Language",
    loading: "Loading…",
    not_loaded: "This part of the app could not be loaded",
    not_loaded_why: "The server of the app did not give the files of this page. Nothing is lost: try again when it can be reached.",
    retry: |attempt, seconds, why| {
        format!("Attempt {attempt} did not succeed, trying again in {seconds:.1} s: {why}")
    },
};
