//! What XML allows and `quick-xml` does not decide.

use crate::file::*;
use bank::read_camt053;
use primitives::Code;

/// A proven statement with one line of 7,000.
fn good() -> String {
    file("8000", &entry_with("7000", "CRDT", "<AddtlNtryInf>memo</AddtlNtryInf>"))
}

fn with(from: &str, to: &str) -> String {
    let good = good();
    assert!(good.contains(from), "{from}");
    good.replacen(from, to, 1)
}

fn reads_seven_thousand(file: &str) {
    let read = one(file);
    assert_eq!((proof(&read).as_str(), amounts(&read)), ("proven", vec![7_000]), "{file}");
}

fn refused(file: &str, code: Code) {
    let refusal = refusal(file);
    assert_eq!(refusal.code, code, "{refusal}: {file}");
    assert!(refusal.byte_offset <= file.len() as u64);
}

#[test]
fn texts_in_pieces_are_read_whole() {
    let seven = ">7000<";
    for pieces in [
        ">7&#48;00<",
        ">&#x37;&#48;&#x30;0<",
        ">7<!-- three zeros -->000<",
        "><![CDATA[7000]]><",
        ">7<![CDATA[0]]>0<?x y?>0<",
        "> \n 7000 \t <",
        "><!-- -->7000<![CDATA[]]><",
    ] {
        reads_seven_thousand(&with(seven, pieces));
    }
    let memo = |text: &str| one(&with(">memo<", &format!(">{text}<"))).lines[0].memo.clone();
    assert_eq!(memo("a &amp; b &lt;&gt;&quot;&apos;"), "a & b <>\"'");
    assert_eq!(memo("a<![CDATA[ &amp; ]]>b"), "a &amp; b");
    assert_eq!(memo("N&#7841;p"), "Nạp");
}

#[test]
fn references_to_anything_else_are_refused() {
    for reference in [
        "&unknown;",
        "&nbsp;",
        "&#0;",
        "&#1;",
        "&#xFFFF;",
        "&#xD800;",
        "&#x110000;",
        "&#;",
        "&;",
        "&#-48;",
        "&#+48;",
        "& ",
        "&amp",
        "&#48",
    ] {
        refused(&with(">7000<", &format!(">7{reference}000<")), Code::FileXml);
    }
    refused(&with("Ccy=\"VND\">7000", "Ccy=\"&unknown;\">7000"), Code::FileXml);
    refused(&with("Ccy=\"VND\">7000", "Ccy=\"V&#1;ND\">7000"), Code::FileXml);
    reads_seven_thousand(&with("Ccy=\"VND\">7000", "Ccy=\"V&#78;D\">7000"));
}

#[test]
fn attributes_are_checked_one_by_one() {
    let tag = "<Amt Ccy=\"VND\">7000";
    reads_seven_thousand(&with(tag, "<Amt\n  Ccy = 'VND' >7000"));
    reads_seven_thousand(&with(tag, "<Amt xml:lang=\"vi\" Ccy=\"VND\">7000"));
    for bad in [
        "<Amt Ccy=\"VND\" Ccy=\"USD\">7000",
        "<Amt Ccy=\"VND\" Ccy=\"VND\">7000",
        "<Amt Ccy=VND>7000",
        "<Amt Ccy>7000",
        "<Amt Ccy=\"VND\"x=\"1\">7000",
        "<Amt Ccy=\"VND\" =\"1\">7000",
        "<Amt Ccy=\"VND\" 1=\"1\">7000",
        "<Amt Ccy=\"VND\" x=\"<\">7000",
        "<Amt Ccy=\"VND\" p:x=\"1\">7000",
        "<Amt Ccy=\"VND\" xmlns:p=\"\">7000",
        "<Amt Ccy=\"VND\" a:b:c=\"1\">7000",
    ] {
        refused(&with(tag, bad), Code::FileXml);
    }
}

#[test]
fn the_tree_has_one_root_and_every_tag_its_end() {
    let good = good();
    for (bad, code) in [
        (format!("{good}{good}"), Code::FileXml),
        (format!("{good}<Document/>"), Code::FileXml),
        (format!("{good}text"), Code::FileXml),
        (format!("{good}&amp;"), Code::FileXml),
        (format!("{good}<![CDATA[ ]]>"), Code::FileXml),
        (format!("text{good}"), Code::FileXml),
        (format!("{good}</Document>"), Code::FileXml),
        (with("</Ntry>", "</Entry>"), Code::FileXml),
        (with("</Ntry>", ""), Code::FileXml),
        (with("</Ntry>", "</Ntry></Ntry>"), Code::FileXml),
        (with("<Ntry>", "<Nt ry>"), Code::FileXml),
        (with("<Ntry>", "<x:Ntry>"), Code::FileXml),
        (with("<Ntry>", "<1Ntry>"), Code::FileXml),
        (with("<Ntry>", "<Ntry<X>"), Code::FileXml),
        (with("<Ntry>", "<>"), Code::FileXml),
        (with(">memo<", ">]]><"), Code::FileXml),
        (with(">memo<", "><!-- a -- b --><"), Code::FileXml),
        (with(">memo<", "><!FOO><"), Code::FileXml),
        (with(">memo<", "><?xml version=\"1.0\"?><"), Code::FileXml),
        (with(">memo<", "><?XML x?><"), Code::FileXml),
        (String::new(), Code::FileTruncated),
        ("\n\n".to_owned(), Code::FileTruncated),
        ("<!-- nothing -->".to_owned(), Code::FileTruncated),
    ] {
        refused(&bad, code);
    }
    // Comments and instructions around the root are no second root.
    reads_seven_thousand(&format!("{good}<!-- made by a bank --><?end?>\n"));
}

