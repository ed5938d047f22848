//! A feed as an operator publishes it, with two files of our own beside it.

use super::*;

/// One agency that is not named, both versions of fares, stops of every kind, and much that says nothing about a price.
const FEED: &[(&str, &str)] = &[
    (
        "agency.txt",
        "agency_name,agency_url,agency_timezone,agency_lang,agency_phone,agency_fare_url,agency_email,cemv_support\n\
                    Valley Transit,https://valley.example,Asia/Ho_Chi_Minh,vi,1900,https://valley.example/fares,a@valley.example,1\n",
    ),
    (
        "routes.txt",
        "route_id,route_short_name,route_long_name,route_desc,route_type,route_url,route_color,route_text_color,\
                    route_sort_order,continuous_pickup,continuous_drop_off,cemv_support\n\
                    V1,1,Valley Line,,3,,FFFFFF,000000,1,1,1,\nV2,2,,,3,,,,2,,,0\n",
    ),
    ("networks.txt", "network_id,network_name\nlocal,Local\n"),
    ("route_networks.txt", "network_id,route_id\nlocal,V1\nlocal,V2\n"),
    (
        "stops.txt",
        "stop_id,stop_code,stop_name,tts_stop_name,stop_desc,stop_lat,stop_lon,zone_id,stop_url,location_type,\
                   parent_station,stop_timezone,wheelchair_boarding,level_id,platform_code,stop_access\n\
                   hall,,Valley Hall,,,10.5,106.25,1,,1,,,1,,,\nhall-a,A,Valley Hall A,,,10.5,106.25,1,,0,hall,,1,L0,A,1\n\
                   door,,,,,10.5,106.25,,,2,hall,,,,,\nnode,,,,,,,,,3,hall,,,,,\nmill,,Mill,,,10.75,-106.5,2,,0,,,0,,,\n",
    ),
    ("areas.txt", "area_id,area_name\ncore,Core\nouter,Outer\n"),
    ("stop_areas.txt", "area_id,stop_id\ncore,hall\nouter,mill\n"),
    (
        "calendar.txt",
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n\
                      daily,1,1,1,1,1,1,1,20260101,20261231\n",
    ),
    ("calendar_dates.txt", "service_id,date,exception_type\ndaily,20260430,2\n"),
    ("timeframes.txt", "timeframe_group_id,start_time,end_time,service_id\nday,,,daily\n"),
    (
        "rider_categories.txt",
        "rider_category_id,rider_category_name,is_default_fare_category,eligibility_url\nany,Anybody,1,\n",
    ),
    ("fare_media.txt", "fare_media_id,fare_media_name,fare_media_type\ncash,Cash,0\ntap,Bank card,3\n"),
    (
        "fare_products.txt",
        "fare_product_id,fare_product_name,rider_category_id,fare_media_id,amount,currency\n\
                           single,Single,any,cash,7000,VND\nsingle,Single,any,tap,6000,VND\nzone2,Zone 2,,,2000,VND\n",
    ),
    (
        "fare_leg_rules.txt",
        "leg_group_id,network_id,from_area_id,to_area_id,from_timeframe_group_id,to_timeframe_group_id,\
                            fare_product_id,rule_priority\nlocal,local,,,day,,single,1\n",
    ),
    ("fare_leg_join_rules.txt", "from_network_id,to_network_id,from_stop_id,to_stop_id\n"),
    (
        "fare_transfer_rules.txt",
        "from_leg_group_id,to_leg_group_id,transfer_count,duration_limit,duration_limit_type,\
                                 fare_transfer_type,fare_product_id\nlocal,local,-1,5400,1,0,\n",
    ),
    ("fare_attributes.txt", "fare_id,price,currency_type,payment_method,transfers\nold,7000,VND,0,\n"),
    ("fare_rules.txt", "fare_id,route_id,origin_id,destination_id,contains_id\nold,V1,,,\n"),
    ("feed_info.txt", "feed_publisher_name,feed_publisher_url,feed_lang\nValley,https://valley.example,vi\n"),
    ("booking_rules.txt", "booking_rule_id,booking_type\nb,0\n"),
    ("location_groups.txt", "location_group_id,location_group_name\n"),
    ("location_group_stops.txt", "location_group_id,stop_id\n"),
    ("locations.geojson", "{\"type\":\"FeatureCollection\",\"features\":[]}"),
    ("attributions.txt", "organization_name\n"),
    ("frequencies.txt", "trip_id,start_time,end_time,headway_secs\n"),
    ("levels.txt", "level_id,level_index\nL0,0\n"),
    ("pathways.txt", "pathway_id,from_stop_id,to_stop_id,pathway_mode,is_bidirectional\n"),
    ("shapes.txt", "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"),
    ("stop_times.txt", "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"),
    ("transfers.txt", "from_stop_id,to_stop_id,transfer_type\n"),
    ("translations.txt", "table_name,field_name,language,translation\n"),
    ("trips.txt", "route_id,service_id,trip_id\nV1,daily,t1\n"),
];

const OURS: &[(&str, &str)] = &[
    (
        "fare_policies.txt",
        "policy_id,valid_from,timezone,currency\nvalley-1,2026-01-01,Asia/Ho_Chi_Minh,VND\n",
    ),
    ("parties.txt", "party_id,party_name,party_kind,party_number\nvalley,Valley Transit,operator,1\n"),
];

fn feed() -> Files {
    FEED.iter().chain(OURS).map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
}

#[test]
fn a_published_feed_loads_with_two_files_of_our_own() {
    let policy = loaded(&feed());
    let warnings = lines(policy.warnings());
    assert_eq!(warnings, ["fare_products.txt:0 fare_product_id: no rule sells product `zone2`"]);
    assert_eq!(policy.route("V2").unwrap().agency, policy.party("valley").unwrap().no);
    assert_eq!(fare(&policy, "V1 hall-a mill any tap"), "6000 6000");
    assert_eq!(fare(&policy, "V2 mill door any cash"), "7000 7000");
}

#[test]
fn an_agency_without_an_id_is_the_only_operator_or_nobody() {
    let mut files = feed();
    let two = "party_id,party_name,party_kind,party_number\nvalley,Valley,operator,1\nhill,Hill,operator,2\n";
    files.insert("parties.txt".into(), two.into());
    let errors = lines(&load(&files).unwrap_err());
    assert!(errors[0].starts_with("agency.txt:2 agency_id: the field is empty"), "{errors:#?}");
    files.insert("agency.txt".into(), b"agency_id,agency_name\nvalley,Valley\nhill,Hill\n".to_vec());
    let errors = lines(&load(&files).unwrap_err());
    assert!(errors[0].starts_with("routes.txt:2 agency_id: there is no agency ``"), "{errors:#?}");
}
