//! A real S3 server on a folder, which checks every signature, and a line to it that remembers what
//! was asked and can be cut.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use chat_tests::DEADLINE;
use chat_tests::http::{Answer, read};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const ID: &str = "chat";
const SECRET: &str = "correct horse";

/// What may lie between the store and its line.
const PIPE: usize = 64 * 1024;

pub(crate) struct Bucket {
    address: SocketAddr,
    line: Arc<Line>,
    folder: TempDir,
    _runtime: Runtime,
}

#[derive(Default)]
struct Line {
    /// The head of the first request of each connection.
    heads: Mutex<Vec<String>>,
    /// After so many bytes the next signed download is cut; 0 for not at all.
    cut_after: AtomicU64,
}

impl Bucket {
    pub(crate) fn start() -> Result<Self> {
        let folder = TempDir::with_prefix("chat-bucket-")?;
        std::fs::create_dir(folder.path().join("chat"))?;
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(ID, SECRET));
        let service = service.build();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let (address, line) = (listener.local_addr()?, Arc::new(Line::default()));
        let carrying = line.clone();
        runtime.spawn(async move {
            while let Ok((outside, _)) = listener.accept().await {
                let (near, far) = tokio::io::duplex(PIPE);
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(far), service.clone()));
                let line = carrying.clone();
                tokio::spawn(async move { line.carry(outside, near).await });
            }
        });
        Ok(Self { address, line, folder, _runtime: runtime })
    }

    /// The settings of a server that keeps its files here and sends people here.
    pub(crate) fn settings(&self) -> Result<String> {
        let settings = format!(
            "files = \"s3://chat/files\"\nfiles_direct = true\ns3_endpoint = \"http://{}\"\n\
             s3_region = \"eu-central-1\"\ns3_access_key_id = \"{ID}\"\n\
             s3_secret_access_key = \"{SECRET}\"\nlog = \"trace\"\n",
            self.address
        );
        let file = self.folder.path().join("server.toml");
        std::fs::write(&file, settings)?;
        Ok(file.display().to_string())
    }

    pub(crate) fn cut_after(&self, bytes: u64) {
        self.line.cut_after.store(bytes, Ordering::SeqCst);
    }

    /// The heads of the signed downloads so far, in small letters.
    pub(crate) fn downloads(&self) -> Vec<String> {
        let heads = self.line.heads.lock().unwrap();
        heads.iter().filter(|head| is_download(head)).map(|head| head.to_ascii_lowercase()).collect()
    }

    /// Asks the store as somebody who has this address and nothing else.
    pub(crate) fn get(&self, address: &str, headers: &str) -> Result<Answer> {
        let host = format!("http://{}", self.address);
        let path = address.strip_prefix(&host).context("an address elsewhere")?;
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n",
            self.address
        )?;
        read(&mut stream)
    }
}

fn is_download(head: &str) -> bool {
    head.starts_with("GET ") && head.contains("X-Amz-Signature=")
}

impl Line {
    /// Carries one connection to its end, or to where it is cut.
    async fn carry(&self, mut outside: tokio::net::TcpStream, mut inside: DuplexStream) {
        let mut head = Vec::new();
        while !head.windows(4).any(|part| part == b"\r\n\r\n") {
            if outside.read_buf(&mut head).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let text = String::from_utf8_lossy(&head).into_owned();
        let most = if is_download(&text) { self.cut_after.swap(0, Ordering::SeqCst) } else { 0 };
        self.heads.lock().unwrap().push(text);
        if inside.write_all(&head).await.is_err() {
            return;
        }
        // Either side may end it; that is what it is for.
        if most > 0 {
            let _ = tokio::io::copy(&mut inside.take(most), &mut outside).await;
        } else {
            let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
        }
    }
}
