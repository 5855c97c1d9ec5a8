//! A real CNCF Distribution, where the machine has one.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// The file of users; the password is `secret`.
pub const USERS: &str = "user:$2b$05$q6Htzl/oRrw6B4usBtcNxuynbwcIAL2bRf0A8OSKNxWB.iISJwtM2\n";

pub struct Distribution {
    child: Child,
    folder: PathBuf,
    pub host: String,
}

impl Distribution {
    /// Starts one on a free port, with `auth` as that section of its configuration, in which `FOLDER` is its own folder with the
    /// file `users`. Returns `None` without the program.
    pub fn start(auth: &str) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder =
            std::env::temp_dir().join(format!("tallyman-distribution-{}-{count}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("users"), USERS).unwrap();
        let auth = auth.replace("FOLDER", &folder.display().to_string());
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: \
             true}}}}\nhttp: {{addr: '127.0.0.1:{port}', secret: tests}}\n{auth}\n",
            folder.join("data").display()
        );
        let config = folder.join("config.yml");
        fs::write(&config, text).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(child) = command.spawn() else {
            tallyman_dev_registry::skip_test("docker-registry is not installed");
            fs::remove_dir_all(&folder).unwrap();
            return None;
        };
        let running = Self { child, folder, host: format!("127.0.0.1:{port}") };
        for _ in 0..200 {
            if TcpStream::connect(&running.host).is_ok() {
                return Some(running);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("docker-registry did not answer within ten seconds");
    }
}

impl Drop for Distribution {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        fs::remove_dir_all(&self.folder).unwrap();
    }
}
