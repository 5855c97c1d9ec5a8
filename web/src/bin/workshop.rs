//! The half of the app that makes.

fn main() {
    tallyman_web::workshop();
}
