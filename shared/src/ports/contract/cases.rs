//! The macros that turn the cases into tests.

/// Expands to one test a behaviour of a [`JobStore`](crate::ports::JobStore).
///
/// Takes the name of an async function that makes a fresh [`StoreRig`](crate::ports::contract::StoreRig).
#[macro_export]
macro_rules! job_store_contract {
    ($make:ident) => {
        $crate::contract_cases!($make, store::creation: [
            a_new_job_is_stored_as_it_was_made,
            a_live_job_is_not_made_twice,
            an_ended_job_makes_room_for_a_new_one,
            of_many_equal_requests_at_once_one_creates,
            jobs_are_listed_newest_first,
            an_unknown_job_is_none,
        ]);
        $crate::contract_cases!($make, store::change: [
            a_change_of_an_old_version_is_a_conflict,
            of_many_changes_of_one_version_one_applies,
            never_do_more_jobs_run_than_may,
            jobs_wait_in_the_order_of_their_creation,
            a_resumed_job_goes_to_the_back,
            admission_opens_the_plan_task,
            a_cancel_voids_all_tasks_and_opens_clean,
            a_completed_job_has_no_open_tasks,
            a_change_in_the_name_of_a_lost_task_is_refused,
        ]);
        $crate::contract_cases!($make, store::listing: [
            a_list_holds_the_jobs_that_are_wanted,
            pages_hold_each_job_once_while_others_come_and_go,
            jobs_wait_by_priority_then_by_age,
            a_queued_job_knows_its_position,
            the_live_jobs_of_a_repository_are_told,
            marks_agree_with_the_snapshots,
        ]);
        $crate::contract_cases!($make, store::exclusion: [
            exclusive_work_is_blocked_by_each_live_job_of_its_repository,
            exclusive_work_blocks_each_other_job_of_its_repository,
            of_a_download_and_a_removal_at_once_one_is_made,
            exclusive_work_takes_up_no_room,
        ]);
        $crate::contract_cases!($make, store::again: [
            a_job_that_is_tried_again_begins_anew,
            a_job_that_came_back_is_kept_until_it_ends_again,
            a_job_comes_back_only_where_it_could_be_made,
            a_dismissed_job_is_gone,
            an_end_is_told_after_it_once,
        ]);
        $crate::contract_cases!($make, store::fencing: [
            tasks_of_an_older_epoch_are_void,
            a_task_that_was_never_opened_is_void,
            tasks_of_a_paused_job_are_void,
            a_task_obeys_its_last_holder_only,
        ]);
        $crate::contract_cases!($make, store::plan: [
            a_plan_opens_its_first_units,
            a_plan_that_comes_twice_counts_once,
            an_empty_plan_opens_finish,
            a_resumed_job_is_planned_anew,
            a_unit_comes_with_its_files,
            files_come_in_pages,
        ]);
        $crate::contract_cases!($make, store::units: [
            the_window_moves_with_each_unit,
            finish_comes_once_after_the_last_unit,
            a_unit_counts_once,
            a_file_that_ends_before_its_unit_counts_once,
            a_failed_file_keeps_its_reason,
        ]);
        $crate::contract_cases!($make, store::progress: [
            bytes_are_set_not_added,
            downloaded_bytes_never_exceed_the_total,
            files_show_bytes_in_flight,
            rates_add_up_over_tasks,
            a_reason_to_wait_is_shown_until_bytes_move,
            a_paused_job_shows_how_far_it_came,
            ticks_order_the_snapshots_of_a_version,
        ]);
        $crate::contract_cases!($make, store::changes: [
            only_files_that_changed_are_told,
            files_in_work_come_first_and_the_others_in_the_order_of_their_change,
            many_changes_come_in_parts_and_none_is_left_out,
            a_job_that_stops_tells_of_the_files_in_work,
            a_new_plan_loses_what_changed_before,
            of_too_many_changes_the_first_are_lost,
            nothing_is_told_of_an_unknown_job,
            who_follows_the_changes_knows_every_file,
        ]);
        $crate::contract_cases!($make, store::attempts: [
            each_claim_counts_an_attempt,
            an_attempt_that_is_put_off_does_not_count,
            a_task_that_advances_counts_from_zero_again,
            a_claim_that_comes_twice_counts_once,
            a_task_in_work_is_busy_until_its_holder_is_silent_for_too_long,
            a_busy_task_comes_again_though_its_entry_is_acknowledged_late,
            a_task_that_is_put_off_twice_gets_one_attempt_back,
            a_report_that_comes_after_its_task_was_put_off_changes_nothing,
        ]);
        $crate::contract_cases!($make, store::outbox: [
            entries_come_in_the_order_of_their_time,
            no_more_entries_come_than_asked_for,
            a_lease_hides_an_entry,
            an_entry_comes_back_when_its_lease_ends,
            of_many_takers_one_gets_an_entry,
            an_acknowledged_entry_is_gone,
            a_delayed_entry_is_not_due_early,
            a_late_acknowledgement_does_not_lose_a_task_that_is_put_off,
            an_unknown_entry_is_acknowledged_without_effect,
            a_settled_task_leaves_the_outbox,
        ]);
        $crate::contract_cases!($make, store::recovery: [
            a_task_without_a_sign_of_life_is_emitted_again,
            a_task_in_the_outbox_is_not_emitted_twice,
            a_lost_task_comes_before_those_that_wait,
            a_settled_task_is_not_emitted_again,
            only_tasks_of_the_lane_are_emitted_again,
            a_held_task_is_lost_sooner_than_one_that_waits,
            a_holder_that_is_heard_of_again_is_waited_for,
        ]);
        $crate::contract_cases!($make, store::leases: [
            one_holder_has_a_blob,
            of_many_holders_at_once_one_gets_the_blob,
            a_lease_ends_by_itself,
            a_renewed_lease_lasts_longer,
            only_the_holder_gives_a_lease_back,
            a_lapsed_lease_is_remembered,
        ]);
        $crate::contract_cases!($make, store::trim: [
            the_jobs_that_ended_last_are_kept,
            jobs_that_ended_long_ago_are_forgotten,
            a_job_that_has_not_ended_is_kept,
        ]);
        $crate::contract_cases!($make, store::settings: [
            at_first_nothing_is_set,
            what_was_put_is_read,
            settings_of_an_old_version_are_a_conflict,
            of_many_settings_put_at_once_one_is_taken,
        ]);
        $crate::contract_cases!($make, store::statistics: [
            jobs_are_counted_by_their_status,
            the_longest_wait_is_told,
            a_task_that_nobody_relays_is_told,
            a_delayed_task_is_not_late,
        ]);
        $crate::contract_cases!($make, store::bells: [
            each_change_rings,
            reports_ring_seldom_and_the_last_is_heard,
        ]);
    };
}

