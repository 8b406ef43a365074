//! A real S3 server on a folder: it checks every signature.

use std::net::SocketAddr;
use std::path::Path;

use chat_proto::Secret;
use chat_server::files::Bucket;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const ID: &str = "chat";
const SECRET: &str = "correct horse";

pub(crate) struct Store {
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Store {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("chat")).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(ID, SECRET));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
                tokio::spawn(connection);
            }
        });
        Self { address, folder }
    }

    pub(crate) fn place(&self, name: &str, prefix: &str) -> Bucket {
        Bucket {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            endpoint: Some(format!("http://{}", self.address)),
            region: Some("eu-central-1".to_owned()),
            keys: Some((ID.to_owned(), Secret::new(SECRET))),
            allow_http: true,
            direct: false,
        }
    }

    /// What it answers to somebody who has this address and nothing else.
    pub(crate) async fn get(&self, address: &str) -> String {
        let path = address.strip_prefix(&format!("http://{}", self.address)).unwrap();
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address);
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// The objects, by bucket and key; what the server notes for itself begins with a dot.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        walk(self.folder.path(), self.folder.path(), &mut names);
        names.retain(|name| !name.split('/').any(|part| part.starts_with('.')));
        names.sort();
        names
    }
}

fn walk(root: &Path, folder: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            walk(root, &entry.path(), names);
        } else {
            names.push(entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
}
