//! Who comes, behind a proxy and without: how many connections an address may have, and how
//! many frames.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::house::{Server, User};

const XFF: &str = "x-forwarded-for";

#[tokio::test]
async fn an_address_has_so_many_connections_and_a_header_does_not_help() {
    let server = Server::start("connections_per_address = 2\n");
    let _first = User::connect(server.address, None).await.unwrap();
    let second = User::connect(server.address, Some((XFF, "192.0.2.1"))).await.unwrap();
    assert_eq!(User::connect(server.address, Some((XFF, "192.0.2.2"))).await.err(), Some(429));
    drop(second);
    // The place is free when the server has seen the end of it.
    while User::connect(server.address, None).await.is_err() {}
}

#[tokio::test]
async fn a_trusted_proxy_names_its_clients() {
    let server = Server::start("connections_per_address = 1\ntrusted_proxies = [\"127.0.0.1\"]\n");
    let _first = User::connect(server.address, Some((XFF, "192.0.2.1"))).await.unwrap();
    let _second = User::connect(server.address, Some((XFF, "192.0.2.2"))).await.unwrap();
    assert_eq!(User::connect(server.address, Some((XFF, "192.0.2.1"))).await.err(), Some(429));
    let claimed = User::connect(server.address, Some((XFF, "198.51.100.7, 192.0.2.1"))).await;
    assert_eq!(claimed.err(), Some(429), "what the client says itself is not read");
    let _network = User::connect(server.address, Some((XFF, "2001:db8::1"))).await.unwrap();
    assert_eq!(User::connect(server.address, Some((XFF, "2001:db8::2"))).await.err(), Some(429));
}

#[tokio::test]
async fn the_proxy_protocol_names_the_client_or_nothing_is_answered() {
    let server = Server::start(
        "connections_per_address = 1\ntrusted_proxies = [\"127.0.0.0/8\"]\nproxy_header = \"proxy-protocol\"\nlog = \"debug\"\n",
    );
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"PROXY TCP4 192.0.2.9 127.0.0.1 4711 80\r\n").await.unwrap();
    let (ws, _) = tokio_tungstenite::client_async("ws://localhost/ws", stream).await.unwrap();
    assert!(server.logged("a connection began").contains("192.0.2.9"));
    let mut without = TcpStream::connect(server.address).await.unwrap();
    without.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    server.logged("a proxy did not say for whom it speaks");
    drop(ws);
}

#[tokio::test]
async fn a_message_in_too_many_pieces_ends_the_connection() {
    let server = Server::start("");
    let mut mallory = server.user("mallory").await;
    // Masked with zeroes: first a text frame that goes on, then empty pieces of it.
    let mut bytes = vec![0x01, 0x81, 0, 0, 0, 0, b'{'];
    for _ in 0..chat_proto::limits::FRAGMENTS_PER_MESSAGE {
        bytes.extend([0x00, 0x80, 0, 0, 0, 0]);
    }
    mallory.ws.get_mut().write_all(&bytes).await.unwrap();
    assert_eq!(mallory.next().await, Err(4501));
    server.user("ada").await.room("calm").await;
}
