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
        ]);
        $crate::contract_cases!($make, store::fencing: [
            tasks_of_an_older_epoch_are_void,
            a_task_that_was_never_opened_is_void,
            tasks_of_a_paused_job_are_void,
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
        $crate::contract_cases!($make, store::attempts: [
            each_claim_counts_an_attempt,
            a_deferred_attempt_does_not_count,
            a_task_that_advances_counts_from_zero_again,
        ]);
        $crate::contract_cases!($make, store::outbox: [
            entries_come_in_the_order_of_their_time,
            no_more_entries_come_than_asked_for,
            a_lease_hides_an_entry,
            an_entry_comes_back_when_its_lease_ends,
            of_many_takers_one_gets_an_entry,
            an_acknowledged_entry_is_gone,
            a_delayed_entry_is_not_due_early,
            a_late_acknowledgement_does_not_lose_a_deferred_task,
            an_unknown_entry_is_acknowledged_without_effect,
            a_settled_task_leaves_the_outbox,
        ]);
        $crate::contract_cases!($make, store::recovery: [
            a_task_without_a_sign_of_life_is_emitted_again,
            a_task_in_the_outbox_is_not_emitted_twice,
            a_lost_task_comes_before_those_that_wait,
            a_settled_task_is_not_emitted_again,
        ]);
        $crate::contract_cases!($make, store::leases: [
            one_holder_has_a_blob,
            of_many_holders_at_once_one_gets_the_blob,
            a_lease_ends_by_itself,
            a_renewed_lease_lasts_longer,
            only_the_holder_gives_a_lease_back,
        ]);
        $crate::contract_cases!($make, store::trim: [
            the_jobs_that_ended_last_are_kept,
            jobs_that_ended_long_ago_are_forgotten,
            a_job_that_has_not_ended_is_kept,
        ]);
        $crate::contract_cases!($make, store::bells: [
            each_change_rings,
            reports_ring_seldom_and_the_last_is_heard,
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
            no_more_deliveries_are_out_than_the_prefetch,
            an_acknowledged_task_is_gone,
            a_task_that_is_given_back_comes_again,
            a_dropped_delivery_comes_again,
            a_consumer_that_stops_waiting_loses_nothing,
            several_consumers_share_a_lane,
            lanes_are_apart,
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
