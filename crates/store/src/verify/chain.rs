//! The chain along the stored postings: no log is needed to see that one was changed, taken out or swapped.

use super::{Difference, Standing};
use crate::error::{Doing as _, StoreError};
use crate::rows;
use chrono::NaiveDate;
use ledger::{Cause, Chart, Kind, Line, Posting, chain as link};
use primitives::{CommandId, Digest, Minor, PostingDate, ServiceDate};
use sqlx::PgConnection;

/// A head of a partition's chain, published when an accounting day ended there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    /// The day that ended.
    pub date: PostingDate,
    /// The stream.
    pub stream_id: i32,
    /// The partition.
    pub part: i32,
    /// The head covers the postings of every record below this offset.
    pub offset: i64,
    /// The head.
    pub chain_head: Digest,
}

/// What walking along a partition's postings came to.
#[derive(Debug, Clone, Default)]
pub struct Chained {
    /// How many postings stand there.
    pub postings: u64,
    /// What does not stand as it must.
    pub differences: Vec<Difference>,
}

/// The published heads, by day, stream and partition.
pub async fn heads(conn: &mut PgConnection) -> Result<Vec<Head>, StoreError> {
    let found: Vec<(NaiveDate, i32, i32, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT posting_date, stream_id, part, off, chain_head FROM ledger.head ORDER BY posting_date, stream_id, part",
    )
    .fetch_all(conn)
    .await
    .doing("reading the published heads")?;
    found
        .into_iter()
        .map(|(date, stream_id, part, offset, head)| {
            let date = PostingDate(date);
            Ok(Head { date, stream_id, part, offset, chain_head: rows::digest(head)? })
        })
        .collect()
}

#[derive(sqlx::FromRow)]
struct Row {
    off: i64,
    ord: i32,
    posting_date: NaiveDate,
    service_date: NaiveDate,
    kind: String,
    account_id: Option<i64>,
    cause_device: Option<i64>,
    cause_journal: Option<i64>,
    cause_seq: Option<i64>,
    cause_text: Option<String>,
    chart: Vec<i16>,
    owner: Vec<i64>,
    debit: Vec<i64>,
    credit: Vec<i64>,
}

/// Walks along the postings of a partition: each must be one (L-1, L-2), the chain over them must end at the lease row's
/// head, and pass `heads` (by offset) on its way.
pub async fn chain(
    conn: &mut PgConnection,
    standing: &Standing,
    heads: &[(Head, &'static str)],
) -> Result<Chained, StoreError> {
    let doing = "walking along the chain";
    let place = (standing.stream_id, standing.part);
    sqlx::query(
        "DECLARE chain NO SCROLL CURSOR FOR
         SELECT off, ord, posting_date, service_date, kind, account_id, cause_device, cause_journal, cause_seq, cause_text,
                chart, owner, debit, credit
         FROM ledger.posting WHERE stream_id = $1 AND part = $2 ORDER BY off, ord",
    )
    .bind(place.0)
    .bind(place.1)
    .execute(&mut *conn)
    .await
    .doing(doing)?;
    let mut chained = Chained::default();
    let mut head = link::START;
    let mut broken = false;
    let mut heads = heads.iter().peekable();
    loop {
        let page: Vec<Row> =
            sqlx::query_as("FETCH 5000 FROM chain").fetch_all(&mut *conn).await.doing(doing)?;
        if page.is_empty() {
            break;
        }
        for row in page {
            while let Some((wanted, source)) = heads.next_if(|(wanted, _)| wanted.offset <= row.off) {
                chained.differences.extend(against(wanted, source, head, standing));
            }
            chained.postings = chained.postings.saturating_add(1);
            match posting(&row) {
                Ok(posting) => head = link::extend(&head, row.off as u64, row.ord as u32, &posting),
                Err(why) if !broken => {
                    broken = true;
                    chained.differences.push(Difference {
                        partition: Some(place),
                        offset: Some(row.off),
                        row: format!("ord {}", row.ord),
                        ..Difference::of("ledger.posting", why, "a balanced posting")
                    });
                }
                Err(_) => {}
            }
        }
    }
    for (wanted, source) in heads {
        chained.differences.extend(against(wanted, source, head, standing));
    }
    // Every act of the office has an offset of its own.
    if standing.is_office() && standing.next_offset as u64 != chained.postings {
        let (stored, expected) = (standing.next_offset.to_string(), chained.postings.to_string());
        chained.differences.push(Difference {
            partition: Some(place),
            column: Some("next_offset"),
            ..Difference::of("ingest.partition_lease", stored, expected)
        });
    }
    if head != standing.chain_head {
        let (stored, expected) = (standing.chain_head.hex(), head.hex());
        chained.differences.push(Difference {
            partition: Some(place),
            column: Some("chain_head"),
            ..Difference::of("ingest.partition_lease", stored, expected)
        });
    }
    sqlx::query("CLOSE chain").execute(conn).await.doing(doing)?;
    Ok(chained)
}

fn against(wanted: &Head, source: &'static str, head: Digest, standing: &Standing) -> Option<Difference> {
    let short = wanted.offset > standing.next_offset;
    if wanted.chain_head == head && !short {
        return None;
    }
    let expected = if short {
        format!(
            "everything below offset {}, but the partition ends at {}",
            wanted.offset, standing.next_offset
        )
    } else {
        head.hex()
    };
    Some(Difference {
        partition: Some((wanted.stream_id, wanted.part)),
        offset: Some(wanted.offset),
        row: format!("day {}", wanted.date),
        column: Some("chain_head"),
        ..Difference::of(source, wanted.chain_head.hex(), expected)
    })
}

/// The posting a row tells, or why it tells none.
fn posting(row: &Row) -> Result<Posting, String> {
    let kind = Kind::parse(&row.kind).ok_or_else(|| format!("kind {:?}", row.kind))?;
    let cause = match (row.account_id, row.cause_device, row.cause_journal, row.cause_seq, &row.cause_text) {
        (Some(account), Some(device), Some(journal), Some(sequence), None) => Cause::Tap {
            account: rows::account(account).map_err(|error| error.to_string())?,
            tap: rows::tap_id(device, journal, sequence).map_err(|error| error.to_string())?,
        },
        (Some(account), None, None, None, Some(id)) => {
            let account = rows::account(account).map_err(|error| error.to_string())?;
            let id = CommandId::parse(id).ok_or("a command's id that is not 32 hexadecimal characters")?;
            Cause::Command { account, id }
        }
        (None, None, None, None, Some(name)) => Cause::Office(name.clone()),
        _ => return Err("a cause that is neither a tap, a command, nor an act of the office".into()),
    };
    let count = row.chart.len();
    if [row.owner.len(), row.debit.len(), row.credit.len()] != [count; 3] {
        return Err("columns of its lines that differ in length".into());
    }
    let amounts = row.debit.iter().zip(&row.credit);
    let lines = row.chart.iter().zip(&row.owner).zip(amounts).map(|((chart, owner), (debit, credit))| {
        let chart = Chart::from_number(*chart).ok_or_else(|| format!("account {chart} of the chart"))?;
        Ok(Line { chart, owner: *owner, debit: Minor::new(*debit), credit: Minor::new(*credit) })
    });
    let lines = lines.collect::<Result<Vec<Line>, String>>()?;
    let (posting_date, service_date) = (PostingDate(row.posting_date), ServiceDate(row.service_date));
    Posting::new(kind, posting_date, service_date, cause, lines).map_err(|error| error.to_string())
}