#[test]
fn a_doctype_is_refused_always() {
    let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    for doctype in [
        "<!DOCTYPE Document>",
        "<!DOCTYPE Document SYSTEM \"http://example.org/x.dtd\">",
        "<!DOCTYPE Document [<!ENTITY a \"7\"><!ENTITY b \"&a;&a;&a;\">]>",
        "<!doctype Document>",
    ] {
        refused(&with(declaration, &format!("{declaration}{doctype}")), Code::FileXml);
    }
    let inside = with("<Ntry>", "<!DOCTYPE x><Ntry>");
    refused(&inside, Code::FileXml);
}

#[test]
fn forbidden_characters_are_refused_wherever_they_stand() {
    for character in ['\0', '\u{1}', '\u{8}', '\u{b}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
        for (from, place) in
            [(">memo<", format!(">me{character}mo<")), ("<Ntry>", format!("<!--{character}--><Ntry>"))]
        {
            let file = with(from, &place);
            refused(&file, Code::FileXml);
            let at = file.find(character).unwrap() as u64;
            assert_eq!(refusal(&file).byte_offset, at);
        }
        refused(&with("Ccy=\"VND\">7000", &format!("Ccy=\"VND{character}\">7000")), Code::FileXml);
    }
    // Allowed, although odd.
    for character in ['\u{7f}', '\u{85}', '\u{fffd}', '\u{feff}', '\u{1f600}'] {
        reads_seven_thousand(&with(">memo<", &format!(">me{character}mo<")));
    }
    // A forbidden character far behind a file's beginning, across the border of two looks.
    for before in 4_000..4_200 {
        let file = format!("{}\u{fffe}", " ".repeat(before));
        assert_eq!(refusal(&file).byte_offset, before as u64);
    }
}

#[test]
fn only_utf_8_is_read() {
    let good = good();
    let refused_bytes = |bytes: &[u8], code: Code| {
        assert_eq!(read_camt053(bytes).unwrap_err().code, code);
    };
    let marked = format!("\u{feff}{good}");
    reads_seven_thousand(&marked);
    let marked_bad = with(">7000<", ">7&bad;<");
    let plain = refusal(&marked_bad).byte_offset;
    assert_eq!(refusal(&format!("\u{feff}{marked_bad}")).byte_offset, plain + 3, "offsets count the mark");
    for other in ["ISO-8859-1", "windows-1258", "UTF-16", "US-ASCII"] {
        refused(&good.replace("UTF-8", other), Code::FileEncoding);
    }
    reads_seven_thousand(&good.replace("UTF-8", "utf-8"));
    reads_seven_thousand(&good.replace(" encoding=\"UTF-8\"", ""));
    reads_seven_thousand(&good.replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", ""));
    let latin = with(">memo<", ">m\u{e9}mo<").chars().map(|character| character as u8).collect::<Vec<_>>();
    refused_bytes(&latin, Code::FileEncoding);
    for mark in [vec![0xff, 0xfe], vec![0xfe, 0xff]] {
        let little = mark[0] == 0xff;
        let wide = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
        let utf16: Vec<u8> = good.encode_utf16().flat_map(wide).collect();
        refused_bytes(&utf16, Code::FileEncoding);
        refused_bytes(&[mark, utf16].concat(), Code::FileEncoding);
    }
    refused_bytes(&[good.as_bytes(), &[0xc3]].concat(), Code::FileTruncated);
    refused_bytes(&[&[0xc3], good.as_bytes()].concat(), Code::FileEncoding);
}

#[test]
fn the_declaration_stands_first_and_is_of_xml_1_0() {
    let good = good();
    let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    reads_seven_thousand(
        &good.replace(declaration, "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>"),
    );
    for bad in [
        " <?xml version=\"1.0\" encoding=\"UTF-8\"?>",
        "<?xml version=\"1.1\" encoding=\"UTF-8\"?>",
        "<?xml encoding=\"UTF-8\"?>",
        "<?xml?>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\" encoding=\"UTF-16\"?>",
        "<?xml version=\"1.0\" x=\"y\"?>",
        "<?xml version=\"1.0\"?><?xml version=\"1.0\"?>",
    ] {
        refused(&good.replace(declaration, bad), Code::FileXml);
    }
}

#[test]
fn line_ends_do_not_matter() {
    let unix = one(DAY_02);
    assert_eq!(one(&DAY_02.replace('\n', "\r\n")), unix);
    assert_eq!(one(&DAY_02.replace('\n', "\r")), unix);
    assert_eq!(one(&DAY_02.lines().map(str::trim).collect::<String>()), unix);
}
