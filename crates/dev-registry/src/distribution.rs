//! A real CNCF Distribution beside the in-memory registry, for tests on machines that have one.

use std::{
    env, fs,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::skip_test;

/// The longest time until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// A running CNCF Distribution of a test. It ends when it is dropped, and its folder is removed.
#[derive(Debug)]
pub struct Distribution {
    child: Child,
    folder: PathBuf,
    /// Its host and port.
    pub host: String,
}

impl Distribution {
    /// The content of a file for `htpasswd` with one user, `user`, whose password is `secret`.
    pub const USERS: &str = "user:$2b$05$q6Htzl/oRrw6B4usBtcNxuynbwcIAL2bRf0A8OSKNxWB.iISJwtM2\n";

    /// Starts one on a free port, with `auth` as that section of its configuration, in which `FOLDER` is its own folder, with
    /// [`USERS`](Self::USERS) in the file `users`. Returns `None` without the program: the test is skipped then.
    ///
    /// # Panics
    /// If its folder cannot be written, or if it does not listen within ten seconds.
    #[must_use]
    pub fn start(auth: &str) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("tallyman-distribution-{}-{count}", process::id()));
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let host = listener.local_addr().expect("a listener has an address").to_string();
        drop(listener);
        fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).expect("a folder of one's own can be written");
            path
        };
        write("users", Self::USERS);
        let auth = auth.replace("FOLDER", &folder.display().to_string());
        let data = folder.join("data");
        let config = write(
            "config.yml",
            &format!(
                "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: \
                 true}}}}\nhttp: {{addr: '{host}', secret: tests}}\n{auth}\n",
                data.display()
            ),
        );
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(child) = command.spawn() else {
            skip_test("docker-registry is not installed");
            let _ = fs::remove_dir_all(&folder);
            return None;
        };
        let running = Self { child, folder, host };
        let start = Instant::now();
        while TcpStream::connect(&running.host).is_err() {
            assert!(start.elapsed() < START_TIMEOUT, "docker-registry did not listen in {START_TIMEOUT:?}");
            thread::sleep(Duration::from_millis(50));
        }
        Some(running)
    }

    /// Returns its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.host)
    }
}

impl Drop for Distribution {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
