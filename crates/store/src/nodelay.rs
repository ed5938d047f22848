//! Connections send at once what they are given.
//!
//! sqlx 0.9.0 leaves Nagle's algorithm on (transact-rs/sqlx#4335; 0.8 switched it off): the last small message of a COPY is
//! held back until the server has acknowledged the one before, which it puts off for 40 ms. A batch has five COPYs. sqlx
//! does not show its sockets, so they are found among this process's descriptors. This module goes when sqlx sets the
//! option again.
#![allow(unsafe_code)]

use socket2::SockRef;
use std::fs;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};

/// Sets TCP_NODELAY on every socket of this process that is connected to this port: the database's, and harmless
/// elsewhere.
pub(crate) fn send_at_once(port: u16) -> io::Result<()> {
    for entry in fs::read_dir("/proc/self/fd")? {
        let Some(descriptor) = entry?.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok()) else {
            continue;
        };
        // SAFETY: the descriptor is used for two questions to the kernel and kept nowhere. When another thread closes it
        // meanwhile they fail, or they reach whatever took its number: a peer is asked for, and an option that only says
        // how soon bytes leave is set on a socket that is connected to this port.
        let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
        let socket = SockRef::from(&borrowed);
        let peer = socket.peer_addr().ok().and_then(|peer| peer.as_socket());
        if peer.is_some_and(|peer| peer.port() == port) {
            // The socket may be gone by now; whoever owns it finds out.
            let _ = socket.set_tcp_nodelay(true);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn only_sockets_to_the_port_send_at_once() {
        let listen = || TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let (database, other) = (listen(), listen());
        let port = |listener: &TcpListener| listener.local_addr().expect("an address").port();
        let connect =
            |listener: &TcpListener| TcpStream::connect(("127.0.0.1", port(listener))).expect("a connection");
        let (to_database, elsewhere) = (connect(&database), connect(&other));
        send_at_once(port(&database)).expect("the descriptors are listed");
        assert!(to_database.nodelay().expect("an answer"));
        assert!(!elsewhere.nodelay().expect("an answer"));
    }
}
