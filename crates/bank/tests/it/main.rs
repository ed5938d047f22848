//! Properties of the bank border.

use bank::reference;
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_number_has_one_code_and_is_found_again(number: u64) {
        let code = reference::make(number);
        prop_assert_eq!(reference::number(&code), Some(number));
        prop_assert_eq!(reference::find(&code), vec![code]);
    }
}