/// Expands to one test a case of what the steps of a [`JobStore`](crate::ports::JobStore) cost.
///
/// Takes the name of an async function that makes a fresh [`StoreRig`](crate::ports::contract::StoreRig) with a
/// [`Meter`](crate::ports::contract::Meter).
#[macro_export]
macro_rules! job_store_cost_contract {
    ($make:ident) => {
        $crate::contract_cases!($make, store::cost: [
            a_step_costs_the_same_however_many_files_its_job_has,
            a_step_costs_the_same_however_many_jobs_there_are,
        ]);
    };
}

/// Expands to one test a behaviour of a [`TaskQueue`](crate::ports::TaskQueue).
///
/// Takes the name of an async function that makes a fresh [`QueueRig`](crate::ports::contract::QueueRig).
#[macro_export]
macro_rules! task_queue_contract {
    ($make:ident) => {
        $crate::contract_cases!($make, queue: [
            tasks_come_in_the_order_of_their_publication,
            a_task_comes_to_a_consumer_that_waits,
            its_depth_is_told_by_lane,
            no_more_deliveries_are_out_than_the_prefetch,
            an_acknowledged_task_is_gone,
            a_task_that_is_given_back_comes_again,
            a_dropped_delivery_comes_again,
            a_rejected_task_is_gone,
            the_trace_comes_with_the_task,
            the_time_of_publication_comes_with_the_task,
            a_dropped_consumer_keeps_nothing_back,
            a_delivery_can_be_settled_without_its_consumer,
            a_consumer_that_stops_waiting_loses_nothing,
            several_consumers_share_a_lane,
            lanes_are_apart,
            a_queue_that_works_is_ready,
        ]);
    };
}

