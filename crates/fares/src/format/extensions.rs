//! The files that follow GTFS proposals or are this project's own: everything between legs, and who pays.

use super::{FileSpec, may, must, optional};

/// Named sets of ids, for selector columns.
pub(crate) const SELECTOR_SETS: FileSpec = optional(
    "selector_sets.txt",
    &[must("set_id"), must("set_kind"), must("element_id"), may("exclude")],
    &[],
);

/// Legs that are priced as one.
pub(crate) const FARE_LEG_JOIN_RULES: FileSpec = optional(
    "fare_leg_join_rules.txt",
    &[
        must("from_network_id"),
        must("to_network_id"),
        may("from_stop_id"),
        may("to_stop_id"),
        may("duration_limit"),
        may("duration_limit_type"),
        may("duration_limit_bound"),
        may("max_gap"),
        may("gap_bound"),
        may("gap_timeframe_group_id"),
        may("max_joins"),
        may("same_route"),
        may("same_station"),
        may("tap_between"),
        may("join_optional"),
        may("day_start_time"),
        may("price_network"),
        may("timeframe_leg"),
        may("price_ratchet"),
        may("ceiling"),
    ],
    &[],
);

/// What a change between two leg groups costs.
pub(crate) const FARE_TRANSFER_RULES: FileSpec = optional(
    "fare_transfer_rules.txt",
    &[
        may("from_leg_group_id"),
        may("to_leg_group_id"),
        may("transfer_count"),
        may("duration_limit"),
        may("duration_limit_type"),
        must("fare_transfer_type"),
        may("fare_product_id"),
        may("fare_product_behavior"),
        may("fare_media_behavior"),
        may("nonconsecutive_transfer_allowed"),
        may("filter_fare_product_id"),
        may("duration_limit_bound"),
        may("compulsory"),
        may("product_scope"),
    ],
    &[],
);

/// How a network measures distance.
pub(crate) const FARE_DISTANCE_METHODS: FileSpec = optional(
    "fare_distance_methods.txt",
    &[
        must("network_id"),
        must("distance_method"),
        may("unit_metres"),
        may("unit_rounding"),
        may("group_distance"),
    ],
    &[],
);

/// Published distances between stops.
pub(crate) const FARE_DISTANCES: FileSpec = optional(
    "fare_distances.txt",
    &[may("network_id"), must("from_stop_id"), must("to_stop_id"), must("units"), may("symmetric")],
    &[],
);

/// What distance adds to a product's price.
pub(crate) const FARE_DISTANCE_STEPS: FileSpec = optional(
    "fare_distance_steps.txt",
    &[
        must("fare_product_id"),
        may("rider_category_id"),
        may("fare_media_id"),
        must("step"),
        may("from_units"),
        may("to_units"),
        may("step_bounds"),
        may("step_mode"),
        may("amount"),
        may("per_units"),
        may("per_amount"),
        may("count"),
    ],
    &[],
);

/// Runs of legs that share a price rule.
pub(crate) const FARE_WINDOWS: FileSpec = optional(
    "fare_windows.txt",
    &[
        must("window_id"),
        may("window_name"),
        may("priority"),
        may("network_id"),
        may("agency_id"),
        may("route_id"),
        may("leg_group_id"),
        may("rider_category_id"),
        may("fare_media_id"),
        may("break_on_other"),
        may("opens_on"),
        may("starts_at"),
        may("measured_at"),
        may("duration"),
        may("end_bound"),
        may("extend"),
        may("max_gap"),
        may("gap_bound"),
        may("max_transfers"),
        may("same_route"),
        may("needs_tap_off"),
        may("day_start_time"),
        must("pricing"),
        may("discount_amount"),
        may("discount_percent"),
        may("discount_scaled_by_rider"),
        may("discount_on"),
        may("floor_amount"),
        may("may_fall"),
        may("funded_by"),
    ],
    &[],
);

/// Exceptions and tables inside a window.
pub(crate) const FARE_WINDOW_RULES: FileSpec = optional(
    "fare_window_rules.txt",
    &[
        must("window_id"),
        may("from_leg_group_id"),
        may("to_leg_group_id"),
        may("from_stop_id"),
        may("to_route_id"),
        may("rider_category_id"),
        may("fare_media_id"),
        must("action"),
        may("amount"),
        may("percent"),
    ],
    &[],
);

