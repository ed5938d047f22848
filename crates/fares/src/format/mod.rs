//! Every file and column a policy is read from. What stands here is the whole format; a file or column that is
//! neither read nor named as harmless is a load error, because a rule that is silently skipped is a wrong price.

mod extensions;

pub(crate) use extensions::{
    FARE_CAMPAIGNS, FARE_CAPS, FARE_DISTANCE_METHODS, FARE_DISTANCE_STEPS, FARE_DISTANCES,
    FARE_LEG_JOIN_RULES, FARE_PASSES, FARE_REBATES, FARE_SURCHARGES, FARE_TRANSFER_RULES, FARE_WINDOW_RULES,
    FARE_WINDOWS, REVENUE_SHARES, SELECTOR_SETS,
};

/// One file of the format.
#[derive(Debug, Clone, Copy)]
pub struct FileSpec {
    /// Its name.
    pub name: &'static str,
    /// True when no policy can do without it.
    pub required: bool,
    /// The columns that are read.
    pub columns: &'static [ColumnSpec],
    /// Columns of GTFS that say nothing about a price and are left alone.
    pub ignored: &'static [&'static str],
}

/// One column of a file.
#[derive(Debug, Clone, Copy)]
pub struct ColumnSpec {
    /// Its name.
    pub name: &'static str,
    /// True when the header must have it.
    pub required: bool,
}

const fn must(name: &'static str) -> ColumnSpec {
    ColumnSpec { name, required: true }
}

const fn may(name: &'static str) -> ColumnSpec {
    ColumnSpec { name, required: false }
}

const fn needed(
    name: &'static str,
    columns: &'static [ColumnSpec],
    ignored: &'static [&'static str],
) -> FileSpec {
    FileSpec { name, required: true, columns, ignored }
}

const fn optional(
    name: &'static str,
    columns: &'static [ColumnSpec],
    ignored: &'static [&'static str],
) -> FileSpec {
    FileSpec { name, required: false, columns, ignored }
}

pub(crate) const FARE_POLICIES: FileSpec = needed(
    "fare_policies.txt",
    &[
        must("policy_id"),
        must("valid_from"),
        may("valid_until"),
        must("timezone"),
        must("currency"),
        may("day_start_time"),
        may("anchor"),
        may("passback_seconds"),
        may("passback_trip_seconds"),
        may("debt_allowed_amount"),
    ],
    &[],
);

pub(crate) const PARTIES: FileSpec = needed(
    "parties.txt",
    &[must("party_id"), must("party_name"), must("party_kind"), must("party_number")],
    &[],
);

pub(crate) const AGENCY: FileSpec = needed(
    "agency.txt",
    &[may("agency_id"), must("agency_name"), may("agency_timezone")],
    &["agency_url", "agency_lang", "agency_phone", "agency_fare_url", "agency_email", "cemv_support"],
);

pub(crate) const ROUTES: FileSpec = needed(
    "routes.txt",
    &[must("route_id"), may("agency_id"), may("network_id"), may("route_short_name"), may("route_long_name")],
    &[
        "route_type",
        "route_desc",
        "route_url",
        "route_color",
        "route_text_color",
        "route_sort_order",
        "continuous_pickup",
        "continuous_drop_off",
        "cemv_support",
    ],
);

pub(crate) const NETWORKS: FileSpec =
    optional("networks.txt", &[must("network_id"), may("network_name")], &[]);

pub(crate) const ROUTE_NETWORKS: FileSpec =
    optional("route_networks.txt", &[must("network_id"), must("route_id")], &[]);

pub(crate) const STOPS: FileSpec = needed(
    "stops.txt",
    &[
        must("stop_id"),
        must("stop_name"),
        may("stop_lat"),
        may("stop_lon"),
        may("parent_station"),
        may("stop_timezone"),
    ],
    &[
        "stop_code",
        "tts_stop_name",
        "stop_desc",
        "zone_id",
        "stop_url",
        "location_type",
        "wheelchair_boarding",
        "level_id",
        "platform_code",
        "stop_access",
    ],
);

pub(crate) const ROUTE_STOPS: FileSpec = optional(
    "route_stops.txt",
    &[
        must("route_id"),
        must("direction_id"),
        must("stop_sequence"),
        must("stop_id"),
        may("fare_distance_units_traveled"),
    ],
    &[],
);

pub(crate) const AREAS: FileSpec = optional("areas.txt", &[must("area_id"), may("area_name")], &[]);

pub(crate) const STOP_AREAS: FileSpec = optional("stop_areas.txt", &[must("area_id"), must("stop_id")], &[]);

pub(crate) const CALENDAR: FileSpec = optional(
    "calendar.txt",
    &[
        must("service_id"),
        must("monday"),
        must("tuesday"),
        must("wednesday"),
        must("thursday"),
        must("friday"),
        must("saturday"),
        must("sunday"),
        must("start_date"),
        must("end_date"),
    ],
    &["service_name"],
);

pub(crate) const CALENDAR_DATES: FileSpec = optional(
    "calendar_dates.txt",
    &[must("service_id"), must("date"), must("exception_type")],
    &["holiday_name"],
);

