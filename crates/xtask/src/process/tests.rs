use super::{exit_code, guarded, ignored_mask, name_of, run, tail, which};
use nix::sys::signal::Signal;
use std::process::{Command, Stdio};

fn shell(script: &str) -> Command {
    let mut command = guarded("sh", Signal::SIGKILL, None).unwrap();
    command.args(["-c", script]).stdin(Stdio::null());
    command
}

#[test]
fn an_exit_code_is_what_a_shell_reports() {
    let check = |script, expect| assert_eq!(exit_code(run(shell(script)).unwrap()), expect, "{script}");
    check("exit 0", 0);
    check("exit 7", 7);
    check("kill -TERM $$", 143);
}

#[test]
fn a_command_is_named_without_its_guard() {
    assert_eq!(name_of(&shell("exit 0")), "sh -c exit 0");
    let mut plain = Command::new("ls");
    plain.arg("-l");
    assert_eq!(name_of(&plain), "ls -l");
}

#[test]
fn programs_are_found_by_name() {
    assert!(which("sh").is_some());
    assert!(which("no-such-program-here").is_none());
}

#[test]
fn a_tail_is_the_last_lines_and_nothing_of_a_missing_file() {
    let file = std::env::temp_dir().join(format!("farehouse-tail-{}", std::process::id()));
    std::fs::write(&file, "one\ntwo\nthree\n").unwrap();
    assert_eq!(tail(&file, 2), "two\nthree");
    assert_eq!(tail(&file, 9), "one\ntwo\nthree");
    std::fs::remove_file(&file).unwrap();
    assert_eq!(tail(&file, 2), "");
}

#[test]
fn ignored_signals_are_read_from_the_status_file() {
    let check = |status, expect| assert_eq!(ignored_mask(status), expect, "{status}");
    check("Name:\txtask\nSigBlk:\t0000000000004003\nSigIgn:\t0000000000001002\nSigCgt:\t0\n", 0x1002);
    check("", 0);
}
