//! A real CNCF Distribution, where the machine has one.

use std::{
    fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::http::try_send;

pub struct Distribution {
    child: Child,
    folder: PathBuf,
    pub url: String,
}

impl Distribution {
    /// Starts one on a free port, with `auth` as that section of its configuration. `None` without the program.
    pub async fn start(name: &str, auth: &str) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder =
            std::env::temp_dir().join(format!("tallyman-distribution-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let users = folder.join("users");
        // The password is `secret`.
        fs::write(&users, "user:$2b$05$q6Htzl/oRrw6B4usBtcNxuynbwcIAL2bRf0A8OSKNxWB.iISJwtM2\n").unwrap();
        let config = folder.join("config.yml");
        let auth = auth.replace("USERS", &users.display().to_string());
        let data = folder.join("data");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: \
             true}}}}\nhttp: {{addr: '127.0.0.1:{port}', secret: sample}}\n{auth}",
            data.display()
        );
        fs::write(&config, text).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(child) = command.spawn() else {
            tallyman_dev_registry::skip_test("docker-registry is not installed");
            fs::remove_dir_all(&folder).unwrap();
            return None;
        };
        let running = Self { child, folder, url: format!("http://127.0.0.1:{port}") };
        for _ in 0..200 {
            if try_send("GET", &format!("{}/v2/", running.url), &[], "").await.is_ok() {
                return Some(running);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
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