/// Expands to one test a behaviour of an [`EventBus`](crate::ports::EventBus).
///
/// Takes the name of an async function that makes a fresh [`BusRig`](crate::ports::contract::BusRig).
#[macro_export]
macro_rules! event_bus_contract {
    ($make:ident) => {
        $crate::contract_cases!($make, bus: [
            every_subscriber_hears_a_doorbell,
            nothing_from_before_the_subscription_is_heard,
            a_bell_without_subscribers_harms_nothing,
            a_gap_is_heard_as_resync,
        ]);
    };
}

/// Expands to one test a behaviour of a [`HubLimiter`](crate::ports::HubLimiter).
///
/// Takes the name of an async function that makes a fresh [`LimiterRig`](crate::ports::contract::LimiterRig).
#[macro_export]
macro_rules! hub_limiter_contract {
    ($make:ident) => {
        $crate::contract_cases!($make, limiter: [
            what_is_not_known_is_not_limited,
            a_budget_is_spent_by_those_who_take,
            of_many_takers_at_once_no_more_go_than_the_budget_has,
            a_spent_budget_is_fresh_after_its_window,
            of_two_answers_about_a_window_the_smaller_counts,
            a_later_window_replaces_the_known_one,
            an_older_window_is_ignored,
            a_hold_lets_nothing_pass_whatever_is_left,
            a_hold_ends_by_itself,
            the_longest_hold_counts,
            accounts_and_buckets_are_apart,
            nobody_waits_longer_than_the_longest_window,
        ]);
    };
}

/// Expands to one test a behaviour of a [`Roster`](crate::ports::Roster).
///
/// Takes the name of an async function that makes a fresh [`RosterRig`](crate::ports::contract::RosterRig).
#[macro_export]
macro_rules! roster_contract {
    ($make:ident) => {
        $crate::contract_cases!($make, roster: [
            a_worker_is_seen_as_it_told_last,
            a_worker_that_is_silent_for_long_is_gone,
            a_worker_that_leaves_is_gone_at_once,
            bytes_of_all_workers_add_up_and_count_once,
        ]);
    };
}

/// Expands to one test a behaviour of a [`Bandwidth`](crate::ports::Bandwidth).
///
/// Takes the name of an async function that makes a fresh [`BandwidthRig`](crate::ports::contract::BandwidthRig).
#[macro_export]
macro_rules! bandwidth_contract {
    ($make:ident) => {
        $crate::contract_cases!($make, bandwidth: [
            the_first_bytes_need_not_wait,
            bytes_wait_for_those_before_them,
            another_rate_counts_for_what_comes_then,
            time_that_nobody_used_is_lost_but_for_the_burst,
            a_line_that_is_reserved_farther_than_can_be_is_free,
            those_who_come_at_once_wait_one_after_the_other,
        ]);
    };
}

/// Expands to one test a case of one module of the suites.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_cases {
    ($make:ident, store::$module:ident: [$($case:ident),* $(,)?]) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::ports::contract::store::$module::$case(&super::$make().await).await;
            })*
        }
    };
    ($make:ident, $module:ident: [$($case:ident),* $(,)?]) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            $crate::ports::contract::$module::$case(&$make().await).await;
        })*
    };
}
