//! The name columns of files whose rows have an id.

use super::sheet::{Faults, Sheet};
use crate::format::{
    FARE_CAMPAIGNS, FARE_CAPS, FARE_PRODUCTS, FARE_REBATES, FARE_SURCHARGES, FARE_WINDOWS, FileSpec, NETWORKS,
};
use crate::labels::{Labels, Named};
use crate::limits::NAME_CHARS_MAX;
use crate::model::Files;
use primitives::Text;

/// File, column of the id, column of the name, and what it names.
const COLUMNS: &[(FileSpec, &str, &str, Named)] = &[
    (NETWORKS, "network_id", "network_name", Named::Network),
    (FARE_PRODUCTS, "fare_product_id", "fare_product_name", Named::Product),
    (FARE_WINDOWS, "window_id", "window_name", Named::Window),
    (FARE_SURCHARGES, "surcharge_id", "surcharge_name", Named::Surcharge),
    (FARE_CAMPAIGNS, "campaign_id", "campaign_name", Named::Campaign),
    (FARE_CAPS, "cap_id", "cap_name", Named::Cap),
    (FARE_REBATES, "rebate_id", "rebate_name", Named::Rebate),
];

pub(super) fn read(files: &Files, faults: &mut Faults) -> Labels {
    let mut labels = Labels::default();
    for (spec, id, name, kind) in COLUMNS {
        // What else is wrong with the file is said by whoever reads its rows.
        let sheet = Sheet::read(files, *spec, &mut Faults::default());
        let (id, name) = (sheet.column(id), sheet.column(name));
        for row in sheet.rows() {
            let label = row.get(name);
            if label.chars().count() > NAME_CHARS_MAX || label.chars().any(char::is_control) {
                let message =
                    format!("not a name: at most {NAME_CHARS_MAX} characters, no control characters");
                row.error(name, message, faults);
                continue;
            }
            if let Some(id) = Text::new(row.get(id)) {
                labels.add(*kind, id, label);
            }
        }
    }
    labels
}
