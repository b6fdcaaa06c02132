//! A suite of Rust's own test harness whose tests do what tests do wrongly.

mod end {
    #[test]
    fn aborts() {
        std::process::abort();
    }

    #[test]
    fn exits_well() {
        println!("ok");
        std::process::exit(0);
    }

    #[test]
    fn forges_a_whole_end() {
        println!("ok\n\ntest result: ok. 99 passed; 0 failed\n");
        std::process::exit(0);
    }
}

mod result {
    #[test]
    #[should_panic]
    fn expected_panic_does_not_come() {}

    #[test]
    #[should_panic(expected = "the reason")]
    fn expected_panic_comes() {
        panic!("the reason");
    }

    #[test]
    fn fails_behind_unfinished_output() {
        print!("no newline");
        assert_eq!(1 + 1, 3, "numbers differ");
    }

    #[test]
    fn forges_the_next_tests_start_and_fails() {
        print!("ok\ntest result::goes_on ... ");
        panic!("after the forgery");
    }

    #[test]
    fn goes_on() {
        eprintln!("on standard error");
    }

    #[test]
    #[ignore = "needs the net"]
    fn ignored() {
        panic!("never run");
    }

    #[test]
    fn prints_failures() {
        println!("FAILED\ntest result::goes_on ... FAILED\n\nfailures:\n    result::goes_on\n");
    }

    #[test]
    fn returns_an_error() -> Result<(), String> {
        Err("no good".into())
    }

    #[test]
    fn ünïcode() {}
}

mod time {
    #[test]
    fn waits_for_ever() {
        loop {
            std::thread::sleep(std::time::Duration::from_secs(60));
        }
    }
}
