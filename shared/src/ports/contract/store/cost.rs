//! What the steps cost, counted by the rig's meter and not by time: neither the files of a job nor other jobs make them dearer.

use super::StoreRig;
use super::fixture::{bytes, done, fetch, job, plan_of_units};
use crate::job::{Event, Job, JobId, UnitIndex};
use crate::ports::{Condition, Creation, JobQuery, Page, Retention};

/// What each step has cost.
type Costs = Vec<(&'static str, u64)>;

/// A hundred times as much data makes search trees a level or two higher.
fn assert_alike(few: &Costs, many: &Costs) {
    for ((step, few), (_, many)) in few.iter().zip(many) {
        assert!(0 < *few && *many <= 2 * few + 10, "{step} costs {few} with few and {many} with many");
    }
}

/// A new job of a repository that many want something of.
fn one_of_many() -> Job {
    let mut job = job("crowd");
    job.request.filters = vec![job.id.to_string()];
    job
}

impl StoreRig {
    async fn cost<T>(&self, step: impl Future<Output = T>) -> u64 {
        let meter = self.meter.as_ref().unwrap();
        let before = meter.work().await;
        step.await;
        meter.work().await - before
    }

    /// What the steps of a task cost in a job of so many units, and what is read for those who follow the job.
    async fn costs_in_a_job(&self, name: &str, units: usize) -> Costs {
        let job = self.planned(name, plan_of_units(units)).await;
        let (first, second) = (fetch(&job, 0), fetch(&job, 1));
        let begin = self.store.changed_files(job.id, None, 0).await.unwrap().mark;
        vec![
            ("claim", self.cost(self.claim(&first)).await),
            ("unit", self.cost(self.store.unit(job.id, UnitIndex(0))).await),
            ("report", self.cost(self.report(&first, bytes(0, 5))).await),
            ("snapshot", self.cost(self.snapshot(job.id)).await),
            ("changed files", self.cost(self.store.changed_files(job.id, Some(begin), 200)).await),
            ("files in work", self.cost(self.store.changed_files(job.id, None, 200)).await),
            ("page of files", self.cost(self.store.files(job.id, Page { offset: 10, limit: 10 })).await),
            ("checkpoint", self.cost(self.store.checkpoint(&self.by(first), done([0]))).await),
            ("finish", self.cost(self.finish(&job, 0, [0])).await),
            ("report again", self.cost(self.report(&second, bytes(1, 5))).await),
            ("pause", self.cost(self.apply(job.id, &Event::Pause)).await),
        ]
    }

    /// Adds jobs, every other one ended.
    async fn fill(&self, count: usize) {
        for _ in 0..count / 2 {
            let (ended, _) = (self.fresh().await, self.fresh().await);
            self.apply(ended, &Event::Cancel).await;
            self.drain().await;
        }
    }

    async fn fresh(&self) -> JobId {
        let job = one_of_many();
        assert!(matches!(self.store.create(job.clone()).await.unwrap(), Creation::Created(_)));
        job.id
    }

    /// What it costs to make, show and end a job beside those that are there.
    async fn costs_of_a_job(&self) -> Costs {
        let (waits, ends) = (self.fresh().await, self.fresh().await);
        let (new, room) = (one_of_many(), Condition::Room { max_active: 1000 });
        let alone = self.queued(&ends.to_string()).await.request.repo;
        let page = JobQuery { limit: Some(10), ..JobQuery::default() };
        let next = self.store.next_waiting().await.unwrap().unwrap();
        let kept = Retention { jobs: usize::MAX, age: super::LONG };
        let create = async { assert!(matches!(self.store.create(new).await.unwrap(), Creation::Created(_))) };
        let costs = vec![
            ("create", self.cost(create).await),
            ("snapshot of one that waits", self.cost(self.snapshot(waits)).await),
            ("page of jobs", self.cost(self.store.list(page.clone())).await),
            ("live jobs of a repository", self.cost(self.store.live_jobs(&alone)).await),
            ("next that waits", self.cost(self.store.next_waiting()).await),
            ("admission", self.cost(self.try_apply(next, &Event::Admit, room)).await),
            ("cancellation", self.cost(self.apply(ends, &Event::Cancel)).await),
            ("outbox", self.cost(self.drain()).await),
            ("trim", self.cost(self.store.trim(kept)).await),
            ("removal", self.cost(self.store.remove(&[ends])).await),
        ];
        let first = self.store.list(page.clone()).await.unwrap();
        let later = self.cost(self.store.list(JobQuery { after: first.next, ..page })).await;
        [costs, vec![("later page of jobs", later)]].concat()
    }
}

/// However many units there are: a report, and what is read to tell of it, cost what has changed.
pub async fn a_step_costs_the_same_however_many_files_its_job_has(rig: &StoreRig) {
    let few = rig.costs_in_a_job("few", 40).await;
    assert_alike(&few, &rig.costs_in_a_job("many", 4000).await);
}

/// However many wait and have ended.
pub async fn a_step_costs_the_same_however_many_jobs_there_are(rig: &StoreRig) {
    rig.fill(20).await;
    let few = rig.costs_of_a_job().await;
    rig.fill(800).await;
    assert_alike(&few, &rig.costs_of_a_job().await);
}