/// What is added to a fare.
pub(crate) const FARE_SURCHARGES: FileSpec = optional(
    "fare_surcharges.txt",
    &[
        must("surcharge_id"),
        may("surcharge_name"),
        may("from_area_id"),
        may("to_area_id"),
        may("from_stop_id"),
        may("to_stop_id"),
        may("network_id"),
        may("route_id"),
        may("rider_category_id"),
        may("fare_media_id"),
        may("timeframe_group_id"),
        must("amount"),
        may("in_caps"),
        may("discountable"),
    ],
    &[],
);

/// Reductions for a time, with quotas.
pub(crate) const FARE_CAMPAIGNS: FileSpec = optional(
    "fare_campaigns.txt",
    &[
        must("campaign_id"),
        may("campaign_name"),
        may("service_id"),
        may("network_id"),
        may("agency_id"),
        may("route_id"),
        may("leg_group_id"),
        may("rider_category_id"),
        may("fare_media_id"),
        may("timeframe_group_id"),
        must("discount_type"),
        must("value"),
        may("rounding_step"),
        may("rounding_mode"),
        may("applies_to"),
        may("leg_position"),
        may("rides_per_day"),
        may("rides_total"),
        may("per"),
        may("combinable"),
        may("priority"),
        may("counts_to_cap"),
        must("funded_by"),
    ],
    &[],
);

/// The most that is paid in a period.
pub(crate) const FARE_CAPS: FileSpec = optional(
    "fare_caps.txt",
    &[
        must("cap_id"),
        may("cap_name"),
        may("network_id"),
        may("agency_id"),
        may("leg_group_id"),
        may("fare_product_id"),
        may("rider_category_id"),
        may("fare_media_id"),
        may("within_area_set_id"),
        must("period"),
        may("period_count"),
        may("period_anchor"),
        may("period_end_bound"),
        may("day_start_time"),
        may("week_start"),
        may("service_id"),
        may("limit_type"),
        may("limit_amount"),
        may("limit_rides"),
        may("accumulate"),
        may("per"),
        may("counts_surcharges"),
        may("zero_legs_count"),
        may("parent_cap_id"),
        may("beyond_percent"),
        may("funded_by"),
    ],
    &[],
);

/// What is given back after a period.
pub(crate) const FARE_REBATES: FileSpec = optional(
    "fare_rebates.txt",
    &[
        must("rebate_id"),
        may("rebate_name"),
        may("network_id"),
        may("agency_id"),
        may("rider_category_id"),
        may("fare_media_id"),
        must("period"),
        may("day_start_time"),
        may("week_start"),
        may("threshold_amount"),
        must("percent"),
        may("max_amount"),
        may("rounding_mode"),
        may("per"),
        must("funded_by"),
        may("paid_as"),
    ],
    &[],
);

/// How operators share what was paid.
pub(crate) const REVENUE_SHARES: FileSpec = optional(
    "revenue_shares.txt",
    &[
        must("share_id"),
        must("applies_to"),
        may("ref_id"),
        must("method"),
        may("party_id"),
        may("percent"),
        may("amount"),
        may("tie_order"),
    ],
    &[],
);

/// Passes and ticket books.
pub(crate) const FARE_PASSES: FileSpec = optional(
    "fare_passes.txt",
    &[
        must("fare_product_id"),
        must("pass_kind"),
        may("rides"),
        may("validity_count"),
        may("validity_unit"),
        may("activation"),
        may("day_start_time"),
        may("network_id"),
        may("agency_id"),
        may("route_id"),
        may("within_area_set_id"),
        may("rider_category_id"),
        may("fare_media_id"),
        may("rides_per_day"),
        may("outside"),
        may("counts_to_cap"),
        may("face_value_per_ride"),
        must("funded_by"),
        may("transferable"),
        may("refundable"),
        may("sale_from"),
        may("sale_until"),
    ],
    &[],
);
