//! The files, the environment and the helper programs of this machine.

use std::{
    env, fs,
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, SystemTime},
};

use futures_util::{FutureExt, future::LocalBoxFuture};
use rustix::fs::Access;
use tallyman_commands::{HelperOutput, Machine};
use tallyman_store::{Folder, NativeFolder};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    time::timeout,
};

use crate::{files, in_go};

/// Somebody may have to unlock a keychain first.
const HELPER: Duration = Duration::from_secs(60);
/// Bytes that a helper prints at most.
const OUTPUT_MAX: u64 = 1024 * 1024;

/// This machine.
#[derive(Clone, Copy, Debug)]
pub struct NativeMachine;

impl Machine for NativeMachine {
    type Files = NativeFolder;

    fn files(&self) -> NativeFolder {
        NativeFolder
    }

    fn env(&self, name: &str) -> Option<String> {
        env::var_os(name).map(|value| value.to_string_lossy().into_owned())
    }

    fn homedir(&self) -> String {
        env::home_dir().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn uid(&self) -> Option<u32> {
        (env::consts::OS == "linux").then(|| rustix::process::getuid().as_raw())
    }

    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        NativeFolder.read(path).map_err(|error| error.message)
    }

    fn create_secret_folder(&self, path: &str) -> Result<(), String> {
        let created = fs::DirBuilder::new().mode(0o700).recursive(true).create(path);
        created.map_err(|error| in_go("mkdir", path, &error))
    }

    fn write_secret(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        files::write(Path::new(path), bytes, 0o600).map_err(|error| in_go("open", path, &error))
    }

    fn run_helper<'a>(
        &'a self,
        program: &'a str,
        action: &'a str,
        input: &'a str,
    ) -> LocalBoxFuture<'a, Result<HelperOutput, String>> {
        async move {
            let path = find_program(program)
                .ok_or_else(|| format!("exec: {program:?}: executable file not found in $PATH"))?;
            let mut command = Command::new(path);
            command.arg(action).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
            let mut child =
                command.spawn().map_err(|error| in_go("exec", &format!("{program:?}"), &error))?;
            match timeout(HELPER, output_of(&mut child, input)).await {
                Ok(Ok(Some(output))) => Ok(output),
                Ok(Ok(None)) => Err(format!("{program} printed more than {OUTPUT_MAX} bytes")),
                Ok(Err(error)) => Err(in_go("read", program, &error)),
                Err(_) => {
                    Err(format!("{program} did not answer within {} s and was ended", HELPER.as_secs()))
                }
            }
        }
        .boxed_local()
    }

    fn default_helper(&self) -> Option<String> {
        let name = match env::consts::OS {
            "macos" => "osxkeychain",
            _ if find_program("pass").is_some() => "pass",
            _ => "secretservice",
        };
        find_program(&format!("docker-credential-{name}")).map(|_| name.to_owned())
    }

    fn stderr(&self, text: &str) {
        // There is nobody to tell.
        io::stderr().write_all(text.as_bytes()).ok();
    }

    fn now(&self) -> f64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap_or_default().as_secs_f64() * 1000.0
    }
}

/// Returns the path of a program in `PATH`. Folders that are not absolute are passed over: Docker refuses programs of the current
/// folder, too, which may be a stranger's.
fn find_program(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let mut paths =
        env::split_paths(&folders).filter(|folder| folder.is_absolute()).map(|folder| folder.join(name));
    paths.find(|path| path.is_file() && rustix::fs::access(path, Access::EXEC_OK).is_ok())
}

/// Gives a helper its input and waits for its end. Returns `None` if it prints too much.
async fn output_of(child: &mut Child, input: &str) -> io::Result<Option<HelperOutput>> {
    let mut stdin = child.stdin.take().expect("its standard input is a pipe");
    let output = child.stdout.take().expect("its standard output is a pipe");
    let mut stdout = Vec::new();
    let give = async {
        // It need not read what it is asked.
        stdin.write_all(input.as_bytes()).await.ok();
        drop(stdin);
    };
    let mut output = output.take(OUTPUT_MAX + 1);
    let ((), read) = tokio::join!(give, output.read_to_end(&mut stdout));
    if read? as u64 > OUTPUT_MAX {
        child.kill().await?;
        return Ok(None);
    }
    Ok(Some(HelperOutput { status: child.wait().await?.code(), stdout }))
}
