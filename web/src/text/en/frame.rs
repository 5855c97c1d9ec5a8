use crate::text::Frame;

pub static FRAME: Frame = Frame {
    skip: "Skip to the content",
    places: "Places",
    language: "Language",
    retry: |attempt, seconds, why| {
        format!("Attempt {attempt} did not succeed, trying again in {seconds:.1} s: {why}")
    },
};