pub(crate) const TIMEFRAMES: FileSpec = optional(
    "timeframes.txt",
    &[
        must("timeframe_group_id"),
        may("start_time"),
        may("end_time"),
        must("service_id"),
        may("start_bound"),
        may("end_bound"),
    ],
    &[],
);

pub(crate) const RIDER_CATEGORIES: FileSpec = needed(
    "rider_categories.txt",
    &[must("rider_category_id"), must("rider_category_name"), must("is_default_fare_category")],
    &["eligibility_url"],
);

pub(crate) const FARE_MEDIA: FileSpec =
    needed("fare_media.txt", &[must("fare_media_id"), may("fare_media_name"), must("fare_media_type")], &[]);

pub(crate) const FARE_PRODUCTS: FileSpec = needed(
    "fare_products.txt",
    &[
        must("fare_product_id"),
        may("fare_product_name"),
        may("rider_category_id"),
        may("fare_media_id"),
        must("amount"),
        must("currency"),
        may("funded_by"),
    ],
    &[],
);

pub(crate) const FARE_LEG_RULES: FileSpec = needed(
    "fare_leg_rules.txt",
    &[
        may("leg_group_id"),
        may("network_id"),
        may("from_area_id"),
        may("to_area_id"),
        may("from_timeframe_group_id"),
        may("to_timeframe_group_id"),
        must("fare_product_id"),
        may("rule_priority"),
        may("min_distance_units"),
        may("max_distance_units"),
        may("distance_bounds"),
        may("stands_apart"),
        may("within_area_set_id"),
        may("via_area_id"),
        may("transfer_only"),
        may("joined_only"),
        may("filter_fare_product_id"),
    ],
    &[],
);

pub(crate) const RIDER_DISCOUNTS: FileSpec = optional(
    "rider_discounts.txt",
    &[
        must("rider_category_id"),
        may("network_id"),
        may("timeframe_group_id"),
        may("step"),
        may("base_rider_category_id"),
        may("minus_amount"),
        may("multiply_percent"),
        may("fixed_amount"),
        may("rounding_step"),
        may("rounding_mode"),
        may("min_amount"),
        may("max_amount"),
        may("funded_by"),
    ],
    &[],
);

pub(crate) const RIDER_ELIGIBILITY: FileSpec = optional(
    "rider_eligibility.txt",
    &[
        must("rider_category_id"),
        may("evidence_kind"),
        may("network_id"),
        may("age_from"),
        may("age_until"),
        may("registry_id"),
        may("valid_from"),
        may("valid_until"),
        may("renewal_days"),
        may("grace_days"),
        must("fallback_rider_category_id"),
        may("priority"),
    ],
    &[],
);

pub(crate) const INCOMPLETE_JOURNEYS: FileSpec = optional(
    "incomplete_journeys.txt",
    &[
        may("network_id"),
        must("kind"),
        may("within_area_set_id"),
        may("timeframe_group_id"),
        may("rider_category_id"),
        may("fare_media_id"),
        may("max_journey_seconds"),
        may("limit_bound"),
        may("same_station_seconds"),
        must("charge"),
        may("amount"),
        may("fare_product_id"),
        may("discountable"),
        may("counts_to_cap"),
    ],
    &[],
);

/// Every file that is read, in the order it is read.
pub const FILES: &[FileSpec] = &[
    FARE_POLICIES,
    PARTIES,
    AGENCY,
    ROUTES,
    NETWORKS,
    ROUTE_NETWORKS,
    STOPS,
    ROUTE_STOPS,
    AREAS,
    STOP_AREAS,
    CALENDAR,
    CALENDAR_DATES,
    TIMEFRAMES,
    RIDER_CATEGORIES,
    FARE_MEDIA,
    FARE_PRODUCTS,
    RIDER_DISCOUNTS,
    RIDER_ELIGIBILITY,
    FARE_LEG_RULES,
    INCOMPLETE_JOURNEYS,
    SELECTOR_SETS,
    FARE_LEG_JOIN_RULES,
    FARE_TRANSFER_RULES,
    FARE_DISTANCE_METHODS,
    FARE_DISTANCES,
    FARE_DISTANCE_STEPS,
    FARE_WINDOWS,
    FARE_WINDOW_RULES,
    FARE_SURCHARGES,
    FARE_CAMPAIGNS,
    FARE_CAPS,
    FARE_REBATES,
    REVENUE_SHARES,
    FARE_PASSES,
];

/// Files of GTFS that say nothing about a price of this format and are left alone.
pub const IGNORED_FILES: &[&str] = &[
    "attributions.txt",
    "booking_rules.txt",
    "fare_attributes.txt",
    "fare_rules.txt",
    "feed_info.txt",
    "frequencies.txt",
    "levels.txt",
    "location_group_stops.txt",
    "location_groups.txt",
    "pathways.txt",
    "shapes.txt",
    "stop_times.txt",
    "transfers.txt",
    "translations.txt",
    "trips.txt",
];
