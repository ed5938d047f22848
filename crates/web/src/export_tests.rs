use super::*;
use crate::table::{Align, Place, Tone};
use primitives::Minor;

fn column(key: &'static str, place: Place) -> Column {
    Column { key, label: key.to_owned(), align: Align::Start, place }
}

#[test]
fn formula_like_text_stays_text_and_numbers_stay_numbers() {
    let zone = chrono_tz::Asia::Ho_Chi_Minh;
    let check = |cell: Cell, expect: &str| assert_eq!(cell_text(&cell, zone), expect);
    check(Cell::text("=1+1"), "'=1+1");
    check(Cell::text("+84 28"), "'+84 28");
    check(Cell::text("-5000"), "'-5000");
    check(Cell::text("@cmd"), "'@cmd");
    check(Cell::text("\t=1"), "'\t=1");
    check(Cell::code("#note"), "'#note");
    check(Cell::text("Bến Thành"), "Bến Thành");
    check(Cell::amount(Minor::new(-5000)), "-5000");
    check(Cell::count(-3), "-3");
    check(Cell::of(Value::Tag(Tone::Good, "posted", "Đã ghi sổ".to_owned())), "posted");
    check(Cell::of(Value::Empty), "");
}

#[test]
fn the_file_is_one_rectangle_with_a_closing_block() {
    let columns = [column("route", Place::Both), column("gross", Place::File), column("share", Place::Page)];
    let row = vec![Cell::text("a \"b\", c"), Cell::amount(Minor::new(7000)), Cell::of(Value::Share(1, 2))];
    let mut file = head(&columns).expect("a head");
    file.extend(rows(&columns, &[row], chrono_tz::UTC).expect("rows"));
    file.extend(notes(&columns, &[("operator", "3".to_owned())]).expect("notes"));
    let text = String::from_utf8(file).expect("UTF-8");
    assert_eq!(text, "\u{feff}route,gross\r\n\"a \"\"b\"\", c\",7000\r\n#operator: 3,\r\n");
}

#[test]
fn a_file_name_cannot_leave_its_quotes() {
    let response = attachment("text/csv", "a\"; x=/../đ.csv", Body::empty());
    let value = response.headers()[header::CONTENT_DISPOSITION].to_str().expect("ASCII");
    assert_eq!(value, "attachment; filename=\"a---x--..--.csv\"");
}

#[tokio::test]
async fn an_export_that_stops_early_is_no_whole_file() {
    let read = |finish: bool| async move {
        let (sink, response) = download("x.csv");
        sink.send(b"a\r\n".to_vec()).await.expect("a reader");
        if finish {
            sink.done().await.expect("a reader")
        } else {
            drop(sink)
        }
        axum::body::to_bytes(response.into_body(), 100).await
    };
    assert_eq!(read(true).await.expect("a whole file"), "a\r\n");
    assert!(read(false).await.is_err());
}
