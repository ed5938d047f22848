//! A relay between workers and PostgreSQL that knows just enough of the protocol to fail at the worst moment: it stalls,
//! cuts, cuts around a COMMIT, and for the mutants changes statements on their way.

use anyhow::{Context as _, Result};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex as AsyncMutex, watch};

/// A change of statements on their way: what a mutant of the product would send instead. Same length, because the rest of
/// the message is left as it is.
#[derive(Debug, Clone, Copy)]
pub struct Rewrite {
    pub find: &'static str,
    pub put: &'static str,
}

/// What the relay is to do, and what it did.
#[derive(Default)]
pub struct Plan {
    rewrites: Vec<Rewrite>,
    /// Commit right after the position has moved, and cut the connection one time in three.
    pub early_commit: bool,
    stalled: AtomicBool,
    /// COMMITs of batches still to be cut.
    commits_to_cut: AtomicU64,
    pub commits_cut: AtomicU64,
    pub rewritten: AtomicU64,
    pub early_commits: AtomicU64,
}

/// The relay, listening until it is dropped.
pub struct Proxy {
    pub port: u16,
    pub plan: Arc<Plan>,
    cut: watch::Sender<u64>,
    task: tokio::task::JoinHandle<()>,
}

const SSL_REQUEST: u32 = 80_877_103;

