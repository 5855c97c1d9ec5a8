//! The half of the app that looks.

fn main() {
    tallyman_web::explorer();
}