impl Proxy {
    pub async fn open(target: u16, rewrites: Vec<Rewrite>, early_commit: bool) -> Result<Self> {
        for rewrite in &rewrites {
            anyhow::ensure!(
                rewrite.find.len() == rewrite.put.len(),
                "a rewrite keeps the length: {rewrite:?}"
            );
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("the relay listens")?;
        let port = listener.local_addr()?.port();
        let plan = Arc::new(Plan { rewrites, early_commit, ..Plan::default() });
        let (cut, _) = watch::channel(0);
        let task = tokio::spawn({
            let (plan, cut) = (Arc::clone(&plan), cut.clone());
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let (plan, mut cut) = (Arc::clone(&plan), cut.subscribe());
                    tokio::spawn(async move {
                        cut.mark_unchanged();
                        tokio::select! {
                            _ = relay(client, target, plan) => {}
                            _ = cut.changed() => {}
                        }
                    });
                }
            }
        });
        Ok(Proxy { port, plan, cut, task })
    }

    /// Closes every connection, as a router that restarts.
    pub fn cut(&self) {
        self.cut.send_modify(|times| *times += 1);
    }

    /// A network that goes silent, and comes back.
    pub fn stall(&self, stalled: bool) {
        self.plan.stalled.store(stalled, Ordering::SeqCst);
    }

    /// Cuts around the next so many COMMITs.
    pub fn cut_commits(&self, times: u64) {
        self.plan.commits_to_cut.store(times, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

impl Plan {
    async fn pass(&self) {
        while self.stalled.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn take_cut(&self) -> Option<u64> {
        let take = |left: u64| left.checked_sub(1);
        self.commits_to_cut.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).ok()?;
        Some(self.commits_cut.fetch_add(1, Ordering::SeqCst))
    }

    fn rewrite(&self, body: &mut [u8]) {
        for rewrite in &self.rewrites {
            let (find, put) = (rewrite.find.as_bytes(), rewrite.put.as_bytes());
            while let Some(place) = body.windows(find.len()).position(|window| window == find) {
                body[place..place + put.len()].copy_from_slice(put);
                self.rewritten.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}

/// What the two directions of a connection tell each other.
#[derive(Default)]
struct Link {
    /// The server's next answer is not for the client any more: cut when it comes.
    cut_on_answer: AtomicBool,
    /// At the end of this request the relay commits by itself.
    commit_at_end: AtomicBool,
    advances: Mutex<BTreeSet<Vec<u8>>>,
    /// The transaction has moved a position: its COMMIT is a batch's.
    posting: AtomicBool,
    armed: AtomicBool,
}

async fn relay(client: TcpStream, target: u16, plan: Arc<Plan>) -> Result<()> {
    client.set_nodelay(true)?;
    let server = TcpStream::connect(("127.0.0.1", target)).await?;
    server.set_nodelay(true)?;
    let (from_client, mut to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut from_client = BufReader::with_capacity(1 << 16, from_client);
    let to_server = Arc::new(AsyncMutex::new(to_server));
    // The first packets have no type. Encryption is declined, as the server itself would.
    loop {
        let length = from_client.read_u32().await?;
        let mut body = vec![0; (length as usize).saturating_sub(4)];
        from_client.read_exact(&mut body).await?;
        if body.len() == 4 && body == SSL_REQUEST.to_be_bytes() {
            to_client.write_all(b"N").await?;
            continue;
        }
        let mut server = to_server.lock().await;
        server.write_u32(length).await?;
        server.write_all(&body).await?;
        break;
    }
    let link = Arc::new(Link::default());
    // Whichever direction ends first ends both: a cut is a cut.
    tokio::select! {
        ended = asking(from_client, Arc::clone(&to_server), Arc::clone(&plan), Arc::clone(&link)) => ended,
        ended = answering(from_server, to_client, to_server, plan, link) => ended,
    }
}

/// Client to server, message by message.
async fn asking(
    mut from: BufReader<OwnedReadHalf>,
    to: Arc<AsyncMutex<OwnedWriteHalf>>,
    plan: Arc<Plan>,
    link: Arc<Link>,
) -> Result<()> {
    loop {
        let kind = from.read_u8().await?;
        let length = from.read_u32().await?;
        let mut body = vec![0; (length as usize).saturating_sub(4)];
        from.read_exact(&mut body).await?;
        plan.pass().await;
        if matches!(kind, b'P' | b'Q') {
            plan.rewrite(&mut body);
        }
        watch_advance(kind, &body, &link);
        if kind == b'Q'
            && body.starts_with(b"COMMIT")
            && link.posting.swap(false, Ordering::SeqCst)
            && let Some(turn) = plan.take_cut()
        {
            // In turns: the COMMIT never arrives, or it does and only its answer is lost.
            if turn % 3 == 0 {
                anyhow::bail!("cut before COMMIT");
            }
            link.cut_on_answer.store(true, Ordering::SeqCst);
        }
        let mut server = to.lock().await;
        let mut message = Vec::with_capacity(body.len() + 5);
        message.push(kind);
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(&body);
        server.write_all(&message).await?;
    }
}

/// Notices the statement that moves a position, by name, and the end of the request that runs it.
fn watch_advance(kind: u8, body: &[u8], link: &Link) {
    let mut words = body.split(|byte| *byte == 0);
    let mut advances = link.advances.lock().unwrap_or_else(PoisonError::into_inner);
    match kind {
        b'P' => {
            let (name, text) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let text = String::from_utf8_lossy(text);
            if text.contains("UPDATE ingest.partition_lease") && text.contains("SET next_offset") {
                advances.insert(name.to_vec());
            } else {
                advances.remove(name);
            }
        }
        b'B' => {
            let (_portal, name) = (words.next(), words.next().unwrap_or_default());
            if advances.contains(name) {
                link.armed.store(true, Ordering::SeqCst);
                link.posting.store(true, Ordering::SeqCst);
            }
        }
        b'S' if link.armed.swap(false, Ordering::SeqCst) => link.commit_at_end.store(true, Ordering::SeqCst),
        _ => {}
    }
}

/// Server to client.
async fn answering(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    to_server: Arc<AsyncMutex<OwnedWriteHalf>>,
    plan: Arc<Plan>,
    link: Arc<Link>,
) -> Result<()> {
    if plan.early_commit {
        return answering_with_commits(from, to, to_server, plan, link).await;
    }
    let mut chunk = vec![0; 1 << 16];
    loop {
        let count = from.read(&mut chunk).await?;
        anyhow::ensure!(count > 0, "the server hung up");
        anyhow::ensure!(!link.cut_on_answer.load(Ordering::SeqCst), "cut after COMMIT");
        plan.pass().await;
        to.write_all(&chunk[..count]).await?;
    }
}

/// Message by message, with a COMMIT of the relay's own where it was asked for.
async fn answering_with_commits(
    from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    to_server: Arc<AsyncMutex<OwnedWriteHalf>>,
    plan: Arc<Plan>,
    link: Arc<Link>,
) -> Result<()> {
    const COMMIT_AND_BEGIN: &[u8] = b"Q\0\0\0\x12COMMIT; BEGIN\0";
    let mut from = BufReader::with_capacity(1 << 16, from);
    let mut own = false;
    loop {
        let kind = from.read_u8().await?;
        let length = from.read_u32().await?;
        let mut body = vec![0; (length as usize).saturating_sub(4)];
        from.read_exact(&mut body).await?;
        if kind == b'Z' && link.commit_at_end.swap(false, Ordering::SeqCst) {
            to_server.lock().await.write_all(COMMIT_AND_BEGIN).await?;
            own = true;
            continue;
        }
        if own && kind != b'Z' {
            continue;
        }
        if own {
            own = false;
            let turn = plan.early_commits.fetch_add(1, Ordering::SeqCst);
            anyhow::ensure!(turn % 3 != 2, "cut after the early COMMIT");
        }
        to.write_u8(kind).await?;
        to.write_u32(length).await?;
        to.write_all(&body).await?;
    }
}
